/* will.c — see will.h. */
#include "core/will.h"

#include "core/deliver.h"
#include "core/durable.h"
#include "core/journal.h"
#include "core/timers.h"
#include "wire/properties.h"

#include <assert.h>
#include <stdlib.h>

bool will_keep(struct core *core, struct session *session, const struct packet_connect *connect,
               const struct link_options *options)
{
    assert(connect->has_will && connect->will.topic.size > 0);
    const struct packet_will *from = &connect->will;
    struct will *will = malloc(sizeof *will);
    uint8_t *properties = from->property_bytes.size ? malloc(from->property_bytes.size) : NULL;
    if (!will || (from->property_bytes.size && !properties)) {
        free(will);
        free(properties);
        return false;
    }
    struct message_draft draft = {
        .topic = from->topic,
        .payload = from->payload,
        .mount_point = bytes_of_text(options->mount_point),
        .qos = from->qos,
        .retain = from->retain, /* [MQTT-3.1.2-14, -15] [v3 MQTT-3.1.2-16, -17] */
        .publisher = session->hash};
    if (properties) {
        draft.properties =
            bytes_of(properties, properties_copy_passed_on(from->property_bytes,
                                                           properties)); /* [MQTT-3.1.3-10] */
    }
    if (properties_have(&from->properties, PROPERTY_message_expiry_interval_s)) {
        draft.expires_us =
            from->properties.message_expiry_interval_s; /* counts from its publication */
    }
    will->message = message_new(&draft, &core->counters);
    will->delay_s = properties_have(&from->properties, PROPERTY_will_delay_interval_s)
                        ? from->properties.will_delay_interval_s
                        : 0;
    free(properties);
    if (!will->message) {
        free(will);
        return false;
    }
    will_forget(core, session);
    session->will = will; /* [MQTT-3.1.2-7] */
    return true;
}

void will_publish(struct core *core, struct session *session)
{
    struct will *will = session->will;
    if (!will) {
        return; /* [v3 MQTT-3.1.2-12] */
    }
    session->will = NULL;
    if (will->message->expires_us != 0) {
        assert(will->message->references == 1);
        will->message->expires_us =
            core->now_us + will->message->expires_us * MICROSECONDS_A_SECOND;
    }
    /* That it is gone from the session, and whom it is owed to, is one. */
    bool is_group = session->durable && core->worker_count > 1;
    durable_group_begin(core, is_group ? journal_new_number(core) : 0);
    deliver_publish(core, will->message, NULL, 0);
    if (session->durable) {
        durable_write_session(core, session);
        journal_hurry(core); /* so that a restart seldom says it again */
    }
    journal_group_end(core);
    message_unref(will->message, &core->counters);
    free(will);
}

void will_forget(struct core *core, struct session *session)
{
    if (session->will) {
        message_unref(session->will->message, &core->counters);
        free(session->will);
        session->will = NULL;
    }
}
