/* url_test.c — URLs as people write them. */
#include "cli/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEXT_SIZE 128

static void check(const char *given, const char *host, unsigned port, const char *user_name,
                  const char *password, const char *topic)
{
    char text[TEXT_SIZE];
    struct url url;
    snprintf(text, sizeof(text), "%s", given);
    assert_null(url_read(text, &url));
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_string_equal(url.user_name ? url.user_name : "-", user_name);
    assert_string_equal(url.password ? url.password : "-", password);
    assert_string_equal(url.topic, topic);
}

static void whole_urls(void **state)
{
    (void)state;
    check("mqtt://host/topic", "host", 1883, "-", "-", "topic");
    check("mqtt://host:1884/a/b", "host", 1884, "-", "-", "a/b");
    check("mqtt://me@host/a", "host", 1883, "me", "-", "a");
    check("mqtt://me:pw@host:1/a", "host", 1, "me", "pw", "a");
    check("mqtt://me:p@w:x@host/a@b", "host", 1883, "me", "p@w:x", "a@b");
    check("mqtt://me:@host/a", "host", 1883, "me", "", "a");
    check("mqtt://[::1]/a", "::1", 1883, "-", "-", "a");
    check("mqtt://u%41:p%40@[fe80::1]:9/a", "fe80::1", 9, "u%41", "p%40", "a");
}

static void broken_urls(void **state)
{
    static const char *const broken[] = {
        "",
        "host/a",
        "http://host/a",
        "mqtts://host/a",
        "mqtt://",
        "mqtt://host",
        "mqtt://host/",
        "mqtt:///a",
        "mqtt://:1883/a",
        "mqtt://host:/a",
        "mqtt://host:0/a",
        "mqtt://host:65536/a",
        "mqtt://host:1x/a",
        "mqtt://[::1/a",
        "mqtt://[::1]x/a",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        char text[TEXT_SIZE];
        struct url url;
        snprintf(text, sizeof(text), "%s", broken[i]);
        if (!url_read(text, &url)) {
            fail_msg("accepted: %s", broken[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_urls),
        cmocka_unit_test(broken_urls),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
