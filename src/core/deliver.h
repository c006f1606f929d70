/* deliver.h — the one path every message takes to those who want it.
 *
 *   publish ──▶ retained, and its topic is at home elsewhere? ──yes──▶ HOME_PUBLISH to that worker
 *                        │ no                                             (which goes on here ▼)
 *                        ▼
 *             keep it, if retained ──▶ route ──▶ sessions here · groups at home here
 *                                           └──▶ FORWARD to other workers
 *
 * Retained messages are passed on by their topic's home, so that whoever subscribes sees them in
 * the order in which they were kept. So that one publisher's messages to a topic stay in order,
 * what it publishes to that topic next takes the same way until the home has routed the former.
 * [MQTT-4.6.0-5] [MQTT-4.6.0-6]
 *
 * What durable sessions are owed, and what is kept, is acknowledged when it is on the disk, or no
 * longer owed: see receipt.h. */
#ifndef MIDGE_CORE_DELIVER_H
#define MIDGE_CORE_DELIVER_H

#include "core/core_state.h"

enum deliver_result {
    DELIVER_OK,
    DELIVER_LATER,   /* something has to happen first: its receipt sends the acknowledgement */
    DELIVER_NOBODY,  /* nobody is known to want it [MQTT-3.4.2-1] */
    DELIVER_REFUSED, /* not kept, for max_retained_messages is reached; or not for a full queue */
};

/* Publishes `message` (borrowed) on behalf of `link`, which sent it with `packet_id` (0: QoS 0),
 * or of the broker itself (NULL, 0). */
enum deliver_result deliver_publish(struct core *core, struct message *message, struct link *link,
                                    uint16_t packet_id);

/* What worker `from` said. `image` is a message's. */
void deliver_forwarded(struct core *core, uint32_t from, const struct publish_record *record,
                       struct bytes image);
void deliver_at_home(struct core *core, uint32_t from, const struct publish_record *record,
                     struct bytes image);
void deliver_routed(struct core *core, const struct publish_record *record);

#endif
