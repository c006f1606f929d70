/* store_place_test.c — where the store lies, and whose file it leaves alone. */
#include "broker/store_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static struct config config;
static struct store_place place;
static char error[512];

static void given(const char *location, const char *file)
{
    config = (struct config){0};
    snprintf(config.persistence_location, sizeof config.persistence_location, "%s", location);
    snprintf(config.persistence_file, sizeof config.persistence_file, "%s", file);
    error[0] = '\0';
}

static void given_file(const char *name, const char *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void given_mosquittos(const char *name)
{
    static const char head[] = "\0\xB5\0mosquitto db\0\0\0\0\0\0\0\6";
    given_file(name, head, sizeof head - 1);
}

static void then_lies_at(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(store_place_prepare(&config, &place, error, sizeof error));
    assert_string_equal(error, "");
    assert_string_equal(place.path, path);
}

static void a_named_directory_is_made(void **state)
{
    char location[128];
    (void)state;
    snprintf(location, sizeof location, "%s/store//", folder);
    given(location, "midge.db");
    then_lies_at("store/midge.db");
    assert_true(place.is_ours);
    assert_string_equal(place.foreign, "");
    assert_true(store_place_check(&place, error, sizeof error));
    then_lies_at("store/midge.db");
    assert_false(place.is_ours);
    assert_int_equal(rmdir(place.directory), 0);
    assert_false(store_place_check(&place, error, sizeof error));
    assert_non_null(strstr(error, "persistence_location"));

    snprintf(location, sizeof location, "%s/not/there", folder);
    given(location, "midge.db");
    assert_false(store_place_prepare(&config, &place, error, sizeof error));
    assert_non_null(strstr(error, "not/there cannot be made: No such file or directory; "));
}

static void of_systemd_or_of_the_user(void **state)
{
    char directory[128];
    struct stat status;
    (void)state;
    given("", "midge.db");
    snprintf(directory, sizeof directory, "%s/a:/b", folder);
    assert_int_equal(setenv("STATE_DIRECTORY", directory, 1), 0);
    then_lies_at("a/midge.db");
    then_lies_at("a/midge.db");
    assert_true(place.is_ours);
    assert_int_equal(rmdir(place.directory), 0);
    assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
    if (geteuid() == 0 || access("/var/lib/midge", W_OK) == 0) {
        return; /* then it is the system's */
    }
    assert_int_equal(setenv("XDG_STATE_HOME", folder, 1), 0);
    then_lies_at("midge/midge.db");
    assert_int_equal(rmdir(place.directory), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    assert_int_equal(setenv("HOME", folder, 1), 0);
    then_lies_at(".local/state/midge/midge.db");
    assert_int_equal(stat(place.directory, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    for (int depth = 0; depth < 3; depth++) {
        assert_int_equal(rmdir(place.directory), 0);
        *strrchr(place.directory, '/') = '\0';
    }
    assert_int_equal(unsetenv("HOME"), 0);
    assert_false(store_place_prepare(&config, &place, error, sizeof error));
    assert_non_null(strstr(error, "HOME is not set"));
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static void mosquittos_file_is_left_alone(void **state)
{
    char foreign[128];
    (void)state;
    snprintf(foreign, sizeof foreign, "%s/mosquitto.db", folder);
    given(folder, "mosquitto.db");
    then_lies_at("mosquitto.db");

    given_mosquittos("mosquitto.db");
    then_lies_at("mosquitto.db.midge");
    assert_string_equal(place.foreign, foreign); /* not yet moved in */
    given_file("mosquitto.db.midge", "ours", 4);
    then_lies_at("mosquitto.db.midge");
    assert_string_equal(place.foreign, ""); /* said once */

    remove_file("mosquitto.db"); /* ours stays where it was */
    then_lies_at("mosquitto.db.midge");
    remove_file("mosquitto.db.midge");

    given(folder, "midge.db"); /* beside it */
    given_mosquittos("mosquitto.db");
    then_lies_at("midge.db");
    assert_string_equal(place.foreign, foreign);
    given_file("midge.db", "ours", 4);
    then_lies_at("midge.db");
    assert_string_equal(place.foreign, "");
    remove_file("mosquitto.db");
    remove_file("midge.db");
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/midge-place-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_named_directory_is_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_systemd_or_of_the_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mosquittos_file_is_left_alone, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("store_place", tests, NULL, NULL);
}
