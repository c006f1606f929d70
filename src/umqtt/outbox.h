/* outbox.h — what the program has asked for and the server has not yet finished with, in order.
 *
 * The caller's memory holds records one after another. A record *is* its encoded packet, so that
 * records that lie together go out together. Only its first byte changes: the high four bits are
 * the type of the packet to be sent or, once it is sent, of the packet that we wait for.
 *
 *   QoS 0      PUBLISH ──▶ done
 *   QoS 1      PUBLISH ──▶ PUBACK ──▶ done                                       [MQTT-4.3.2-3]
 *   QoS 2      PUBLISH ──▶ PUBREC ──▶ (PUBREL) ──▶ PUBCOMP ──▶ done  [MQTT-4.3.3-3] [MQTT-4.3.3-5]
 *   SUBSCRIBE ──▶ SUBACK ──▶ done       UNSUBSCRIBE ──▶ UNSUBACK ──▶ done
 *
 * PUBREL as a state means that it is still to be sent (again): it needs no room of its own, since
 * its identifier is in the record. On another connection every record goes one step back.
 *
 * A done record is a gap: first byte 0, then its length as in any packet. A publish by reference
 * starts with REFERENCE and the payload's place; its packet ends where the payload would begin. */
#ifndef MIDGE_UMQTT_OUTBOX_H
#define MIDGE_UMQTT_OUTBOX_H

#include "umqtt/client.h"

enum {
    RECORD_DONE = 0,
    RECORD_REFERENCE = 0xF0,
    RECORD_REFERENCE_SIZE = 1 + sizeof(const uint8_t *) + sizeof(uint32_t),
};

/* A view of one record; valid until the outbox changes. */
struct record {
    uint32_t offset;      /* in the outbox */
    uint32_t size;        /* of what lies in the outbox */
    uint8_t *packet;      /* first byte of the packet */
    uint32_t packet_size; /* of what of it lies in the outbox */
    uint32_t header_size; /* fixed header */
    struct bytes payload; /* by reference; else absent */
};

void outbox_init(struct umqtt_outbox *outbox, struct umqtt_memory memory);

/* True when a record of `size` bytes could ever fit. */
static inline bool outbox_can_hold(const struct umqtt_outbox *outbox, size_t size)
{
    return size <= outbox->memory.size;
}

/* Room for a record of `size` bytes behind the others, to be filled at once. Records may move.
 * NULL: full. */
uint8_t *outbox_append(struct umqtt_outbox *outbox, size_t size);

/* The record at `offset`; false at the end. The next one is at offset + size. */
bool outbox_read(const struct umqtt_outbox *outbox, uint32_t offset, struct record *record);

/* The type of the packet to be sent or waited for; RECORD_DONE for a gap. */
static inline uint8_t record_state(const struct record *record)
{
    return record->packet[0] >> 4;
}

static inline void record_set_state(const struct record *record, enum packet_type state)
{
    record->packet[0] = (uint8_t)(state << 4 | (record->packet[0] & 0x0F));
}

static inline bool record_is_publish(const struct record *record)
{
    return record_state(record) >= PACKET_PUBLISH && record_state(record) <= PACKET_PUBCOMP;
}

static inline bool record_is_to_send(const struct record *record)
{
    uint8_t state = record_state(record);
    return state == PACKET_PUBLISH || state == PACKET_PUBREL || state == PACKET_SUBSCRIBE ||
           state == PACKET_UNSUBSCRIBE;
}

/* Of the PUBLISH that the record is or was. */
static inline uint8_t record_qos(const struct record *record)
{
    return record->packet[0] >> 1 & 3;
}

/* Of a PUBLISH: only an alias says where it goes. */
static inline bool record_has_no_topic(const struct record *record)
{
    const uint8_t *topic_size = record->packet + record->header_size;
    return topic_size[0] == 0 && topic_size[1] == 0;
}

/* 0: a QoS 0 PUBLISH, or a gap. */
uint16_t record_packet_id(const struct record *record);

/* The first record in that state with that packet identifier. */
bool outbox_find(const struct umqtt_outbox *outbox, enum packet_type state, uint16_t packet_id,
                 struct record *record);

/* The packet of `record` is sent whole: it waits for its answer, or is done. */
void outbox_mark_sent(struct umqtt_outbox *outbox, const struct record *record);
/* Nobody waits for it any more. */
void outbox_remove(struct umqtt_outbox *outbox, const struct record *record);

/* Makes `size` >= 2 bytes at `offset` a done record. */
void outbox_write_gap(struct umqtt_outbox *outbox, uint32_t offset, uint32_t size);

/* What had begun to go out has not gone out. */
void outbox_interrupt(struct umqtt_outbox *outbox);
/* On a new connection: whatever waited for an answer is to be sent again. */
void outbox_rewind(struct umqtt_outbox *outbox, bool session_present);
/* Is `packet_id` on a record? */
bool outbox_has_id(const struct umqtt_outbox *outbox, uint16_t packet_id);

#endif
