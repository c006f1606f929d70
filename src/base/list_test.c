/* list_test.c — rings of links. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    int number;
    struct list link;
};

static void links_come_and_go(void **state)
{
    (void)state;
    struct list head;
    struct item items[4];
    list_init(&head);
    assert_true(list_is_empty(&head));
    for (int number = 0; number < 4; number++) {
        items[number].number = number;
        list_init(&items[number].link);
        assert_false(list_is_linked(&items[number].link));
        list_append(&head, &items[number].link);
        assert_true(list_is_linked(&items[number].link));
    }
    int expected = 0;
    LIST_EACH(link, &head)
    {
        assert_int_equal(LIST_ITEM(link, struct item, link)->number, expected++);
    }
    assert_int_equal(expected, 4);
    LIST_EACH_SAFE(link, after, &head)
    {
        if (LIST_ITEM(link, struct item, link)->number != 2) {
            list_remove(link);
        }
    }
    assert_ptr_equal(head.next, &items[2].link);
    assert_ptr_equal(head.previous, &items[2].link);
    list_remove(&items[2].link);
    list_remove(&items[2].link); /* once more does no harm */
    assert_true(list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"links come and go", links_come_and_go, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
