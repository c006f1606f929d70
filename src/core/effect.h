/* effect.h — what a step asks of the world. The lists live in the core and are emptied by the
 * worker, at the latest at the end of a loop turn; bytes to send are not here but in each link's
 * outbox. */
#ifndef MIDGE_CORE_EFFECT_H
#define MIDGE_CORE_EFFECT_H

#include "core/link.h"

/* An authenticator is asked about a client; the answer is EVENT_AUTHENTICATED. */
struct authentication_request {
    struct link *link;
    struct bytes method; /* empty: user name and password alone */
    struct bytes data;   /* Authentication Data */
    struct bytes client_id, user_name, password;
    bool is_first; /* from CONNECT, or the AUTH that begins a re-authentication */
};

/* Answers authentication requests, at once or later. `ask` returns true when it takes the
 * request (the answer comes as EVENT_AUTHENTICATED, never from within the call), false when it
 * knows no such method. [MQTT-4.12.0-1] */
struct authenticator {
    bool (*ask)(void *context, const struct authentication_request *request);
    void *context;
};

struct effects {
    struct link *opened; /* the link that EVENT_LINK_OPENED made; NULL: no memory, or refused */
    /* Bytes of EVENT_LINK_RECEIVED that were taken. What is left is offered again, with what comes
     * behind it: at once when more arrives, or when the link is resumed. */
    size_t consumed;
    uint64_t deadline_us; /* EVENT_TIME is wanted then; UINT64_MAX: never */
};

#endif
