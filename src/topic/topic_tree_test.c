/* topic_tree_test.c — the tree and its walks against the standard's examples and a plain list. */
#include "topic/topic_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "topic/topic_filter.h"
#include "topic/topic_model.h"

#define TOPIC_SIZE_MAX 65535
#define MODEL_NAMES    300
#define MODEL_WALKS    8
#define STEPS_MAX      3

struct model_name_slot {
    struct model_text name;
    bool is_in;
    bool was_in_throughout[MODEL_WALKS]; /* since the walk began */
    unsigned visits[MODEL_WALKS];
};

struct model_walk {
    struct topic_walk walk;
    struct model_text filter;
    bool is_open;
};

static void put(struct topic_tree *tree, const char *name)
{
    void *replaced;
    assert_true(topic_tree_put(tree, bytes_of_text(name), tree, &replaced));
    assert_null(replaced);
}

/* How many names the walk gives, asked for one step at a time. */
static unsigned found(struct topic_tree *tree, struct bytes filter)
{
    struct topic_walk walk;
    unsigned count = 0;
    bool more = true;
    topic_walk_begin(&walk, tree, filter);
    while (more) {
        count += topic_walk_next(&walk, 1, &more) != NULL;
    }
    assert_null(topic_walk_next(&walk, 1, &more));
    topic_walk_end(&walk);
    topic_walk_end(&walk);
    return count;
}

static unsigned found_alone(const char *filter, const char *name)
{
    struct topic_tree *tree = topic_tree_new(5);
    put(tree, name);
    unsigned count = found(tree, bytes_of_text(filter));
    topic_tree_free(tree);
    return count;
}

static void wildcards_find_what_they_match(void **state)
{
    (void)state;
    struct topic_tree *tree = topic_tree_new(1);
    static const char *const names[] = {
        "home",  "home/a/light", "home/b/light", "home/b/lamp",  "home/b",    "/",
        "/home", "garden/gate",  "home/b/",      "home/b/x/y/z", "$SYS/load", "$SYS"};
    for (size_t index = 0; index < sizeof(names) / sizeof(*names); index++) {
        put(tree, names[index]);
    }
    assert_int_equal(found(tree, BYTES("home/+/light")), 2);
    assert_int_equal(found(tree, BYTES("home/#")), 7);
    assert_int_equal(found(tree, BYTES("home/b/+")), 3);
    assert_int_equal(found(tree, BYTES("home/b/+/#")), 4);
    assert_int_equal(found(tree, BYTES("+")), 1);
    assert_int_equal(found(tree, BYTES("+/+")), 4);
    assert_int_equal(found(tree, BYTES("/+")), 2);
    assert_int_equal(found(tree, BYTES("home/b/x/y/z")), 1);
    assert_int_equal(found(tree, BYTES("home/b/x/y")), 0);
    assert_int_equal(found(tree, BYTES("home/c")), 0);
    assert_int_equal(found(tree, BYTES("#")), 10);
    assert_int_equal(found(tree, BYTES("$SYS/#")), 2);
    topic_tree_free(tree);
}

static void leading_wildcards_pass_dollar_by(void **state)
{
    (void)state;
    assert_int_equal(found_alone("#", "$SYS/monitor/Clients"), 0);
    assert_int_equal(found_alone("+/monitor/Clients", "$SYS/monitor/Clients"), 0);
    assert_int_equal(found_alone("+", "$a name too long to lie in its node"), 0);
    assert_int_equal(found_alone("$SYS/#", "$SYS/monitor/Clients"), 1);
    assert_int_equal(found_alone("$SYS/monitor/+", "$SYS/monitor/Clients"), 1);
    assert_int_equal(found_alone("+/+", "a/$b"), 1);
}

static void nothing_is_normalised(void **state)
{
    (void)state;
    assert_int_equal(found_alone("ACCOUNTS", "Accounts"), 0);
    assert_int_equal(found_alone("a//b", "a/b"), 0);
    assert_int_equal(found_alone("a/b", "a/b/"), 0);
    assert_int_equal(found_alone("\xC3\x85", "A\xCC\x8A"), 0); /* two ways to write Å */
}

static void put_get_replace_remove(void **state)
{
    (void)state;
    int one, two;
    void *replaced;
    struct topic_tree *tree = topic_tree_new(1);
    size_t empty_size = topic_tree_memory_size(tree);
    assert_true(topic_tree_put(tree, BYTES("a/b"), &one, &replaced));
    assert_null(replaced);
    assert_null(topic_tree_get(tree, BYTES("a")));
    assert_null(topic_tree_remove(tree, BYTES("a")));
    assert_true(topic_tree_put(tree, BYTES("a/b"), &two, &replaced));
    assert_ptr_equal(replaced, &one);
    assert_int_equal(topic_tree_count(tree), 1);
    assert_ptr_equal(topic_tree_get(tree, BYTES("a/b")), &two);
    assert_ptr_equal(topic_tree_remove(tree, BYTES("a/b")), &two);
    assert_null(topic_tree_remove(tree, BYTES("a/b")));
    assert_int_equal(topic_tree_count(tree), 0);
    assert_int_equal(topic_tree_memory_size(tree), empty_size);
    topic_tree_free(tree);
}

/* The walk stands on a name while everything is taken away, and then on nothing. */
static void walk_over_all_names_passes_none_by(void **state)
{
    (void)state;
    struct topic_tree *tree = topic_tree_new(1);
    struct topic_walk walk;
    unsigned count = 0;
    bool more = true;
    put(tree, "a/$b");
    put(tree, "$SYS/broker");
    put(tree, "$other");
    topic_walk_begin_all(&walk, tree);
    while (topic_walk_next(&walk, SIZE_MAX, &more)) {
        count++;
    }
    topic_walk_end(&walk);
    assert_int_equal(count, 3);
    topic_tree_free(tree);
}

static void walk_outlives_its_names(void **state)
{
    (void)state;
    bool more;
    struct topic_tree *tree = topic_tree_new(1);
    size_t empty_size = topic_tree_memory_size(tree);
    put(tree, "a/b/c");
    put(tree, "a/b/d");
    struct topic_walk first, second;
    topic_walk_begin(&first, tree, BYTES("#"));
    topic_walk_begin(&second, tree, BYTES("a/+/+"));
    assert_non_null(topic_walk_next(&first, 100, &more));
    assert_non_null(topic_walk_next(&second, 100, &more));
    assert_non_null(topic_tree_remove(tree, BYTES("a/b/c")));
    assert_non_null(topic_tree_remove(tree, BYTES("a/b/d")));
    assert_int_equal(topic_tree_count(tree), 0);
    assert_null(topic_walk_next(&first, 100, &more));
    assert_false(more);
    put(tree, "a/e");
    topic_walk_end(&second);
    topic_walk_end(&first);
    assert_non_null(topic_tree_remove(tree, BYTES("a/e")));
    assert_int_equal(topic_tree_memory_size(tree), empty_size);
    topic_tree_free(tree);
}

static void open_walk(struct topic_tree *tree, struct model_walk *walk, size_t which,
                      struct model_name_slot *slots, struct random *random)
{
    walk->filter = model_filter(random);
    walk->is_open = true;
    topic_walk_begin(&walk->walk, tree, model_bytes(&walk->filter));
    for (size_t index = 0; index < MODEL_NAMES; index++) {
        slots[index].was_in_throughout[which] = slots[index].is_in;
        slots[index].visits[which] = 0;
    }
}

/* What was there all the time and matches was seen once; nothing else was seen without cause. */
static void judge_walk(const struct model_walk *walk, size_t which,
                       const struct model_name_slot *slots)
{
    for (size_t index = 0; index < MODEL_NAMES; index++) {
        const struct model_name_slot *slot = &slots[index];
        bool matches = topic_filter_matches(model_bytes(&walk->filter), model_bytes(&slot->name));
        if (!matches) {
            assert_int_equal(slot->visits[which], 0);
        } else if (slot->was_in_throughout[which]) {
            assert_int_equal(slot->visits[which], 1);
        }
    }
}

static void change_name(struct topic_tree *tree, struct model_name_slot *slot, bool is_in)
{
    struct bytes name = model_bytes(&slot->name);
    void *before = slot->is_in ? slot : NULL;
    assert_ptr_equal(topic_tree_get(tree, name), before);
    if (is_in) {
        void *replaced;
        assert_true(topic_tree_put(tree, name, slot, &replaced));
        assert_ptr_equal(replaced, before);
    } else {
        assert_ptr_equal(topic_tree_remove(tree, name), before);
        for (size_t which = 0; which < MODEL_WALKS; which++) {
            slot->was_in_throughout[which] = false;
        }
    }
    slot->is_in = is_in;
}

static void move_walk(struct topic_tree *tree, struct model_walk *walk, size_t which,
                      struct model_name_slot *slots, struct random *random)
{
    if (!walk->is_open) {
        open_walk(tree, walk, which, slots, random);
        return;
    }
    bool more;
    struct model_name_slot *slot =
        topic_walk_next(&walk->walk, 1 + random_below(random, STEPS_MAX), &more);
    if (slot) {
        assert_true(slot->is_in);
        slot->visits[which]++;
    }
    if (!more) {
        judge_walk(walk, which, slots);
    }
    if (!more || random_below(random, 50) == 0) { /* some are given up halfway */
        topic_walk_end(&walk->walk);
        walk->is_open = false;
    }
}

static void make_names(struct model_name_slot *slots, struct random *random)
{
    for (size_t index = 0; index < MODEL_NAMES; index++) { /* all different */
        bool is_new;
        do {
            slots[index].name = model_name(random);
            is_new = true;
            for (size_t other = 0; other < index; other++) {
                is_new = is_new && !bytes_equal(model_bytes(&slots[index].name),
                                                model_bytes(&slots[other].name));
            }
        } while (!is_new);
    }
}

static void random_changes_and_walks_agree_with_a_list(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 20240602);
    struct model_name_slot *slots = calloc(MODEL_NAMES, sizeof(*slots));
    assert_non_null(slots);
    struct model_walk walks[MODEL_WALKS] = {{.is_open = false}};
    make_names(slots, &random);
    struct topic_tree *tree = topic_tree_new(random_next(&random));
    size_t empty_size = topic_tree_memory_size(tree);
    for (size_t round = 0; round < 200000; round++) {
        if (random_below(&random, 3) == 0) {
            bool is_in = random_below(&random, 10) < (round / 20000 % 2 ? 2 : 8);
            change_name(tree, &slots[random_below(&random, MODEL_NAMES)], is_in);
        } else {
            size_t which = random_below(&random, MODEL_WALKS);
            move_walk(tree, &walks[which], which, slots, &random);
        }
    }
    size_t count = 0;
    for (size_t index = 0; index < MODEL_NAMES; index++) {
        count += slots[index].is_in;
    }
    assert_int_equal(topic_tree_count(tree), count);
    for (size_t index = 0; index < MODEL_NAMES; index++) {
        change_name(tree, &slots[index], false);
    }
    for (size_t which = 0; which < MODEL_WALKS; which++) {
        if (walks[which].is_open) {
            topic_walk_end(&walks[which].walk);
        }
    }
    assert_int_equal(topic_tree_memory_size(tree), empty_size);
    topic_tree_free(tree);
    free(slots);
}

static void slashes_only(void **state)
{
    (void)state;
    static char slashes[TOPIC_SIZE_MAX], pluses[TOPIC_SIZE_MAX];
    memset(slashes, '/', sizeof(slashes));
    memset(pluses, '/', sizeof(pluses));
    for (size_t index = 0; index < sizeof(pluses); index += 2) {
        pluses[index] = '+';
    }
    struct bytes name = bytes_of(slashes, sizeof(slashes));
    struct topic_tree *tree = topic_tree_new(1);
    void *replaced;
    assert_true(topic_tree_put(tree, name, tree, &replaced));
    assert_true(topic_tree_put(tree, bytes_of(slashes, sizeof(slashes) / 2), tree, &replaced));
    assert_int_equal(found(tree, name), 1);
    assert_int_equal(found(tree, BYTES("#")), 2);
    assert_int_equal(found(tree, bytes_of(pluses, sizeof(pluses))), 1);
    assert_ptr_equal(topic_tree_remove(tree, name), tree);
    topic_tree_free(tree);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-4.7.1-1][MQTT-4.7.1-2] a walk finds what its filter matches",
             wildcards_find_what_they_match),
        TEST("[MQTT-4.7.2-1][v3 MQTT-4.7.2-1] a walk by a leading wildcard passes `$` names by",
             leading_wildcards_pass_dollar_by),
        TEST("[MQTT-4.7.3-4][v3 MQTT-4.7.3-4] the tree compares byte for byte",
             nothing_is_normalised),
        TEST("names are put, got, replaced and removed", put_get_replace_remove),
        TEST("a walk over all names passes none by", walk_over_all_names_passes_none_by),
        TEST("a walk outlives its names", walk_outlives_its_names),
        TEST("random changes and walks agree with a list",
             random_changes_and_walks_agree_with_a_list),
        TEST("65535 slashes, as a name and as a filter", slashes_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
