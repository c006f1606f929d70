/* topic_filter_test.c — what may be subscribed to, and what it matches. */
#include "topic/topic_filter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool is_legal(struct bytes text)
{
    struct topic_filter filter;
    return topic_filter_parse(text, &filter);
}

static bool meets(const char *filter, const char *name)
{
    return topic_filter_matches(bytes_of_text(filter), bytes_of_text(name));
}

static void hash_is_last_and_alone(void **state)
{
    (void)state;
    assert_true(is_legal(BYTES("#")));
    assert_true(is_legal(BYTES("/#")));
    assert_true(is_legal(BYTES("sport/tennis/#")));
    assert_false(is_legal(BYTES("sport/tennis#")));
    assert_false(is_legal(BYTES("sport/tennis/#/ranking")));
    assert_false(is_legal(BYTES("#/")));
    assert_false(is_legal(BYTES("##")));
    assert_false(is_legal(BYTES("a/#b")));
    assert_false(is_legal(BYTES("+#")));
}

static void plus_fills_a_level(void **state)
{
    (void)state;
    assert_true(is_legal(BYTES("+")));
    assert_true(is_legal(BYTES("+/tennis/#")));
    assert_true(is_legal(BYTES("sport/+/player1")));
    assert_true(is_legal(BYTES("/+/")));
    assert_false(is_legal(BYTES("sport+")));
    assert_false(is_legal(BYTES("+sport")));
    assert_false(is_legal(BYTES("a/+b/c")));
    assert_false(is_legal(BYTES("++")));
}

static void length_is_bounded(void **state)
{
    (void)state;
    static char text[65536];
    memset(text, '/', sizeof(text));
    assert_false(is_legal(BYTES("")));
    assert_false(is_legal(bytes_of(NULL, 0)));
    assert_true(is_legal(bytes_of(text, 65535)));
    assert_false(is_legal(bytes_of(text, 65536)));
}

static void bad_characters_are_refused(void **state)
{
    (void)state;
    assert_false(is_legal(BYTES("a\0b")));
    assert_false(is_legal(BYTES("a/\xC0\x80/#")));
    assert_false(is_legal(BYTES("$share/\xFF/a")));
}

static void share_is_taken_apart(void **state)
{
    (void)state;
    struct topic_filter filter;
    assert_true(topic_filter_parse(BYTES("$share/consumer 1/sport/+/#"), &filter));
    assert_true(bytes_equal(filter.share_name, BYTES("consumer 1")));
    assert_true(bytes_equal(filter.filter, BYTES("sport/+/#")));
    assert_true(topic_filter_parse(BYTES("$share/g//"), &filter));
    assert_true(bytes_equal(filter.share_name, BYTES("g")));
    assert_true(bytes_equal(filter.filter, BYTES("/")));
    assert_true(topic_filter_parse(BYTES("$shared/g/a"), &filter));
    assert_int_equal(filter.share_name.size, 0);
    assert_true(bytes_equal(filter.filter, BYTES("$shared/g/a")));
    assert_true(topic_filter_parse(BYTES("a/$share/g/b"), &filter));
    assert_int_equal(filter.share_name.size, 0);
}

static void share_needs_a_name(void **state)
{
    (void)state;
    assert_false(is_legal(BYTES("$share")));
    assert_false(is_legal(BYTES("$share/")));
    assert_false(is_legal(BYTES("$share//a")));
    assert_false(is_legal(BYTES("$share//")));
}

static void share_name_is_plain_and_a_filter_follows(void **state)
{
    (void)state;
    assert_false(is_legal(BYTES("$share/g")));
    assert_false(is_legal(BYTES("$share/g/")));
    assert_false(is_legal(BYTES("$share/g+/a")));
    assert_false(is_legal(BYTES("$share/+/a")));
    assert_false(is_legal(BYTES("$share/#")));
    assert_false(is_legal(BYTES("$share/g#/a")));
    assert_false(is_legal(BYTES("$share/g/a/#/b")));
    assert_false(is_legal(BYTES("$share/g/a+")));
}

static void wildcards_are_noticed(void **state)
{
    (void)state;
    assert_true(topic_filter_has_wildcard(BYTES("a/+")));
    assert_true(topic_filter_has_wildcard(BYTES("#")));
    assert_false(topic_filter_has_wildcard(BYTES("a/b")));
    assert_false(topic_filter_has_wildcard(BYTES("")));
}

static void hash_matches_parent_and_all_below(void **state)
{
    (void)state;
    assert_true(meets("sport/tennis/player1/#", "sport/tennis/player1"));
    assert_true(meets("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
    assert_true(meets("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    assert_true(meets("sport/#", "sport"));
    assert_true(meets("sport/#", "sport/"));
    assert_true(meets("#", "/"));
    assert_true(meets("+/#", "a"));
    assert_true(meets("/#", "/"));
    assert_false(meets("sport/#", "sports"));
    assert_false(meets("sport/#", "spor"));
    assert_false(meets("/#", "a"));
    assert_false(meets("a/b/#", "a"));
}

static void plus_matches_one_level(void **state)
{
    (void)state;
    assert_true(meets("sport/tennis/+", "sport/tennis/player1"));
    assert_false(meets("sport/tennis/+", "sport/tennis/player1/ranking"));
    assert_false(meets("sport/+", "sport"));
    assert_true(meets("sport/+", "sport/"));
    assert_true(meets("+/+", "/finance"));
    assert_true(meets("/+", "/finance"));
    assert_false(meets("+", "/finance"));
    assert_true(meets("+/b", "a/b"));
    assert_false(meets("+/b", "a/c"));
    assert_false(meets("+/", "a"));
}

static void leading_wildcards_pass_dollar_by(void **state)
{
    (void)state;
    assert_false(meets("#", "$SYS/broker"));
    assert_false(meets("+/monitor/Clients", "$SYS/monitor/Clients"));
    assert_false(meets("+", "$SYS"));
    assert_true(meets("$SYS/#", "$SYS/broker"));
    assert_true(meets("$SYS/#", "$SYS"));
    assert_true(meets("$SYS/monitor/+", "$SYS/monitor/Clients"));
    assert_true(meets("+/+", "a/$b"));
}

static void nothing_matches_nothing(void **state)
{
    (void)state;
    assert_false(meets("", ""));
    assert_false(meets("#", ""));
    assert_false(meets("", "a"));
}

static void nothing_is_normalised(void **state)
{
    (void)state;
    assert_false(meets("ACCOUNTS", "Accounts"));
    assert_true(meets("Accounts payable", "Accounts payable"));
    assert_false(meets("/finance", "finance"));
    assert_false(meets("a//b", "a/b"));
    assert_false(meets("a/b", "a/b/"));
    assert_false(meets("\xC3\x85", "A\xCC\x8A")); /* two ways to write Å */
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-4.7.1-1][v3 MQTT-4.7.1-2] `#` stands alone in the last level",
             hash_is_last_and_alone),
        TEST("[MQTT-4.7.1-2][v3 MQTT-4.7.1-3] `+` fills a whole level", plus_fills_a_level),
        TEST("[MQTT-4.7.3-1][MQTT-4.7.3-3][v3 MQTT-4.7.3-1][v3 MQTT-4.7.3-3] a filter has 1 to "
             "65535 bytes",
             length_is_bounded),
        TEST("[MQTT-4.7.3-2][v3 MQTT-4.7.3-2] a filter with U+0000 or ill-formed is refused",
             bad_characters_are_refused),
        TEST("a shared filter is taken apart", share_is_taken_apart),
        TEST("[MQTT-4.8.2-1] $share/ is followed by a name", share_needs_a_name),
        TEST("[MQTT-4.8.2-2] a share name has no wildcards and a filter follows",
             share_name_is_plain_and_a_filter_follows),
        TEST("wildcards are noticed", wildcards_are_noticed),
        TEST("[MQTT-4.7.1-1][v3 MQTT-4.7.1-2] `#` matches its parent and all levels below",
             hash_matches_parent_and_all_below),
        TEST("[MQTT-4.7.1-2][v3 MQTT-4.7.1-3] `+` matches one level, an empty one, too",
             plus_matches_one_level),
        TEST("[MQTT-4.7.2-1][v3 MQTT-4.7.2-1] a leading wildcard does not meet a `$` name",
             leading_wildcards_pass_dollar_by),
        TEST("[MQTT-4.7.3-1] nothing matches an empty name or filter", nothing_matches_nothing),
        TEST("[MQTT-4.7.3-4][v3 MQTT-4.7.3-4] matching compares byte for byte",
             nothing_is_normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
