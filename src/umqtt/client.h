/* client.h — what the files of this room know of a struct umqtt together. */
#ifndef MIDGE_UMQTT_CLIENT_H
#define MIDGE_UMQTT_CLIENT_H

#include "base/bytes.h"
#include "umqtt.h"
#include "wire/frame.h"

enum client_flag {
    FLAG_STOP = 1 << 0,           /* no other connection after this one */
    FLAG_PING_WAITING = 1 << 1,   /* PINGREQ is out, PINGRESP is not in */
    FLAG_CONTROL_OUT = 1 << 2,    /* the view that umqtt_output gave shows `control` */
    FLAG_RESUME = 1 << 3,         /* 5.0: the session outlives its connections */
    FLAG_CLEAN_SENT = 1 << 4,     /* CONNECT asked for a clean start */
    FLAG_IDS_LAPPED = 1 << 5,     /* packet identifiers have passed one still in use */
    FLAG_RETAIN_REFUSED = 1 << 6, /* 5.0: Retain Available is 0 */
    FLAG_LINGERED = 1 << 7,       /* the last bytes have had their time */
};

/* What umqtt_receive is in the middle of. */
enum input_state {
    INPUT_PACKETS = 0, /* nothing larger than the input buffer */
    INPUT_STREAM,      /* a PUBLISH: its head lies in the input buffer, its payload passes by */
    INPUT_REPEATED,    /* the same, but a QoS 2 message that the program has had already */
    INPUT_SKIP,        /* a PUBLISH whose head outgrew the input buffer */
};

static inline enum protocol_version client_version(const struct umqtt *client)
{
    return client->options->version ? (enum protocol_version)client->options->version
                                    : PROTOCOL_3_1_1;
}

/* Is 5.0 linked? v5.c or v5_none.c answers. */
bool v5_is_here(void);

/* A linker that optimises drops what stands behind it where v5_none.c is linked. */
static inline bool client_is_v5(const struct umqtt *client)
{
    return v5_is_here() && client->options->version == UMQTT_5;
}

static inline bool client_has(const struct umqtt *client, enum client_flag flag)
{
    return (client->flags & flag) != 0;
}

static inline struct bytes bytes_in(struct umqtt_bytes bytes)
{
    return bytes_of(bytes.data, bytes.size);
}

static inline struct umqtt_bytes bytes_out(struct bytes bytes)
{
    return umqtt_bytes(bytes.data, bytes.size);
}

static inline void client_raise(struct umqtt *client, const struct umqtt_event *event)
{
    client->options->on_event(client, event, client->options->context);
}

/* Ends the connection for a reason of ours: in 5.0 DISCONNECT says `reason` if CONNACK has come,
 * then the transport is to be closed. Does nothing when the connection is ending already. */
void client_fail(struct umqtt *client, uint32_t now_ms, enum umqtt_error error, uint8_t reason);

/* The same for a packet that a decoder of wire/ has refused. */
void client_refuse(struct umqtt *client, uint32_t now_ms, enum reason_code reason);

#endif
