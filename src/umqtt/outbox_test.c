/* outbox_test.c — the queue of packets against a plain list of what it should hold. */
#include "umqtt/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"

enum { MEMORY_SIZE = 300, ROUNDS = 200000 };

/* A QoS 1 PUBLISH to "a", or the same by reference. */
static bool append(struct umqtt_outbox *outbox, uint16_t packet_id, uint8_t payload_size,
                   bool by_reference)
{
    static const uint8_t PAYLOAD[256];
    uint8_t body_size = (uint8_t)(5 + payload_size);
    size_t size = by_reference ? RECORD_REFERENCE_SIZE + 7u : 2u + body_size;
    uint8_t *place = outbox_append(outbox, size);
    if (!place)
        return false;
    if (by_reference) {
        const uint8_t *payload = PAYLOAD;
        uint32_t payload_size_32 = payload_size;
        *place++ = RECORD_REFERENCE;
        memcpy(place, &payload, sizeof payload);
        place += sizeof payload;
        memcpy(place, &payload_size_32, sizeof payload_size_32);
        place += sizeof payload_size_32;
    }
    const uint8_t head[] = {
        0x32, body_size, 0, 1, 'a', (uint8_t)(packet_id >> 8), (uint8_t)packet_id};
    memcpy(place, head, sizeof head);
    if (!by_reference)
        memset(place + sizeof head, packet_id & 0xFF, payload_size);
    return true;
}

struct model {
    uint16_t ids[100];
    uint8_t sizes[100];
    bool sent[100];
    size_t count;
};

/* Every record of the model is there, in its order, with its bytes and its state. */
static void compare(const struct umqtt_outbox *outbox, const struct model *model)
{
    size_t index = 0;
    struct record record;
    bool seen_unsent = outbox->unsent <= outbox->begin;
    for (uint32_t at = outbox->begin; outbox_read(outbox, at, &record); at += record.size) {
        seen_unsent = seen_unsent || at >= outbox->unsent;
        if (record_state(&record) == RECORD_DONE)
            continue;
        assert_true(index < model->count);
        assert_int_equal(record_packet_id(&record), model->ids[index]);
        assert_int_equal(record_state(&record),
                         model->sent[index] ? PACKET_PUBACK : PACKET_PUBLISH);
        if (!model->sent[index])
            assert_true(seen_unsent);
        if (record.payload.data) {
            assert_int_equal(record.payload.size, model->sizes[index]);
        } else {
            for (size_t i = 7; i < record.packet_size; i++)
                assert_int_equal(record.packet[i], model->ids[index] & 0xFF);
        }
        index++;
    }
    assert_int_equal(index, model->count);
}

static void forget(struct model *model, size_t index)
{
    model->count--;
    for (size_t i = index; i < model->count; i++) {
        model->ids[i] = model->ids[i + 1];
        model->sizes[i] = model->sizes[i + 1];
        model->sent[i] = model->sent[i + 1];
    }
}

static void like_a_list(void **state)
{
    (void)state;
    uint8_t memory[MEMORY_SIZE];
    struct umqtt_outbox outbox;
    struct model model = {.count = 0};
    struct random random;
    uint16_t next_id = 1;
    random_seed(&random, 1);
    outbox_init(&outbox, (struct umqtt_memory){memory, sizeof memory});
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct record record;
        uint64_t what = random_below(&random, 100);
        if (what < 45) {
            uint8_t size = (uint8_t)random_below(&random, 50);
            if (append(&outbox, next_id, size, random_below(&random, 3) == 0)) {
                model.ids[model.count] = next_id;
                model.sizes[model.count] = size;
                model.sent[model.count++] = false;
                next_id = next_id == UINT16_MAX ? 1 : (uint16_t)(next_id + 1);
            }
        } else if (what < 98 && model.count > 0) {
            size_t index = random_below(&random, model.count);
            enum packet_type type = model.sent[index] ? PACKET_PUBACK : PACKET_PUBLISH;
            assert_true(outbox_find(&outbox, type, model.ids[index], &record));
            if (model.sent[index]) {
                outbox_remove(&outbox, &record);
                forget(&model, index);
            } else {
                outbox_mark_sent(&outbox, &record);
                model.sent[index] = true;
            }
        } else {
            outbox_rewind(&outbox, round % 2 == 0);
            for (size_t i = 0; i < model.count; i++)
                model.sent[i] = false;
        }
        if (outbox.unsent < outbox.end && model.count > 0)
            outbox.unsent = outbox.begin; /* marked out of order here: as output.c never does */
        compare(&outbox, &model);
    }
}

static void all_of_it_can_be_used(void **state)
{
    (void)state;
    uint8_t memory[MEMORY_SIZE];
    struct umqtt_outbox outbox;
    struct record record;
    outbox_init(&outbox, (struct umqtt_memory){memory, sizeof memory});
    for (uint16_t id = 1; id <= 10; id++)
        assert_true(append(&outbox, id, 23, false)); /* 30 bytes each */
    assert_false(append(&outbox, 11, 0, false));
    for (uint16_t id = 2; id <= 10; id += 2) {
        assert_true(outbox_find(&outbox, PACKET_PUBLISH, id, &record));
        outbox_remove(&outbox, &record);
    }
    assert_true(append(&outbox, 12, 118, false)); /* 125 */
    assert_true(append(&outbox, 13, 18, false));  /* 25 */
    assert_false(append(&outbox, 14, 0, false));
}

static void gaps_of_any_size(void **state)
{
    (void)state;
    static uint8_t memory[20000];
    struct umqtt_outbox outbox;
    for (uint32_t size = 2; size < sizeof memory; size++) {
        struct record record;
        outbox_init(&outbox, (struct umqtt_memory){memory, sizeof memory});
        assert_non_null(outbox_append(&outbox, size));
        outbox_write_gap(&outbox, 0, size);
        assert_true(outbox_read(&outbox, 0, &record));
        assert_int_equal(record.size, size);
        assert_int_equal(record_state(&record), RECORD_DONE);
        assert_int_equal(record_packet_id(&record), 0);
    }
}

#define TEST(name, function)                                                                       \
    {                                                                                              \
        name, function, NULL, NULL, NULL                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("[MQTT-4.6.0-1][v3 MQTT-4.6.0-1] records keep their order, bytes and state",
             like_a_list),
        TEST("all of the memory can be used", all_of_it_can_be_used),
        TEST("gaps of any size", gaps_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
