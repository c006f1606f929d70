/* command_line_test.c — arguments to options: what is taken, what is refused, what follows. */
#include "cli/command_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/defaults_file.h"
#include "cli/options_check.h"
#include "cli/options_table.h"

#define ARGUMENTS_MAX 32

/* "-t a -m 'b'" cut at spaces; a word of two apostrophes is empty. */
static bool read_and_check(struct options *options, enum command command, const char *line)
{
    static char text[512];
    char *arguments[ARGUMENTS_MAX];
    int count = 0;
    snprintf(text, sizeof(text), "%s", line);
    for (char *at = text; *at;) {
        assert_true(count < ARGUMENTS_MAX);
        size_t length = strcspn(at, " ");
        char *next = at + length + (at[length] == ' ');
        at[length] = 0;
        arguments[count++] = strcmp(at, "''") == 0 ? at + 2 : at;
        at = next;
    }
    options_init(options, command, "mosquitto_x", true);
    return command_line_read(options, count, arguments) && options_check(options);
}

static void check_refused(enum command command, const char *line)
{
    struct options options;
    if (read_and_check(&options, command, line)) {
        fail_msg("accepted: %s", line);
    }
    options_fini(&options);
}

static void values_are_stored(void **state)
{
    struct options options;
    (void)state;
    assert_true(read_and_check(&options, COMMAND_PUB,
                               "-h there --port 1884 -t a/b -m text -q 2 -r -i me -k 5 -V 5 "
                               "--repeat 3 --repeat-delay 0.25 -M 7 -d --quiet"));
    assert_string_equal(options.host, "there");
    assert_int_equal(options.port, 1884);
    assert_int_equal(options.topics.count, 1);
    assert_string_equal(options.topics.texts[0], "a/b");
    assert_int_equal(options.source, PAYLOAD_TEXT);
    assert_string_equal(options.payload_text, "text");
    assert_int_equal(options.qos, 2);
    assert_true(options.retain && options.is_debug && options.voice.is_quiet);
    assert_int_equal(options.keep_alive_s, 5);
    assert_int_equal(options.version, UMQTT_5);
    assert_int_equal(options.repeat_count, 3);
    assert_int_equal(options.repeat_delay_ms, 250);
    assert_int_equal(options.max_in_flight, 7);
    options_fini(&options);
}

static void defaults_are_mosquittos(void **state)
{
    struct options options;
    (void)state;
    assert_true(read_and_check(&options, COMMAND_SUB, "-t #"));
    assert_string_equal(options.host, "localhost");
    assert_int_equal(options.port, 1883);
    assert_int_equal(options.keep_alive_s, 60);
    assert_int_equal(options.max_in_flight, 20);
    assert_int_equal(options.version, UMQTT_3_1_1);
    assert_null(options.client_id);
    assert_null(options.will.topic.data);
    options_fini(&options);
    assert_true(read_and_check(&options, COMMAND_RR, "-t a -e b -n"));
    assert_int_equal(options.version, UMQTT_5);
    options_fini(&options);
}

static void lists_grow(void **state)
{
    struct options options;
    (void)state;
    assert_true(read_and_check(&options, COMMAND_SUB,
                               "-t a -t b -t c -t d -t e -t f -t g -t h -t "
                               "i -T x/# -U y"));
    assert_int_equal(options.topics.count, 9);
    assert_string_equal(options.topics.texts[8], "i");
    assert_int_equal(options.filters_out.count, 1);
    assert_int_equal(options.unsubscribes.count, 1);
    for (int i = 0; i < 100; i++) {
        assert_true(text_list_add(&options.topics, "more"));
    }
    assert_string_equal(options.topics.texts[0], "a");
    assert_string_equal(options.topics.texts[108], "more");
    options_fini(&options);
}

static void the_url_fills_the_connection(void **state)
{
    struct options options;
    (void)state;
    assert_true(read_and_check(&options, COMMAND_PUB, "-L mqtt://me:pw@there:99/a/b -n"));
    assert_string_equal(options.host, "there");
    assert_int_equal(options.port, 99);
    assert_string_equal(options.user_name, "me");
    assert_string_equal(options.password, "pw");
    assert_string_equal(options.topics.texts[0], "a/b");
    options_fini(&options);
}

static uint32_t session_expiry(const struct options *options, bool *is_there)
{
    struct umqtt_property property = {0};
    *is_there =
        umqtt_property_find(umqtt_properties_bytes(&options->properties[PROPERTIES_CONNECT]),
                            UMQTT_SESSION_EXPIRY_INTERVAL, &property);
    return property.number;
}

static void sessions(void **state)
{
    static const struct {
        const char *line;
        bool is_there;
        uint32_t expiry_s;
    } rows[] = {
        {"-t a -V 5", false, 0},
        {"-t a -V 5 -x 30", true, 30},
        {"-t a -V 5 -x 4294967294", true, 4294967294},
        {"-t a -V 5 -c -i me", true, UINT32_MAX},
        {"-t a -V 5 -c -i me -x 5", true, 5},
        {"-t a -V 5 -i me -x -1", true, UINT32_MAX},
        {"-t a -V 5 -i me -x ∞", true, UINT32_MAX},
        {"-t a -V 311 -x 5", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct options options;
        bool is_there;
        assert_true(read_and_check(&options, COMMAND_SUB, rows[i].line));
        assert_int_equal(session_expiry(&options, &is_there), rows[i].expiry_s);
        assert_int_equal(is_there, rows[i].is_there);
        options_fini(&options);
    }
}

static void a_will_is_put_together(void **state)
{
    struct options options;
    (void)state;
    assert_true(read_and_check(&options, COMMAND_SUB,
                               "-t a --will-topic w --will-qos 2 --will-retain "
                               "-D will will-delay-interval 3"));
    assert_int_equal(options.will.topic.size, 1);
    assert_int_equal(options.will.payload.size, 0);
    assert_non_null(options.will.payload.data);
    assert_int_equal(options.will.qos, 2);
    assert_true(options.will.retain);
    assert_int_equal(options.will.properties.size, 5);
    assert_int_equal(options.version, UMQTT_5);
    options_fini(&options);
}

static void identifiers_are_made(void **state)
{
    struct options options;
    (void)state;
    assert_true(read_and_check(&options, COMMAND_SUB, "-t a -I pre-"));
    assert_memory_equal(options.client_id, "pre-", 4);
    assert_true(strlen(options.client_id) > 4);
    options_fini(&options);
    assert_true(read_and_check(&options, COMMAND_SUB, "-t a -V 31"));
    assert_int_equal(strlen(options.client_id), 23); /* [v3 MQTT-3.1.3-5]: the most 3.1 allows */
    options_fini(&options);
}

static void mistakes_are_refused(void **state)
{
    static const char *const broken_pub[] = {
        "",
        "-t a",
        "-m a",
        "-t a -m b -n",
        "-t a/# -m b",
        "-t a -m b -q 3",
        "-t a -m b -q x",
        "-t a -m b -q 1x",
        "-t a -m",
        "-t a -m b -p 0",
        "-t a -m b -p 65536",
        "-t a -m b -k 4",
        "-t a -m b -V 4",
        "-t a -m b -c",
        "-t a -m b -i x -I y",
        "-t a -m b -P x",
        "-t a -m b -x -2",
        "-t a -m b -x 4294967296",
        "-t a -m b -V 5 -x -1",
        "-t a -m b -x 1 -D connect session-expiry-interval 1",
        "-t a -m b --will-retain",
        "-t a -m b --will-topic w/+",
        "-t a -m b --repeat 0",
        "-t a -m b --repeat-delay x",
        "-t a -m b --cafile x",
        "-t a -m b --insecure",
        "-t a -m b -S",
        "-t a -m b -L mqtt://x",
        "-t a -m b stray",
        "-ta -m b",
        "-t '' -m b",
        "-t a -m b -t \xff",
        "-t a -m b -i \xff",
        "-t a -m b -C 1",
    };
    static const char *const broken_sub[] = {
        "",
        "-t",
        "-t a/#/b",
        "-t a -T ##",
        "-t a -U +a",
        "-t a -R --retained-only",
        "-t a -C 0",
        "-t a -W 0",
        "-t a -F %",
        "-t a --random-filter 0.05",
        "-t a --random-filter 101",
        "-t a --retain-handling maybe",
        "-t a --no-local",
        "-t a -m b",
    };
    static const char *const broken_rr[] = {"-t a -m b", "-e a -m b", "-t a -e b",
                                            "-t a -e b/# -n"};
    (void)state;
    for (size_t i = 0; i < sizeof(broken_pub) / sizeof(broken_pub[0]); i++) {
        check_refused(COMMAND_PUB, broken_pub[i]);
    }
    for (size_t i = 0; i < sizeof(broken_sub) / sizeof(broken_sub[0]); i++) {
        check_refused(COMMAND_SUB, broken_sub[i]);
    }
    for (size_t i = 0; i < sizeof(broken_rr) / sizeof(broken_rr[0]); i++) {
        check_refused(COMMAND_RR, broken_rr[i]);
    }
}

static void defaults_come_from_a_file(void **state)
{
    struct options options;
    char text[] = "# mine\n\n-h there\r\n  -t lamp/number one\n--verbose\n"
                  "-D connect user-property colour deep blue\n-k 10";
    char broken[] = "-h there\n-q 9\n";
    (void)state;
    options_init(&options, COMMAND_SUB, "mosquitto_sub", true);
    assert_true(defaults_text_read(&options, text, "defaults"));
    assert_string_equal(options.host, "there");
    assert_string_equal(options.topics.texts[0], "lamp/number one");
    assert_true(options.is_verbose);
    assert_int_equal(options.keep_alive_s, 10);
    struct umqtt_property property;
    assert_true(umqtt_property_find(umqtt_properties_bytes(&options.properties[PROPERTIES_CONNECT]),
                                    UMQTT_USER_PROPERTY, &property));
    assert_int_equal(property.value.size, strlen("deep blue"));
    options_fini(&options);
    options_init(&options, COMMAND_SUB, "mosquitto_sub", true);
    assert_false(defaults_text_read(&options, broken, "defaults"));
    options_fini(&options);
}

/* Two rows of one command must not answer to the same letter or name. */
static void the_table_is_consistent(void **state)
{
    (void)state;
    for (size_t i = 0; i < options_table_count; i++) {
        const struct option *a = &options_table[i];
        assert_true(a->commands != 0);
        assert_true(a->kind == OPTION_LATER || a->help[0] != 0);
        assert_true((a->kind == OPTION_OWN) == (a->read != NULL));
        for (size_t j = i + 1; j < options_table_count; j++) {
            const struct option *b = &options_table[j];
            if (a->commands & b->commands) {
                assert_string_not_equal(a->name, b->name);
                assert_true(a->letter == 0 || a->letter != b->letter);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_stored),
        cmocka_unit_test(defaults_are_mosquittos),
        cmocka_unit_test(lists_grow),
        cmocka_unit_test(the_url_fills_the_connection),
        cmocka_unit_test(sessions),
        cmocka_unit_test(a_will_is_put_together),
        cmocka_unit_test(identifiers_are_made),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(defaults_come_from_a_file),
        cmocka_unit_test(the_table_is_consistent),
    };
    return cmocka_run_group_tests_name("command_line", tests, NULL, NULL);
}
