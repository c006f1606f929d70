/* topic_memory_test.c — the trie and the tree when memory runs out: false, and nothing changed.
 *
 * The linker sends the allocations of the room under test through here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "topic/topic_tree.h"
#include "topic/topic_trie.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

#define NEVER UINT32_MAX

/* How many more allocations succeed; the next one fails, and with it all after it. */
static uint32_t *allocations_left(void)
{
    static uint32_t left = NEVER;
    return &left;
}

static bool may_allocate(void)
{
    uint32_t *left = allocations_left();
    if (*left == NEVER) {
        return true;
    }
    return *left > 0 && (*left)-- > 0;
}

void *__wrap_malloc(size_t size)
{
    return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *block, size_t size)
{
    return may_allocate() ? __real_realloc(block, size) : NULL;
}

/* More levels than a new table has nodes, some too long to lie in a node. */
static size_t write_deep_name(char *text, const char *first)
{
    size_t size = 0;
    for (size_t level = 0; level < 90; level++) {
        const char *piece = level == 0 ? first : level % 9 ? "/x" : "/a level with long text";
        memcpy(text + size, piece, strlen(piece));
        size += strlen(piece);
    }
    return size;
}

static void new_needs_memory(void **state)
{
    (void)state;
    for (uint32_t count = 0; count < 3; count++) {
        *allocations_left() = count;
        struct topic_trie *trie = topic_trie_new(1);
        *allocations_left() = count;
        struct topic_tree *tree = topic_tree_new(1);
        *allocations_left() = NEVER;
        assert_null(trie);
        assert_null(tree);
    }
}

static void trie_put_fails_cleanly(void **state)
{
    (void)state;
    char text[1000];
    struct bytes filter = bytes_of(text, write_deep_name(text, "+"));
    struct topic_trie *trie = topic_trie_new(1);
    assert_true(topic_trie_put(trie, BYTES("+/x"), trie));
    bool done = false;
    uint32_t count = 0;
    for (; !done; count++) {
        *allocations_left() = count;
        done = topic_trie_put(trie, filter, trie);
        *allocations_left() = NEVER;
        assert_int_equal(topic_trie_count(trie), done ? 2 : 1);
        assert_ptr_equal(topic_trie_get(trie, filter), done ? trie : NULL);
        assert_ptr_equal(topic_trie_get(trie, BYTES("+/x")), trie);
    }
    assert_true(count > 10);
    /* All nodes are there: replacing and removing take no memory. */
    *allocations_left() = 0;
    assert_true(topic_trie_put(trie, filter, &count));
    assert_ptr_equal(topic_trie_remove(trie, filter), &count);
    assert_ptr_equal(topic_trie_remove(trie, BYTES("+/x")), trie);
    *allocations_left() = NEVER;
    topic_trie_free(trie);
}

static void tree_put_fails_cleanly(void **state)
{
    (void)state;
    char text[1000];
    struct bytes name = bytes_of(text, write_deep_name(text, "a"));
    struct topic_tree *tree = topic_tree_new(1);
    void *replaced;
    assert_true(topic_tree_put(tree, BYTES("a/x"), tree, &replaced));
    bool done = false, more;
    uint32_t count = 0;
    for (; !done; count++) {
        *allocations_left() = count;
        done = topic_tree_put(tree, name, tree, &replaced);
        *allocations_left() = NEVER;
        assert_int_equal(topic_tree_count(tree), done ? 2 : 1);
        assert_ptr_equal(topic_tree_get(tree, name), done ? tree : NULL);
    }
    assert_true(count > 10);
    *allocations_left() = 0; /* walking and removing take no memory */
    struct topic_walk walk;
    topic_walk_begin(&walk, tree, BYTES("a/+"));
    assert_ptr_equal(topic_walk_next(&walk, 10, &more), tree);
    assert_ptr_equal(topic_tree_remove(tree, name), tree);
    topic_walk_end(&walk);
    *allocations_left() = NEVER;
    topic_tree_free(tree);
}

/* Buckets that cannot be had make chains longer, and nothing else. */
static void buckets_are_a_luxury(void **state)
{
    (void)state;
    struct topic_trie *trie = topic_trie_new(1);
    char text[] = "aaa";
    size_t kept = 0;
    for (unsigned number = 0; number < 26 * 26 * 26; number++) {
        text[0] = (char)('a' + number % 26);
        text[1] = (char)('a' + number / 26 % 26);
        text[2] = (char)('a' + number / 676);
        *allocations_left() = number % 3; /* enough for nodes now and then, never for both */
        kept += topic_trie_put(trie, bytes_of_text(text), trie);
        *allocations_left() = NEVER;
    }
    assert_int_equal(topic_trie_count(trie), kept);
    assert_true(kept > 26);
    unsigned found = 0;
    for (unsigned number = 0; number < 26 * 26 * 26; number++) {
        text[0] = (char)('a' + number % 26);
        text[1] = (char)('a' + number / 26 % 26);
        text[2] = (char)('a' + number / 676);
        found += topic_trie_get(trie, bytes_of_text(text)) != NULL;
    }
    assert_int_equal(found, kept);
    topic_trie_free(trie);
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("no memory: nothing is made", new_needs_memory),
        TEST("no memory: a filter is not put, and nothing is left of it", trie_put_fails_cleanly),
        TEST("no memory: a name is not put, and nothing is left of it", tree_put_fails_cleanly),
        TEST("no memory for buckets: all is found all the same", buckets_are_a_luxury),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
