/* moving_in_places_test.c — places keep packet identifiers, whatever these are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "store/moving_in_plan.h"

enum { LIST_MAX = 64 };

static struct moved_message message;

static void given(struct moved_session *session, uint16_t last, const uint16_t *ids, size_t count,
                  size_t waiting)
{
    *session = (struct moved_session){.found.packet_id_last = last};
    session->in_flight.end = &session->in_flight.first;
    session->waiting.end = &session->waiting.first;
    for (size_t i = 0; i < count + waiting; i++) {
        struct moved_deliveries *list = i < count ? &session->in_flight : &session->waiting;
        struct moved_delivery *delivery = calloc(1, sizeof *delivery);
        assert_non_null(delivery);
        delivery->message = &message;
        delivery->packet_id = i < count ? ids[i] : 0;
        *list->end = delivery;
        list->end = &delivery->next;
        list->count++;
    }
}

static void forget(struct moved_deliveries *list)
{
    for (struct moved_delivery *delivery = list->first, *next; delivery; delivery = next) {
        next = delivery->next;
        free(delivery);
    }
}

/* The identifiers in the order of places, first those in flight, then those that wait; and whether
 * the order was changed. */
static bool when_placed(struct moved_session *session, uint16_t *ids, size_t *in_flight)
{
    bool is_reordered;
    size_t count = 0;
    uint64_t last = 0;
    assert_true(moving_in_place(session, &is_reordered));
    for (int list = 0; list < 2; list++) {
        struct moved_deliveries *deliveries = list ? &session->waiting : &session->in_flight;
        *in_flight = list ? *in_flight : deliveries->count;
        assert_null(*deliveries->end);
        for (struct moved_delivery *one = deliveries->first; one; one = one->next) {
            assert_true(one->place > last);
            last = one->place;
            assert_true(list ? one->place >= session->place_sent
                             : one->place < session->place_sent);
            ids[count++] = (uint16_t)(1 + one->place % 65535);
        }
    }
    assert_true(session->place_next > last);
    assert_true(last < 3 * 65535);
    assert_true(session->place_next >= session->place_sent);
    assert_int_equal(count, session->in_flight.count + session->waiting.count);
    forget(&session->in_flight);
    forget(&session->waiting);
    return is_reordered;
}

static void check(const uint16_t *ids, size_t count, size_t waiting, const uint16_t *wanted,
                  size_t wanted_in_flight, bool wanted_reordered)
{
    struct moved_session session;
    uint16_t placed[LIST_MAX];
    size_t in_flight;
    given(&session, 7, ids, count, waiting);
    assert_int_equal(when_placed(&session, placed, &in_flight), wanted_reordered);
    assert_int_equal(in_flight, wanted_in_flight);
    assert_memory_equal(placed, wanted, (count + waiting) * sizeof *wanted);
}

#define IDS(...)                                                                                   \
    (const uint16_t[])                                                                             \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void identifiers_are_kept(void **state)
{
    (void)state;
    check(IDS(1, 2, 3), 3, 2, IDS(1, 2, 3, 4, 5), 3, false);
    check(IDS(4, 9, 17), 3, 1, IDS(4, 9, 17, 18), 3, false);
    check(IDS(65533, 65535, 2), 3, 2, IDS(65533, 65535, 2, 3, 4), 3, false);
    check(IDS(65535), 1, 1, IDS(65535, 1), 1, false);
}

static void what_was_never_sent_goes_on_counting(void **state)
{
    (void)state;
    check(NULL, 0, 2, IDS(8, 9), 0, false);
    check(NULL, 0, 0, NULL, 0, false);
}

static void identifiers_go_before_order(void **state)
{
    (void)state;
    check(IDS(5, 3, 9), 3, 1, IDS(3, 5, 9, 10), 3, true);
    check(IDS(5, 3), 2, 0, IDS(3, 5), 2, true);
    check(IDS(1, 65535, 2), 3, 1, IDS(65535, 1, 2, 3), 3, true);
}

static void doubles_wait(void **state)
{
    (void)state;
    check(IDS(5, 5, 6), 3, 1, IDS(5, 6, 7, 8), 2, false);
    check(IDS(0, 6), 2, 0, IDS(6, 7), 1, false);
}

/* Any list: each identifier is there once, as long as it is in flight. */
static void any_list_is_placed(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 3);
    for (int round = 0; round < 2000; round++) {
        struct moved_session session;
        uint16_t ids[LIST_MAX], placed[LIST_MAX];
        size_t count = random_below(&random, LIST_MAX / 2), in_flight;
        uint32_t range = random_below(&random, 2) ? 40 : 65536;
        for (size_t i = 0; i < count; i++) {
            ids[i] = (uint16_t)random_below(&random, range);
        }
        given(&session, 0, ids, count, random_below(&random, LIST_MAX / 2));
        when_placed(&session, placed, &in_flight);
        for (size_t i = 0; i < count; i++) {
            size_t found = 0;
            for (size_t at = 0; at < in_flight; at++) {
                found += placed[at] == ids[i];
            }
            assert_int_equal(found, ids[i] != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_are_kept),
        cmocka_unit_test(what_was_never_sent_goes_on_counting),
        cmocka_unit_test(identifiers_go_before_order),
        cmocka_unit_test(doubles_wait),
        cmocka_unit_test(any_list_is_placed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
