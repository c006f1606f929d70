/* moving_in_test.c — files made by hand move into a store in memory; what a broker would find there
 * is compared line by line. */
#include "store/moving_in.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "store/mosquitto_db_testing.h"
#include "store/store_inspect.h"
#include "store/store_memory.h"

#define SAVED_US UINT64_C(1700000000000000)

struct moved {
    struct made made;
    struct moving_in_counts counts;
    char text[16 * 1024]; /* a line for each thing in the store */
    size_t text_size;
    uint64_t hash_seed;
    uint64_t publisher;  /* of the last message shown */
    uint64_t bytes_owed; /* to the session being shown, so far */
    uint64_t bodies;     /* that deliveries share */
};

static void say(struct moved *moved, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    size_t left = sizeof moved->text - moved->text_size;
    int size = vsnprintf(moved->text + moved->text_size, left, format, values);
    va_end(values);
    assert_true(size >= 0 && (size_t)size < left);
    moved->text_size += (size_t)size;
}

static void say_message(struct moved *moved, const struct stored_message *message,
                        struct bytes body)
{
    assert_int_equal(message->topic_size + message->payload_size + message->properties_size,
                     body.size);
    const char *at = (const char *)body.data;
    say(moved, " %.*s=%.*s", message->topic_size, at, (int)message->payload_size,
        at + message->topic_size);
    say(moved, message->qos ? " published %u%s" : "", message->qos, message->retain ? "r" : "");
    if (message->properties_size > 0) {
        say(moved, " properties %u", message->properties_size);
    }
    if (message->expires_us) {
        say(moved, " expires %" PRIu64, message->expires_us);
    }
    moved->publisher = message->publisher;
}

static void say_delivery(struct moved *moved, const struct delivery_entry *delivery,
                         struct bytes rest)
{
    say(moved, "  owes %" PRIu64 " qos %u%s", 1 + delivery->place % 65535, delivery->qos,
        delivery->retain ? " retain" : "");
    for (uint32_t i = 0; i < delivery->id_count; i++) {
        uint32_t id;
        memcpy(&id, rest.data + i * sizeof id, sizeof id);
        say(moved, " id %u", id);
    }
    size_t size = delivery->id_count * sizeof(uint32_t);
    assert_int_equal(delivery->bytes_before, moved->bytes_owed);
    moved->bytes_owed += rest.size - size;
    say_message(moved, &delivery->message, bytes_of(rest.data + size, rest.size - size));
    say(moved, "\n");
}

static void say_entry(struct moved *moved, const struct entry *entry)
{
    switch (entry->kind) {
    case ENTRY_SESSION: {
        const struct session_entry *session = entry->fixed;
        assert_false(session->has_will);
        moved->bytes_owed = 0;
        say(moved, "%.*s expiry %d away %" PRId64 "s sent before %" PRIu64 "\n",
            (int)entry->rest.size, (const char *)entry->rest.data, (int)session->expiry_s,
            (int64_t)(session->away_us - SAVED_US) / 1000000, 1 + session->place_sent % 65535);
        break;
    }
    case ENTRY_SUBSCRIPTION: {
        const struct subscription_entry *subscription = entry->fixed;
        say(moved, "  wants %.*s qos %u id %u%s%s\n", (int)entry->rest.size,
            (const char *)entry->rest.data, subscription->qos, subscription->id,
            subscription->no_local ? " no_local" : "",
            subscription->retain_as_published ? " as_published" : "");
        break;
    }
    case ENTRY_RECEIVED:
        say(moved, "  took %u\n", ((const struct received_entry *)entry->fixed)->packet_id);
        break;
    case ENTRY_DELIVERY: say_delivery(moved, entry->fixed, entry->rest); break;
    case ENTRY_RELEASING:
        say(moved, "  releases %" PRIu64 "\n",
            1 + ((const struct delivery_entry *)entry->fixed)->place % 65535);
        break;
    case ENTRY_RETAINED:
        say(moved, "keeps");
        say_message(moved, &((const struct retained_entry *)entry->fixed)->message, entry->rest);
        say(moved, "\n");
        break;
    default: fail();
    }
}

static uint32_t home_of_all(void *context, struct bytes name)
{
    (void)context;
    (void)name;
    return 0;
}

static void when_moved(struct moved *moved)
{
    char words[STORE_WORDS_SIZE] = "";
    struct memory_disk *disk = memory_disk_new(0);
    struct store_birth birth = {.worker_count = 1, .home = home_of_all};
    struct store_found found;
    struct store *store = store_open(store_memory_open(disk), &birth, 12345, &found, words);
    struct moving_in *plan = moving_in_read(made_file(&moved->made), SAVED_US, words);
    assert_string_equal(words, "");
    assert_non_null(plan);
    assert_true(moving_in_write(plan, store, &found, words));
    moved->counts = *moving_in_counts(plan);
    moved->hash_seed = found.hash_seed;
    store_close(store, true);
    moving_in_free(plan);

    struct store_summary summary;
    struct store_item item;
    struct store_inspection *inspection =
        store_inspect_open(store_memory_open(disk), &summary, words);
    assert_non_null(inspection);
    moved->bodies = summary.records[TABLE_MESSAGES];
    words[0] = '\0';
    while (store_inspect_next(inspection, &item, words)) {
        assert_int_equal(item.kind, STORE_ITEM_ENTRY);
        say_entry(moved, &item.entry);
    }
    assert_string_equal(words, "");
    store_inspect_close(inspection);
    memory_disk_free(disk);
}

static struct moved *given(uint32_t version)
{
    struct moved *moved = calloc(1, sizeof *moved);
    assert_non_null(moved);
    made_begin(&moved->made, version);
    return moved;
}

static void given_client(struct moved *moved, const char *client_id, uint16_t last)
{
    made_client(&moved->made, &(struct mosquitto_db_client){.client_id = bytes_of_text(client_id),
                                                            .expiry_s = UINT32_MAX,
                                                            .packet_id_last = last});
}

static void given_message(struct moved *moved, uint64_t number, const char *topic,
                          const char *payload, uint8_t qos, bool retain)
{
    made_message(&moved->made, &(struct mosquitto_db_message){.number = number,
                                                              .topic = bytes_of_text(topic),
                                                              .payload = bytes_of_text(payload),
                                                              .source_id = BYTES("somebody"),
                                                              .qos = qos,
                                                              .retain = retain});
}

static void given_outgoing(struct moved *moved, const char *client_id, uint64_t message,
                           uint16_t packet_id, uint8_t qos, enum mosquitto_db_state state)
{
    made_delivery(&moved->made,
                  &(struct mosquitto_db_delivery){.client_id = bytes_of_text(client_id),
                                                  .message = message,
                                                  .packet_id = packet_id,
                                                  .qos = qos,
                                                  .state = (uint8_t)state,
                                                  .is_outgoing = true});
}

static void given_incoming(struct moved *moved, const char *client_id, uint64_t message,
                           uint16_t packet_id, enum mosquitto_db_state state)
{
    made_delivery(&moved->made,
                  &(struct mosquitto_db_delivery){.client_id = bytes_of_text(client_id),
                                                  .message = message,
                                                  .packet_id = packet_id,
                                                  .qos = 2,
                                                  .state = (uint8_t)state});
}

static void given_subscription(struct moved *moved, const char *client_id, const char *filter,
                               uint8_t qos, uint32_t id, const char *options)
{
    made_subscription(&moved->made, &(struct mosquitto_db_subscription){
                                        .client_id = bytes_of_text(client_id),
                                        .filter = bytes_of_text(filter),
                                        .qos = qos,
                                        .id = id,
                                        .no_local = strchr(options, 'l') != NULL,
                                        .retain_as_published = strchr(options, 'p') != NULL});
}

/* Moves, compares, forgets. */
static void then_holds(struct moved *moved, const char *text)
{
    when_moved(moved);
    assert_string_equal(moved->text, text);
    free(moved);
}

static void sessions_keep_what_they_want_and_are_owed(void **state)
{
    (void)state;
    struct moved *moved = given(6);
    given_message(moved, 1, "q/a", "one", 1, false);
    given_message(moved, 2, "q/b", "two", 2, true);
    given_client(moved, "away", 2);
    given_outgoing(moved, "away", 1, 1, 1, MOSQUITTO_DB_QUEUED);
    given_outgoing(moved, "away", 2, 2, 2, MOSQUITTO_DB_QUEUED);
    given_client(moved, "idle", 0);
    given_outgoing(moved, "idle", 2, 1, 1, MOSQUITTO_DB_QUEUED);
    given_subscription(moved, "away", "q/#", 2, 0, "");
    given_subscription(moved, "idle", "q/+", 1, 77, "lp");
    given_subscription(moved, "idle", "$share/g/s/#", 1, 0, "");
    made_retained(&moved->made, 2);
    when_moved(moved);
    assert_int_equal(moved->bodies, 1);
    assert_string_equal(moved->text, "away expiry -1 away 0s sent before 3\n"
                                     "  wants q/# qos 2 id 0\n"
                                     "  owes 3 qos 1 q/a=one published 1\n"
                                     "  owes 4 qos 2 q/b=two published 2r\n"
                                     "idle expiry -1 away 0s sent before 1\n"
                                     "  wants q/+ qos 1 id 77 no_local as_published\n"
                                     "  wants $share/g/s/# qos 1 id 0\n"
                                     "  owes 1 qos 1 q/b=two published 2r\n"
                                     "keeps q/b=two published 2r\n");
    free(moved);
}

static void version_5_moves_as_well(void **state)
{
    (void)state;
    struct moved *moved = given(5);
    given_message(moved, 1, "q/a", "one", 1, false);
    given_client(moved, "old", 9);
    given_outgoing(moved, "old", 1, 9, 1, MOSQUITTO_DB_WAIT_FOR_PUBACK);
    then_holds(moved, "old expiry -1 away 0s sent before 10\n"
                      "  owes 9 qos 1 q/a=one published 1\n");
}

static void what_is_in_flight_keeps_its_identifier(void **state)
{
    (void)state;
    struct moved *moved = given(6);
    for (uint64_t number = 1; number <= 6; number++) {
        char payload[2] = {(char)('0' + number), 0};
        given_message(moved, number, "t", payload, 2, false);
    }
    given_client(moved, "busy", 3);
    given_outgoing(moved, "busy", 1, 65534, 2, MOSQUITTO_DB_WAIT_FOR_PUBCOMP);
    given_outgoing(moved, "busy", 2, 65535, 1, MOSQUITTO_DB_WAIT_FOR_PUBACK);
    given_outgoing(moved, "busy", 3, 2, 2, MOSQUITTO_DB_RESEND_PUBREL);
    given_outgoing(moved, "busy", 4, 3, 2, MOSQUITTO_DB_WAIT_FOR_PUBREC);
    given_outgoing(moved, "busy", 5, 9, 2, MOSQUITTO_DB_QUEUED);
    given_outgoing(moved, "busy", 6, 10, 1, MOSQUITTO_DB_QUEUED);
    then_holds(moved, "busy expiry -1 away 0s sent before 4\n"
                      "  releases 65534\n"
                      "  owes 65535 qos 1 t=2 published 2\n"
                      "  releases 2\n"
                      "  owes 3 qos 2 t=4 published 2\n"
                      "  owes 4 qos 2 t=5 published 2\n"
                      "  owes 5 qos 1 t=6 published 2\n");
}

static void times_and_properties_move(void **state)
{
    (void)state;
    struct moved *moved = given(6);
    made_message(&moved->made,
                 &(struct mosquitto_db_message){.number = 1,
                                                .topic = BYTES("t"),
                                                .payload = BYTES("x"),
                                                .source_id = BYTES("pubber"),
                                                .properties = BYTES("\x03\0\x01t\x26\0\1k\0\1v"),
                                                .expires_s = 1800000000,
                                                .qos = 1});
    made_client(&moved->made, &(struct mosquitto_db_client){.client_id = BYTES("away"),
                                                            .expiry_s = 3600,
                                                            .expires_s = 1700000000 + 3600 - 60});
    made_delivery(&moved->made,
                  &(struct mosquitto_db_delivery){.client_id = BYTES("away"),
                                                  .message = 1,
                                                  .packet_id = 1,
                                                  .qos = 1,
                                                  .state = MOSQUITTO_DB_QUEUED,
                                                  .retain = true,
                                                  .is_outgoing = true,
                                                  .properties = BYTES("\x0b\x05\x0b\x4d")});
    when_moved(moved);
    assert_string_equal(moved->text,
                        "away expiry 3600 away -60s sent before 1\n"
                        "  owes 1 qos 1 retain id 5 id 77 t=x published 1 properties 11 "
                        "expires 1800000000000000\n");
    assert_true(moved->publisher == hash_bytes(BYTES("pubber"), moved->hash_seed));
    free(moved);
}

static void a_message_that_waits_for_pubrel_is_moved_on(void **state)
{
    (void)state;
    struct moved *moved = given(6);
    given_message(moved, 1, "x/1", "new", 2, true);
    given_message(moved, 2, "x/1", "old", 0, true);
    given_message(moved, 3, "x/2", "done", 2, false);
    given_client(moved, "publisher", 0);
    given_incoming(moved, "publisher", 1, 40, MOSQUITTO_DB_WAIT_FOR_PUBREL);
    given_incoming(moved, "publisher", 1, 40, MOSQUITTO_DB_WAIT_FOR_PUBREL);
    given_incoming(moved, "publisher", 3, 41, MOSQUITTO_DB_RESEND_PUBCOMP);
    given_client(moved, "receiver", 6);
    given_outgoing(moved, "receiver", 3, 6, 1, MOSQUITTO_DB_WAIT_FOR_PUBACK);
    given_client(moved, "sharer", 0);
    given_client(moved, "other", 0);
    given_subscription(moved, "publisher", "x/#", 2, 0, "l");
    given_subscription(moved, "receiver", "x/+", 1, 3, "p");
    given_subscription(moved, "receiver", "x/1", 2, 4, "");
    given_subscription(moved, "receiver", "x/1/#", 0, 6, "");
    given_subscription(moved, "receiver", "y", 2, 5, "");
    given_subscription(moved, "sharer", "$share/g/x/1", 1, 0, "");
    given_subscription(moved, "other", "$share/g/x/1", 1, 0, "");
    given_subscription(moved, "other", "x/1", 0, 0, "");
    made_retained(&moved->made, 2);
    when_moved(moved);
    assert_int_equal(moved->counts.moved_on, 1);
    assert_int_equal(moved->counts.received, 2);
    assert_string_equal(moved->text, "publisher expiry -1 away 0s sent before 1\n"
                                     "  wants x/# qos 2 id 0 no_local\n"
                                     "  took 40\n"
                                     "  took 41\n"
                                     "receiver expiry -1 away 0s sent before 7\n"
                                     "  wants x/+ qos 1 id 3 as_published\n"
                                     "  wants x/1 qos 2 id 4\n"
                                     "  wants x/1/# qos 0 id 6\n"
                                     "  wants y qos 2 id 5\n"
                                     "  owes 6 qos 1 x/2=done published 2\n"
                                     "  owes 7 qos 2 retain id 3 id 4 id 6 x/1=new published 2r\n"
                                     "sharer expiry -1 away 0s sent before 1\n"
                                     "  wants $share/g/x/1 qos 1 id 0\n"
                                     "  owes 1 qos 1 x/1=new published 2r\n"
                                     "other expiry -1 away 0s sent before 1\n"
                                     "  wants $share/g/x/1 qos 1 id 0\n"
                                     "  wants x/1 qos 0 id 0\n"
                                     "keeps x/1=new published 2r\n");
    free(moved);
}

static void what_cannot_move_is_counted(void **state)
{
    (void)state;
    struct moved *moved = given(6);
    given_message(moved, 1, "t", "x", 1, false);
    given_message(moved, 1, "t", "again", 1, false);  /* illegal */
    given_message(moved, 2, "t/#", "x", 1, false);    /* illegal */
    given_message(moved, 3, "$SYS/up", "x", 0, true); /* the broker's own */
    given_client(moved, "kept", 0);
    given_client(moved, "kept", 0); /* illegal */
    given_client(moved, "\xff", 0); /* illegal */
    made_client(&moved->made, &(struct mosquitto_db_client){.client_id = BYTES("brief")});
    given_outgoing(moved, "kept", 1, 0, 0, MOSQUITTO_DB_QUEUED);
    given_outgoing(moved, "kept", 2, 1, 1, MOSQUITTO_DB_QUEUED);  /* unowned */
    given_outgoing(moved, "brief", 1, 1, 1, MOSQUITTO_DB_QUEUED); /* unowned */
    given_subscription(moved, "kept", "a/#/b", 1, 0, "");         /* illegal */
    given_subscription(moved, "kept", "a", 1, 0, "");
    given_subscription(moved, "kept", "a", 2, 0, ""); /* illegal */
    made_retained(&moved->made, 3);
    made_retained(&moved->made, 4); /* unowned */
    made_chunk(&moved->made, 9, BYTES("?"));
    made_chunk(&moved->made, MOSQUITTO_DB_RETAINED, BYTES("?"));
    when_moved(moved);
    assert_string_equal(moved->text, "kept expiry -1 away 0s sent before 1\n"
                                     "  wants a qos 1 id 0\n");
    assert_int_equal(moved->counts.sessions_ended, 1);
    assert_int_equal(moved->counts.qos_0, 1);
    assert_int_equal(moved->counts.unowned, 3);
    assert_int_equal(moved->counts.illegal, 6);
    assert_int_equal(moved->counts.damaged, 1);
    assert_int_equal(moved->counts.unknown, 1);
    assert_false(moved->counts.is_cut_off);
    free(moved);
}

static void other_files_are_refused_with_a_sentence(void **state)
{
    (void)state;
    char words[STORE_WORDS_SIZE];
    struct moved *moved = given(3);
    assert_null(moving_in_read(made_file(&moved->made), SAVED_US, words));
    assert_non_null(strstr(words, "version 3"));
    assert_non_null(strstr(words, "mosquitto 2.0"));
    made_begin(&moved->made, 7);
    assert_null(moving_in_read(made_file(&moved->made), SAVED_US, words));
    assert_non_null(strstr(words, "version 7"));
    assert_null(moving_in_read(BYTES("listener 1883\n"), SAVED_US, words));
    assert_non_null(strstr(words, "no persistence file"));
    free(moved);
}

/* More than one batch, and more than one commit. */
static void much_moves_in_several_transactions(void **state)
{
    (void)state;
    enum { COUNT = 40, SIZE = 400 * 1024 };
    struct made *made = malloc(sizeof *made);
    uint8_t *file = malloc((size_t)COUNT * (SIZE + 100) + sizeof made->bytes);
    uint8_t *payload = calloc(1, SIZE);
    assert_true(made && file && payload);
    size_t size = 0;
    made_begin(made, 6);
    made_client(made,
                &(struct mosquitto_db_client){.client_id = BYTES("c"), .expiry_s = UINT32_MAX});
    for (uint64_t i = 1; i <= COUNT; i++) {
        made_delivery(made, &(struct mosquitto_db_delivery){.client_id = BYTES("c"),
                                                            .message = i,
                                                            .packet_id = (uint16_t)i,
                                                            .qos = 1,
                                                            .state = MOSQUITTO_DB_QUEUED,
                                                            .is_outgoing = true});
    }
    memcpy(file, made->bytes, made->size);
    size = made->size;
    for (uint64_t i = 1; i <= COUNT; i++) {
        uint8_t head[8 + 32 + 1] = {
            0,         0, 0, 2, 0, (SIZE + 33) >> 16, (SIZE + 33) >> 8 & 255, (SIZE + 33) & 255,
            (uint8_t)i};
        head[8 + 17] = SIZE >> 16;
        head[8 + 18] = SIZE >> 8 & 255;
        head[8 + 19] = SIZE & 255;
        head[8 + 27] = 1;
        head[8 + 30] = 1;
        head[8 + 32] = 't';
        memcpy(file + size, head, sizeof head);
        memcpy(file + size + sizeof head, payload, SIZE);
        size += sizeof head + SIZE;
    }
    char words[STORE_WORDS_SIZE] = "";
    struct memory_disk *disk = memory_disk_new(0);
    struct store_birth birth = {.worker_count = 1, .home = home_of_all};
    struct store_found found;
    struct store *store = store_open(store_memory_open(disk), &birth, 1, &found, words);
    uint64_t commits = memory_disk_commits(disk);
    struct moving_in *plan = moving_in_read(bytes_of(file, size), SAVED_US, words);
    assert_non_null(plan);
    assert_int_equal(moving_in_counts(plan)->deliveries, COUNT);
    assert_true(moving_in_write(plan, store, &found, words));
    assert_true(memory_disk_commits(disk) >= commits + 2);
    store_close(store, true);

    /* A disk that fails is told. */
    store = store_open(store_memory_open(disk), &birth, 1, &found, words);
    memory_disk_faults(disk)->is_failing = true;
    assert_false(moving_in_write(plan, store, &found, words));
    assert_true(words[0] != '\0');
    store_close(store, false);
    moving_in_free(plan);
    memory_disk_free(disk);
    free(payload);
    free(file);
    free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_keep_what_they_want_and_are_owed),
        cmocka_unit_test(version_5_moves_as_well),
        cmocka_unit_test(what_is_in_flight_keeps_its_identifier),
        cmocka_unit_test(times_and_properties_move),
        cmocka_unit_test(a_message_that_waits_for_pubrel_is_moved_on),
        cmocka_unit_test(what_cannot_move_is_counted),
        cmocka_unit_test(other_files_are_refused_with_a_sentence),
        cmocka_unit_test(much_moves_in_several_transactions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
