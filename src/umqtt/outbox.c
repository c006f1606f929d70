/* outbox.c — a queue of packets in the caller's memory that remembers how far each has come.
 *
 * The happy path appends at the end, sends from the middle and frees at the front, and moves
 * nothing. Records may be done out of order: they stay as gaps until they reach the front, or until
 * an append runs out of room and squeezes all gaps out at once. A full outbox is an answer to
 * append, nothing else: no other function needs room. */
#include "umqtt/outbox.h"

#include <assert.h>

static void squeeze(struct umqtt_outbox *outbox);
static void drop_front(struct umqtt_outbox *outbox);

enum { FLAG_DUP = 8 };

void outbox_init(struct umqtt_outbox *outbox, struct umqtt_memory memory)
{
    assert(memory.size <= INT32_MAX);
    *outbox = (struct umqtt_outbox){.memory = memory};
}

uint8_t *outbox_append(struct umqtt_outbox *outbox, size_t size)
{
    if (size > outbox->memory.size - outbox->end) {
        squeeze(outbox);
        if (size > outbox->memory.size - outbox->end)
            return NULL;
    }
    uint8_t *place = outbox->memory.data + outbox->end;
    outbox->end += (uint32_t)size;
    return place;
}

bool outbox_read(const struct umqtt_outbox *outbox, uint32_t offset, struct record *record)
{
    if (offset >= outbox->end)
        return false;
    uint8_t *at = outbox->memory.data + offset;
    *record = (struct record){.offset = offset};
    uint32_t payload_size = 0;
    if (*at == RECORD_REFERENCE) {
        const uint8_t *payload;
        memcpy(&payload, at + 1, sizeof payload);
        memcpy(&payload_size, at + 1 + sizeof payload, sizeof payload_size);
        record->payload = bytes_of(payload, payload_size);
        at += RECORD_REFERENCE_SIZE;
    }
    record->packet = at++;
    uint32_t length = 0;
    unsigned shift = 0;
    do {
        length |= (uint32_t)(*at & 0x7F) << shift;
        shift += 7;
    } while (*at++ & 0x80);
    record->header_size = (uint32_t)(at - record->packet);
    record->packet_size = record->header_size + length - payload_size;
    record->size =
        (uint32_t)(record->packet - (outbox->memory.data + offset)) + record->packet_size;
    assert(record->size <= outbox->end - offset);
    return true;
}

uint16_t record_packet_id(const struct record *record)
{
    const uint8_t *id = record->packet + record->header_size;
    if (record_state(record) == RECORD_DONE)
        return 0;
    if (record_is_publish(record)) {
        if (record_qos(record) == 0)
            return 0;
        id += 2 + (id[0] << 8 | id[1]);
    }
    return (uint16_t)(id[0] << 8 | id[1]);
}

bool outbox_find(const struct umqtt_outbox *outbox, enum packet_type state, uint16_t packet_id,
                 struct record *record)
{
    for (uint32_t at = outbox->begin; outbox_read(outbox, at, record); at += record->size) {
        if (record_state(record) == state && record_packet_id(record) == packet_id)
            return true;
    }
    return false;
}

bool outbox_has_id(const struct umqtt_outbox *outbox, uint16_t packet_id)
{
    struct record record;
    for (uint32_t at = outbox->begin; outbox_read(outbox, at, &record); at += record.size) {
        if (record_packet_id(&record) == packet_id)
            return true;
    }
    return false;
}

void outbox_mark_sent(struct umqtt_outbox *outbox, const struct record *record)
{
    switch (record_state(record)) {
    case PACKET_PUBLISH:
        if (record_qos(record) == 0) /* once, and forgotten [v3 MQTT-4.3.1-1] */
            outbox_remove(outbox, record);
        else /* [MQTT-4.3.2-3] [MQTT-4.3.3-3] [v3 MQTT-4.3.2-1] */
            record_set_state(record, record_qos(record) == 1 ? PACKET_PUBACK : PACKET_PUBREC);
        break;
    case PACKET_PUBREL: record_set_state(record, PACKET_PUBCOMP); break; /* [MQTT-4.3.3-5] */
    case PACKET_SUBSCRIBE: record_set_state(record, PACKET_SUBACK); break;
    case PACKET_UNSUBSCRIBE: record_set_state(record, PACKET_UNSUBACK); break;
    default: assert(!"a record that was not to be sent");
    }
}

void outbox_remove(struct umqtt_outbox *outbox, const struct record *record)
{
    if (record->packet_size != record->size)
        outbox_write_gap(outbox, record->offset, record->size);
    else
        record->packet[0] = RECORD_DONE << 4; /* its length is there already */
    drop_front(outbox);
}

void outbox_write_gap(struct umqtt_outbox *outbox, uint32_t offset, uint32_t size)
{
    assert(size >= 2 && size <= outbox->end - offset);
    uint8_t *at = outbox->memory.data + offset;
    unsigned length_size = size < 2 + 128 ? 1 : 4; /* need not be the shortest form in here */
    uint32_t length = size - 1 - length_size;
    *at++ = RECORD_DONE << 4;
    for (; --length_size > 0; length >>= 7)
        *at++ = (uint8_t)(length | 0x80);
    *at = (uint8_t)length;
}

void outbox_interrupt(struct umqtt_outbox *outbox)
{
    outbox->sent = 0;
}

void outbox_rewind(struct umqtt_outbox *outbox, bool session_present)
{
    outbox->unsent = outbox->begin; /* in the order of old [MQTT-4.6.0-1] [v3 MQTT-4.6.0-1] */
    outbox->sent = 0;
    struct record record;
    for (uint32_t at = outbox->begin; outbox_read(outbox, at, &record); at += record.size) {
        switch (record_state(&record)) {
        case PACKET_PUBACK:
        case PACKET_PUBREC:
            record_set_state(&record, PACKET_PUBLISH); /* however old [MQTT-4.3.3-7] */
            if (session_present)
                record.packet[0] |= FLAG_DUP; /* [MQTT-3.3.1-1] [v3 MQTT-3.3.1-1] */
            else
                record.packet[0] &= (uint8_t)~FLAG_DUP; /* to this session it is new */
            break;
        case PACKET_PUBCOMP: record_set_state(&record, PACKET_PUBREL); break;
        case PACKET_SUBACK: record_set_state(&record, PACKET_SUBSCRIBE); break;
        case PACKET_UNSUBACK: record_set_state(&record, PACKET_UNSUBSCRIBE); break;
        default: break;
        }
    }
}

/* Moves every record that is not done to the front, keeping the order. */
static void squeeze(struct umqtt_outbox *outbox)
{
    uint32_t to = 0, unsent = outbox->end, sending = outbox->end;
    bool found_unsent = false, found_sending = false;
    struct record record;
    for (uint32_t at = outbox->begin; outbox_read(outbox, at, &record);) {
        uint32_t size = record.size;
        if (at >= outbox->unsent && !found_unsent) {
            unsent = to;
            found_unsent = true;
        }
        if (at == outbox->sending) {
            sending = to;
            found_sending = true;
        }
        if (record_state(&record) != RECORD_DONE) {
            memmove(outbox->memory.data + to, outbox->memory.data + at, size);
            to += size;
        }
        at += size;
    }
    outbox->begin = 0;
    outbox->end = to;
    outbox->unsent = found_unsent ? unsent : to;
    outbox->sending = found_sending ? sending : to;
}

static void drop_front(struct umqtt_outbox *outbox)
{
    struct record record;
    while (outbox_read(outbox, outbox->begin, &record) && record_state(&record) == RECORD_DONE)
        outbox->begin += record.size;
    if (outbox->begin == outbox->end) {
        outbox->begin = outbox->end = 0;
        outbox->unsent = outbox->sending = 0;
    }
    if (outbox->unsent < outbox->begin)
        outbox->unsent = outbox->begin;
}
