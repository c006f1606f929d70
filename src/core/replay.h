/* replay.h — retained messages on their way to a session that subscribed (section 3.3.1.3).
 *
 * Home after home is asked, portion after portion, as long as the session has room: a burst of a
 * million retained messages is paced by its reader and never grows a queue. A replay belongs to
 * its session and waits for the client's return. */
#ifndef MIDGE_CORE_REPLAY_H
#define MIDGE_CORE_REPLAY_H

#include "core/core_state.h"

enum { REPLAYS_OF_ONE_MAX = 8 };

/* The session is to get what is retained under the subscription's filter; `is_new`: it had no such
 * subscription before. False: no memory.
 * [MQTT-3.3.1-9] At most REPLAYS_OF_ONE_MAX wait for one subscription: the last of them then
 * serves the newest SUBSCRIBE, too. */
bool replay_begin(struct core *core, struct subscription *subscription, struct bytes filter,
                  bool is_new);
/* Asks for the next portion when there is room for it. */
void replay_pump(struct core *core, struct session *session);
void replay_end_all(struct core *core, struct session *session);
/* The subscription it was made for is gone. */
void replay_end_for(struct core *core, struct subscription *subscription);

/* True when a retained message that has just come in is older than the replay a new subscription
 * began with, which will bring it, or what has taken its place, anyway. One that was replaced has
 * a right to every message. [MQTT-3.8.4-4] */
bool replay_will_bring(const struct core *core, const struct subscription *subscription,
                       const struct message *message);

/* Answers of the homes. */
void replay_receive_begun(struct core *core, uint32_t home, const struct retained_record *record);
void replay_receive_message(struct core *core, const struct retained_record *record,
                            struct bytes image);
void replay_receive_portion(struct core *core, const struct retained_record *record);

#endif
