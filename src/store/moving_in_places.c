/* moving_in_places.c — places for what a session is owed, so that each message in flight keeps its
 * packet identifier: 1 + place % 65535.
 *
 *   identifiers  65533  65535      2  | waiting
 *   places       131067 131069 131071 | 131072 131073 …           one round of 65535 later
 *
 * Nothing can go wrong but memory: identifiers that do not count up are put in order first, and one
 * that is there twice, or is 0, sends its second message to those that wait. */
#include "store/moving_in.h"

#include <stdlib.h>

#include "store/moving_in_plan.h"

enum { ROUND = 65535 };

static void send_doubles_to_waiting(struct moved_session *session);
static bool counts_up(const struct moved_deliveries *in_flight);
static bool sort(struct moved_deliveries *in_flight);
static int compare(const void *left, const void *right);

bool moving_in_place(struct moved_session *session, bool *reordered)
{
    struct moved_deliveries *in_flight = &session->in_flight;
    send_doubles_to_waiting(session);
    *reordered = !counts_up(in_flight);
    if (*reordered && !sort(in_flight)) {
        return false;
    }
    /* The first round stays free, so that there is a place before every other. What was never sent
     * goes on where mosquitto's identifiers ended. */
    uint64_t place = ROUND;
    if (in_flight->count == 0) {
        place += session->found.packet_id_last % ROUND;
    }
    for (struct moved_delivery *delivery = in_flight->first; delivery; delivery = delivery->next) {
        uint64_t wanted = (uint64_t)delivery->packet_id - 1;
        place += (wanted + ROUND - place % ROUND) % ROUND;
        delivery->place = place++;
    }
    session->place_sent = place;
    for (struct moved_delivery *delivery = session->waiting.first; delivery;
         delivery = delivery->next) {
        delivery->place = place++;
    }
    session->place_next = place;
    return true;
}

static void send_doubles_to_waiting(struct moved_session *session)
{
    uint8_t seen[(ROUND + 1) / 8] = {0};
    struct moved_deliveries doubles = {.end = &doubles.first};
    struct moved_deliveries *in_flight = &session->in_flight;
    in_flight->end = &in_flight->first;
    for (struct moved_delivery *delivery = in_flight->first, *next; delivery; delivery = next) {
        next = delivery->next;
        uint8_t bit = (uint8_t)(1 << delivery->packet_id % 8);
        bool is_double = delivery->packet_id == 0 || seen[delivery->packet_id / 8] & bit;
        seen[delivery->packet_id / 8] |= bit;
        if (!is_double) {
            *in_flight->end = delivery;
            in_flight->end = &delivery->next;
            continue;
        }
        in_flight->count--;
        if (!delivery->message) { /* a second PUBREL of the same identifier says nothing */
            free(delivery->ids);
            free(delivery);
            continue;
        }
        *doubles.end = delivery;
        doubles.end = &delivery->next;
        doubles.count++;
    }
    *in_flight->end = NULL;
    if (doubles.count > 0) {
        struct moved_deliveries *waiting = &session->waiting;
        *doubles.end = waiting->first;
        waiting->end = waiting->count > 0 ? waiting->end : doubles.end;
        waiting->first = doubles.first;
        waiting->count += doubles.count;
    }
}

/* Identifiers that count up, even once round, do so within half a round: nobody has so much in
 * flight. What takes longer goes back and forth. */
static bool counts_up(const struct moved_deliveries *in_flight)
{
    const struct moved_delivery *delivery = in_flight->first;
    uint64_t span = 0;
    for (; delivery && delivery->next; delivery = delivery->next) {
        span += (uint64_t)(delivery->next->packet_id + ROUND - delivery->packet_id) % ROUND;
    }
    return span < ROUND / 2;
}

/* Upwards, from behind the widest gap on, so that all lie close together. */
static bool sort(struct moved_deliveries *in_flight)
{
    struct moved_delivery **array = malloc(in_flight->count * sizeof *array);
    if (!array) {
        return false;
    }
    size_t count = 0;
    for (struct moved_delivery *delivery = in_flight->first; delivery; delivery = delivery->next) {
        array[count++] = delivery;
    }
    qsort(array, count, sizeof *array, compare);
    size_t begin = 0;
    int widest = array[0]->packet_id + ROUND - array[count - 1]->packet_id;
    for (size_t i = 1; i < count; i++) {
        int gap = array[i]->packet_id - array[i - 1]->packet_id;
        if (gap > widest) {
            widest = gap;
            begin = i;
        }
    }
    in_flight->end = &in_flight->first;
    for (size_t i = 0; i < count; i++) {
        struct moved_delivery *delivery = array[(begin + i) % count];
        *in_flight->end = delivery;
        in_flight->end = &delivery->next;
    }
    *in_flight->end = NULL;
    free(array);
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct moved_delivery *const *a = left, *const *b = right;
    return (int)(*a)->packet_id - (int)(*b)->packet_id;
}
