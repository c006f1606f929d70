/* topic_trie_test.c — the trie against the standard's examples and against a plain list. */
#include "topic/topic_trie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "topic/topic_filter.h"
#include "topic/topic_model.h"

#define TOPIC_SIZE_MAX 65535
#define MODEL_FILTERS  400

struct model_filter_slot {
    struct model_text filter;
    bool is_in;
    unsigned visits;
};

static void count_visit(void *context, void *value)
{
    (void)value;
    ++*(unsigned *)context;
}

static unsigned matches(const struct topic_trie *trie, struct bytes name)
{
    unsigned count = 0;
    topic_trie_match(trie, name, count_visit, &count);
    return count;
}

/* How many of one filter match one name, asked of a trie that also holds near neighbours. */
static unsigned matches_alone(const char *filter, const char *name)
{
    struct topic_trie *trie = topic_trie_new(7);
    assert_non_null(trie);
    assert_true(topic_trie_put(trie, bytes_of_text(filter), trie));
    unsigned count = matches(trie, bytes_of_text(name));
    topic_trie_free(trie);
    return count;
}

static void hash_matches_parent_and_all_below(void **state)
{
    (void)state;
    assert_int_equal(matches_alone("sport/tennis/player1/#", "sport/tennis/player1"), 1);
    assert_int_equal(matches_alone("sport/tennis/player1/#", "sport/tennis/player1/ranking"), 1);
    assert_int_equal(
        matches_alone("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"), 1);
    assert_int_equal(matches_alone("sport/tennis/player1/#", "sport/tennis/player2"), 0);
    assert_int_equal(matches_alone("sport/#", "sport"), 1);
    assert_int_equal(matches_alone("sport/#", "sports"), 0);
    assert_int_equal(matches_alone("#", "a/b/c"), 1);
    assert_int_equal(matches_alone("#", "/"), 1);
    assert_int_equal(matches_alone("/#", "/"), 1);
    assert_int_equal(matches_alone("/#", "a"), 0);
    assert_int_equal(matches_alone("+/#", "a"), 1);
}

static void plus_matches_one_level(void **state)
{
    (void)state;
    assert_int_equal(matches_alone("sport/tennis/+", "sport/tennis/player1"), 1);
    assert_int_equal(matches_alone("sport/tennis/+", "sport/tennis/player1/ranking"), 0);
    assert_int_equal(matches_alone("sport/+", "sport"), 0);
    assert_int_equal(matches_alone("sport/+", "sport/"), 1);
    assert_int_equal(matches_alone("+/+", "/finance"), 1);
    assert_int_equal(matches_alone("/+", "/finance"), 1);
    assert_int_equal(matches_alone("+", "/finance"), 0);
    assert_int_equal(matches_alone("+/b/+/d", "a/b/c/d"), 1);
}

static void leading_wildcards_pass_dollar_by(void **state)
{
    (void)state;
    assert_int_equal(matches_alone("#", "$SYS/broker/uptime"), 0);
    assert_int_equal(matches_alone("+/monitor/Clients", "$SYS/monitor/Clients"), 0);
    assert_int_equal(matches_alone("+/#", "$SYS"), 0);
    assert_int_equal(matches_alone("$SYS/#", "$SYS/broker/uptime"), 1);
    assert_int_equal(matches_alone("$SYS/monitor/+", "$SYS/monitor/Clients"), 1);
    assert_int_equal(matches_alone("a/+", "a/$SYS"), 1);
}

static void nothing_is_normalised(void **state)
{
    (void)state;
    assert_int_equal(matches_alone("ACCOUNTS", "Accounts"), 0);
    assert_int_equal(matches_alone("a//b", "a/b"), 0);
    assert_int_equal(matches_alone("a/b/", "a/b"), 0);
    assert_int_equal(matches_alone("/a/+", "a/b"), 0);
    assert_int_equal(matches_alone("\xC3\x85/+", "A\xCC\x8A/x"), 0); /* two ways to write Å */
}

static void put_get_replace_remove(void **state)
{
    (void)state;
    int one, two;
    struct topic_trie *trie = topic_trie_new(1);
    static const char *const filters[] = {"a/b", "a/+", "a/#", "#", "+", "/", "a/+/c/#"};
    for (size_t index = 0; index < sizeof(filters) / sizeof(*filters); index++) {
        struct bytes filter = bytes_of_text(filters[index]);
        assert_null(topic_trie_get(trie, filter));
        assert_null(topic_trie_remove(trie, filter));
        assert_true(topic_trie_put(trie, filter, &one));
        assert_ptr_equal(topic_trie_get(trie, filter), &one);
        assert_true(topic_trie_put(trie, filter, &two));
        assert_ptr_equal(topic_trie_get(trie, filter), &two);
        assert_int_equal(topic_trie_count(trie), index + 1);
    }
    assert_null(topic_trie_get(trie, BYTES("a")));
    assert_null(topic_trie_get(trie, BYTES("a/+/c")));
    for (size_t index = 0; index < sizeof(filters) / sizeof(*filters); index++) {
        assert_ptr_equal(topic_trie_remove(trie, bytes_of_text(filters[index])), &two);
        assert_null(topic_trie_get(trie, bytes_of_text(filters[index])));
    }
    assert_int_equal(topic_trie_count(trie), 0);
    topic_trie_free(trie);
}

static void visit_slot(void *context, void *value)
{
    (void)context;
    ((struct model_filter_slot *)value)->visits++;
}

/* Every filter is visited once when the judge says so, and not otherwise. */
static void compare_with_model(const struct topic_trie *trie, struct model_filter_slot *slots,
                               struct bytes name)
{
    topic_trie_match(trie, name, visit_slot, NULL);
    for (size_t index = 0; index < MODEL_FILTERS; index++) {
        struct model_filter_slot *slot = &slots[index];
        bool wanted = slot->is_in && topic_filter_matches(model_bytes(&slot->filter), name);
        assert_int_equal(slot->visits, wanted);
        slot->visits = 0;
    }
}

static void random_changes_agree_with_a_list(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 20240601);
    struct model_filter_slot *slots = calloc(MODEL_FILTERS, sizeof(*slots));
    assert_non_null(slots);
    for (size_t index = 0; index < MODEL_FILTERS; index++) { /* all different */
        bool is_new;
        do {
            slots[index].filter = model_filter(&random);
            is_new = true;
            for (size_t other = 0; other < index; other++) {
                is_new = is_new && !bytes_equal(model_bytes(&slots[index].filter),
                                                model_bytes(&slots[other].filter));
            }
        } while (!is_new);
    }
    struct topic_trie *trie = topic_trie_new(random_next(&random));
    size_t empty_size = topic_trie_memory_size(trie);
    size_t count = 0;
    for (size_t round = 0; round < 20000; round++) {
        struct model_filter_slot *slot = &slots[random_below(&random, MODEL_FILTERS)];
        struct bytes filter = model_bytes(&slot->filter);
        assert_ptr_equal(topic_trie_get(trie, filter), slot->is_in ? slot : NULL);
        /* Tides of many and of few, so that the table grows and shrinks. */
        bool put = random_below(&random, 10) < (round / 2000 % 2 ? 1 : 8);
        if (put) {
            assert_true(topic_trie_put(trie, filter, slot));
        } else {
            assert_ptr_equal(topic_trie_remove(trie, filter), slot->is_in ? slot : NULL);
        }
        count += put;
        count -= slot->is_in;
        slot->is_in = put;
        assert_int_equal(topic_trie_count(trie), count);
        struct model_text name = model_name(&random);
        compare_with_model(trie, slots, model_bytes(&name));
    }
    unsigned visited = 0;
    topic_trie_each(trie, count_visit, &visited);
    assert_int_equal(visited, count);
    for (size_t index = 0; index < MODEL_FILTERS; index++) {
        (void)topic_trie_remove(trie, model_bytes(&slots[index].filter));
    }
    assert_int_equal(topic_trie_memory_size(trie), empty_size);
    topic_trie_free(trie);
    free(slots);
}

/* So many filters of one size that some pairs share all 32 bits of a hash (with this seed, too). */
static void equal_hashes_are_told_apart(void **state)
{
    (void)state;
    enum { FILTERS = 300000 };
    static char values[FILTERS];
    char text[] = "number 000000, long";
    struct topic_trie *trie = topic_trie_new(6);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned number = 0; number < FILTERS; number++) {
            for (unsigned rest = number, digit = 12; rest > 0; rest /= 10, digit--) {
                text[digit] = (char)('0' + rest % 10);
            }
            if (round == 0) {
                assert_true(topic_trie_put(trie, bytes_of_text(text), &values[number]));
            } else {
                assert_ptr_equal(topic_trie_get(trie, bytes_of_text(text)), &values[number]);
            }
            memset(text + 7, '0', 6);
        }
        assert_int_equal(topic_trie_count(trie), FILTERS);
    }
    topic_trie_free(trie);
}

/* What a hostile client can send: as many levels as fit into a packet. */
static void slashes_only(void **state)
{
    (void)state;
    static char slashes[TOPIC_SIZE_MAX], pluses[TOPIC_SIZE_MAX], hash[TOPIC_SIZE_MAX];
    memset(slashes, '/', sizeof(slashes));
    memset(pluses, '/', sizeof(pluses));
    for (size_t index = 0; index < sizeof(pluses); index += 2) {
        pluses[index] = '+';
    }
    memset(hash, '/', sizeof(hash));
    hash[0] = '+';
    hash[sizeof(hash) - 1] = '#';
    struct bytes filters[] = {bytes_of(slashes, sizeof(slashes)), bytes_of(pluses, sizeof(pluses)),
                              bytes_of(hash, sizeof(hash)), bytes_of(slashes, 1)};
    struct topic_trie *trie = topic_trie_new(3);
    size_t empty_size = topic_trie_memory_size(trie);
    for (size_t index = 0; index < 4; index++) {
        assert_true(topic_trie_put(trie, filters[index], trie));
    }
    assert_int_equal(matches(trie, bytes_of(slashes, sizeof(slashes))), 2);     /* itself, # */
    assert_int_equal(matches(trie, bytes_of(slashes, sizeof(slashes) / 2)), 1); /* pluses */
    assert_int_equal(matches(trie, bytes_of(slashes, sizeof(slashes) - 2)), 1); /* # */
    assert_int_equal(matches(trie, bytes_of(slashes, sizeof(slashes) - 3)), 1); /* # as parent */
    assert_int_equal(matches(trie, bytes_of(slashes, sizeof(slashes) - 4)), 0);
    for (size_t index = 0; index < 4; index++) {
        assert_ptr_equal(topic_trie_remove(trie, filters[index]), trie);
    }
    assert_int_equal(topic_trie_memory_size(trie), empty_size);
    topic_trie_free(trie);
}

/* Every way of writing 12 levels as "a" or "+": each of 4096 filters matches, and once. */
static void all_ways_lead_there(void **state)
{
    (void)state;
    struct topic_trie *trie = topic_trie_new(4);
    for (unsigned ways = 0; ways < 1u << 12; ways++) {
        char filter[] = "a/a/a/a/a/a/a/a/a/a/a/a";
        for (unsigned level = 0; level < 12; level++) {
            filter[2 * level] = ways >> level & 1 ? '+' : 'a';
        }
        assert_true(topic_trie_put(trie, bytes_of_text(filter), trie));
    }
    assert_int_equal(matches(trie, BYTES("a/a/a/a/a/a/a/a/a/a/a/a")), 4096);
    assert_int_equal(matches(trie, BYTES("b/a/a/a/a/a/a/a/a/a/a/a")), 2048);
    assert_int_equal(matches(trie, BYTES("b/b/b/b/b/b/b/b/b/b/b/b")), 1);
    assert_int_equal(matches(trie, BYTES("a/a/a/a/a/a/a/a/a/a/a")), 0);
    topic_trie_free(trie);
}

/* Deeper than the levels a match remembers, with a choice at every level. */
static void deep_choices(void **state)
{
    (void)state;
    enum { LEVELS = 200 };
    char name[2 * LEVELS], filter[2 * LEVELS];
    struct topic_trie *trie = topic_trie_new(5);
    for (size_t index = 0; index < sizeof(name); index++) {
        name[index] = filter[index] = index % 2 ? '/' : 'a';
    }
    for (size_t level = 0; level < LEVELS; level++) { /* a/a/+/a/… and a/a/+/a/…/# */
        filter[2 * level] = '+';
        assert_true(topic_trie_put(trie, bytes_of(filter, sizeof(filter) - 1), trie));
        filter[sizeof(filter) - 2] = '#';
        assert_true(topic_trie_put(trie, bytes_of(filter, sizeof(filter) - 1), trie));
        filter[sizeof(filter) - 2] = 'a';
        filter[2 * level] = 'a';
    }
    assert_int_equal(topic_trie_count(trie), 2 * LEVELS);
    assert_int_equal(matches(trie, bytes_of(name, sizeof(name) - 1)), 2 * LEVELS);
    assert_int_equal(matches(trie, bytes_of(name, sizeof(name) - 3)), LEVELS);
    topic_trie_free(trie);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-4.7.1-1][v3 MQTT-4.7.1-2] `#` matches its parent and all levels below",
             hash_matches_parent_and_all_below),
        TEST("[MQTT-4.7.1-2][v3 MQTT-4.7.1-3] `+` matches one level, an empty one, too",
             plus_matches_one_level),
        TEST("[MQTT-4.7.2-1][v3 MQTT-4.7.2-1] a leading wildcard does not meet a `$` name",
             leading_wildcards_pass_dollar_by),
        TEST("[MQTT-4.7.3-4][v3 MQTT-4.7.3-4] the trie compares byte for byte",
             nothing_is_normalised),
        TEST("filters are put, got, replaced and removed", put_get_replace_remove),
        TEST("random changes agree with a list", random_changes_agree_with_a_list),
        TEST("levels whose hashes are equal are told apart", equal_hashes_are_told_apart),
        TEST("65535 slashes, as a name and as a filter", slashes_only),
        TEST("all mixtures of `a` and `+` are found, each once", all_ways_lead_there),
        TEST("a choice at each of 200 levels", deep_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
