/* umqtt.h — an MQTT client (3.1, 3.1.1 and 5.0) that does no input or output and never allocates.
 *
 * Two faces. `struct umqtt` is the client's mind: bytes in, bytes out, time in, deadline out,
 * events up. Below it stands `struct umqtt_client`, a thin blocking face over a transport, with the
 * verbs of MicroPython's library: connect, publish, subscribe, check_msg.
 *
 * A program around `struct umqtt` is a loop:
 *
 *     umqtt_init(&client, &options);
 *     umqtt_start(&client, now());
 *     for (;;) {
 *         switch (umqtt_wants(&client)) {
 *         case UMQTT_WANTS_OPEN:    open the transport, then umqtt_opened; failed: umqtt_closed
 *         case UMQTT_WANTS_CLOSE:   close it, then umqtt_closed
 *         case UMQTT_WANTS_NOTHING: break;
 *         }
 *         while umqtt_output(&client) is not empty: write it, then umqtt_output_sent
 *         wait for the transport, at most umqtt_wait_ms(&client, now())
 *         read some bytes: umqtt_receive(&client, now(), bytes)
 *         umqtt_tick(&client, now());
 *     }
 *
 * Words used below. borrowed: must stay valid during the call only. kept: must stay valid as long
 * as the text says. Time is milliseconds of any clock that only goes forward; it may wrap.
 * A view with `data` NULL is absent, one with `size` 0 is there and empty. Nothing here is
 * thread-safe; two clients share nothing. */
#ifndef UMQTT_H
#define UMQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- bytes, versions, errors --- */

struct umqtt_bytes {
    const uint8_t *data;
    size_t size;
};

struct umqtt_memory {
    uint8_t *data;
    size_t size;
};

static inline struct umqtt_bytes umqtt_bytes(const void *data, size_t size)
{
    struct umqtt_bytes bytes = {(const uint8_t *)data, size};
    return bytes;
}

/* The bytes of a zero-terminated text, without the zero; NULL gives an absent view. */
static inline struct umqtt_bytes umqtt_text(const char *text)
{
    return umqtt_bytes(text, text ? strlen(text) : 0);
}

/* The protocol level as CONNECT carries it. */
enum umqtt_version { UMQTT_3_1 = 3, UMQTT_3_1_1 = 4, UMQTT_5 = 5 };

enum umqtt_error {
    UMQTT_OK = 0,
    UMQTT_FULL,           /* no room in the outbox now: try again after the next event */
    UMQTT_TOO_LARGE,      /* more than the buffer, the server or MQTT itself can ever take */
    UMQTT_INVALID,        /* a topic, filter, text, QoS or property that MQTT does not allow here */
    UMQTT_NOT_CONNECTED,  /* needs a connection, and there is none */
    UMQTT_UNSUPPORTED,    /* not in this protocol version, or not granted by this server */
    UMQTT_REFUSED,        /* the server's CONNACK (or acknowledgement) says no; see the reason */
    UMQTT_TRANSPORT,      /* the transport could not be opened, or broke */
    UMQTT_TIMEOUT,        /* no CONNACK, PINGRESP or acknowledgement in time */
    UMQTT_MALFORMED,      /* the server sent what is no MQTT packet */
    UMQTT_PROTOCOL_ERROR, /* the server sent a packet that has no place here */
    UMQTT_RECEIPTS_FULL,  /* more QoS 2 messages in flight than `receipts` can remember */
    UMQTT_ENDED_BY_SERVER, /* the server sent DISCONNECT; see the reason */
    UMQTT_ENDED,           /* we ended the connection ourselves */
};

/* For a person, never NULL: a sentence without full stop; a reason code of 5.0, or "unknown
 * reason"; the code in a CONNACK of that version. */
const char *umqtt_error_words(enum umqtt_error error);
const char *umqtt_reason_words(uint8_t reason);
const char *umqtt_connack_words(enum umqtt_version version, uint8_t code);

/* ------------------------------------------------------------------- properties (MQTT 5.0) --- */

/* Properties travel through this library encoded, one after another, as MQTT writes them, without
 * their length. Write them with umqtt_property_add_*, read them with umqtt_property_next. */

enum umqtt_property_id {
    UMQTT_PAYLOAD_FORMAT_INDICATOR = 0x01,          /* number */
    UMQTT_MESSAGE_EXPIRY_INTERVAL = 0x02,           /* number, seconds */
    UMQTT_CONTENT_TYPE = 0x03,                      /* text */
    UMQTT_RESPONSE_TOPIC = 0x08,                    /* text */
    UMQTT_CORRELATION_DATA = 0x09,                  /* binary */
    UMQTT_SUBSCRIPTION_IDENTIFIER = 0x0B,           /* number */
    UMQTT_SESSION_EXPIRY_INTERVAL = 0x11,           /* number, seconds */
    UMQTT_ASSIGNED_CLIENT_IDENTIFIER = 0x12,        /* text */
    UMQTT_SERVER_KEEP_ALIVE = 0x13,                 /* number, seconds */
    UMQTT_AUTHENTICATION_METHOD = 0x15,             /* text */
    UMQTT_AUTHENTICATION_DATA = 0x16,               /* binary */
    UMQTT_REQUEST_PROBLEM_INFORMATION = 0x17,       /* number */
    UMQTT_WILL_DELAY_INTERVAL = 0x18,               /* number, seconds */
    UMQTT_REQUEST_RESPONSE_INFORMATION = 0x19,      /* number */
    UMQTT_RESPONSE_INFORMATION = 0x1A,              /* text */
    UMQTT_SERVER_REFERENCE = 0x1C,                  /* text */
    UMQTT_REASON_STRING = 0x1F,                     /* text */
    UMQTT_RECEIVE_MAXIMUM = 0x21,                   /* number */
    UMQTT_TOPIC_ALIAS_MAXIMUM = 0x22,               /* number */
    UMQTT_TOPIC_ALIAS = 0x23,                       /* number */
    UMQTT_MAXIMUM_QOS = 0x24,                       /* number */
    UMQTT_RETAIN_AVAILABLE = 0x25,                  /* number */
    UMQTT_USER_PROPERTY = 0x26,                     /* pair of texts */
    UMQTT_MAXIMUM_PACKET_SIZE = 0x27,               /* number */
    UMQTT_WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28,   /* number */
    UMQTT_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29, /* number */
    UMQTT_SHARED_SUBSCRIPTION_AVAILABLE = 0x2A,     /* number */
};

struct umqtt_property {
    enum umqtt_property_id id;
    uint32_t number;          /* of those marked number */
    struct umqtt_bytes text;  /* of text and binary; the name of a pair */
    struct umqtt_bytes value; /* of a pair */
};

/* Properties being written: memory of the caller's, and how much of it is used. */
struct umqtt_properties {
    uint8_t *data;
    size_t size, size_max;
};

static inline struct umqtt_bytes umqtt_properties_bytes(const struct umqtt_properties *properties)
{
    return umqtt_bytes(properties->data, properties->size);
}

/* Appends one property; its views are borrowed. Nothing is written unless UMQTT_OK.
 * Errors: UMQTT_INVALID (no such property, wrong type, number out of range, ill-formed UTF-8, text
 * longer than 65535 bytes), UMQTT_FULL (no room in `properties`). Whether the property belongs to
 * its packet is checked when the packet is sent. */
enum umqtt_error umqtt_property_add(struct umqtt_properties *properties,
                                    const struct umqtt_property *property);
enum umqtt_error umqtt_property_add_number(struct umqtt_properties *properties,
                                           enum umqtt_property_id id, uint32_t number);
enum umqtt_error umqtt_property_add_text(struct umqtt_properties *properties,
                                         enum umqtt_property_id id, struct umqtt_bytes text);
enum umqtt_error umqtt_property_add_pair(struct umqtt_properties *properties,
                                         struct umqtt_bytes name, struct umqtt_bytes value);

/* Reads the property at `*offset` of `section` and moves the offset behind it; views borrow from
 * the section. False at its end. What comes with an event is well-formed. */
bool umqtt_property_next(struct umqtt_bytes section, size_t *offset,
                         struct umqtt_property *property);
/* The first property with that identifier; false when there is none. */
bool umqtt_property_find(struct umqtt_bytes section, enum umqtt_property_id id,
                         struct umqtt_property *property);

/* ----------------------------------------------------------------------------- the options --- */

struct umqtt;
struct umqtt_event;

/* Called from umqtt_receive, _tick, _output_sent, _opened and _closed. Views in the event are
 * borrowed. It may call any umqtt_send_* function, umqtt_start and umqtt_wants, but none of those
 * five. */
typedef void umqtt_event_fn(struct umqtt *client, const struct umqtt_event *event, void *context);

struct umqtt_will {
    struct umqtt_bytes topic, payload;
    struct umqtt_bytes properties; /* 5.0; absent otherwise */
    uint8_t qos;
    bool retain;
};

/* Everything is kept, views and what they point to included, as long as the client is in use.
 * The caller may change it whenever no connection stands or is being made. */
struct umqtt_options {
    enum umqtt_version version;    /* 0: 3.1.1 */
    struct umqtt_bytes client_id;  /* empty: the server chooses (with 3.x only if clean_start) */
    struct umqtt_bytes user_name;  /* absent: none */
    struct umqtt_bytes password;   /* absent: none; with 3.x it needs a user name */
    const struct umqtt_will *will; /* NULL: none */
    bool clean_start;      /* Clean Session in 3.x. In 5.0 it holds for the first connection after
                         umqtt_start; later ones resume while the session expiry is above 0. */
    uint16_t keep_alive_s; /* 0: none, and a dead peer is noticed by the transport only */
    struct umqtt_bytes connect_properties; /* 5.0. Receive Maximum (from `receipts`) and Topic Alias
                                              Maximum are yours to add or to leave out; without the
                                              first, receipt_count_max is announced. */

    uint32_t connect_timeout_ms; /* opening and CONNACK together; 0: 10 s */
    uint32_t ping_timeout_ms;    /* PINGREQ to PINGRESP; 0 or more: half of the keep alive */
    uint32_t reconnect_min_ms;   /* first pause before connecting again; 0: 1 s */
    uint32_t reconnect_max_ms;   /* pauses double up to this; 0: never connect again by itself */
    uint32_t seed;               /* for the jitter of the pauses: differs from device to device */

    struct umqtt_memory control; /* CONNECT must fit, AUTH, too; then it holds acknowledgements
                                    waiting to be sent (4 bytes each). At least UMQTT_CONTROL_MIN.
                                    While it is full nothing more is read. */
    struct umqtt_memory input;   /* a packet that arrives in pieces. A PUBLISH may be larger (its
                                    topic and properties must fit, or the message is skipped);
                                    no other packet may be. At least UMQTT_INPUT_MIN. */
    struct umqtt_memory outbox;  /* what is queued, unsent or unacknowledged, in order */
    uint16_t *receipts;          /* identifiers of QoS 2 messages received and not yet released */
    /* How many fit there. 0: no QoS 2 messages can be received. 65535 never overflows; with less,
     * one too many ends the connection (in 5.0 the server is told this number and must heed it). */
    uint16_t receipt_count_max;
    struct umqtt_memory aliases; /* 5.0: topics the server has given aliases to (size + 4 each);
                                    needed when connect_properties has a Topic Alias Maximum */

    umqtt_event_fn *on_event; /* must be there */
    void *context;            /* handed to on_event */
};

enum { UMQTT_CONTROL_MIN = 24, UMQTT_INPUT_MIN = 8 };

/* ------------------------------------------------------------------------------ the events --- */

enum umqtt_event_type {
    UMQTT_EVENT_CONNECTED,    /* CONNACK said yes. session_present false: subscribe (again) now */
    UMQTT_EVENT_MESSAGE,      /* a message, or a part of one */
    UMQTT_EVENT_SKIPPED,      /* a message whose topic and properties outgrew the input buffer;
                                 acknowledged to the server. Only qos, retain, dup, packet_id are
                                 set, and payload_size: all that followed the topic */
    UMQTT_EVENT_ACKNOWLEDGED, /* a publish has ended: PUBACK, PUBCOMP, or a PUBREC that refuses;
                                 or a queued one that this server may not be sent (error is set) */
    UMQTT_EVENT_SUBSCRIBED,   /* SUBACK: one reason a filter */
    UMQTT_EVENT_UNSUBSCRIBED, /* UNSUBACK: in 5.0 one reason a filter */
    UMQTT_EVENT_AUTH,         /* AUTH came (5.0): answer with umqtt_send_auth if reason is 0x18 */
    UMQTT_EVENT_ENDING,       /* the server refused in CONNACK (UMQTT_REFUSED), or sent DISCONNECT
                                 (UMQTT_ENDED_BY_SERVER): here are the properties, DISCONNECTED
                                 follows when the transport is closed */
    UMQTT_EVENT_DISCONNECTED, /* the connection, or the try, is over; once for each umqtt_opened or
                                 failed try. Whether there will be another: umqtt_state */
};

struct umqtt_message {
    struct umqtt_bytes topic;      /* never empty: aliases are resolved */
    struct umqtt_bytes payload;    /* this part of it */
    size_t payload_offset;         /* where the part lies in the whole */
    size_t payload_size;           /* of the whole payload; the part is all of it most times */
    struct umqtt_bytes properties; /* 5.0 */
    uint16_t packet_id;            /* 0 for QoS 0 */
    uint8_t qos;
    bool retain, dup;
};

struct umqtt_event {
    enum umqtt_event_type type;
    /* ENDING, DISCONNECTED: why. ACKNOWLEDGED: UMQTT_OK, or why not. */
    enum umqtt_error error;
    /* CONNECTED, ACKNOWLEDGED, AUTH, ENDING, DISCONNECTED: the code received (with UMQTT_REFUSED in
     * 3.x a connect return code), or the one we sent. */
    uint8_t reason;
    bool session_present; /* CONNECTED */
    /* ACKNOWLEDGED, SUBSCRIBED, UNSUBSCRIBED. 0: a QoS 0 publish by reference has been sent, its
     * payload is the caller's again; or, with an error, any QoS 0 publish that will not be. */
    uint16_t packet_id;
    /* SUBSCRIBED, UNSUBSCRIBED: one byte a filter, in their order; 0x80 and above: refused. */
    struct umqtt_bytes reasons;
    struct umqtt_bytes properties; /* 5.0, of the packet that caused the event (not MESSAGE) */
    struct umqtt_message message;  /* MESSAGE, SKIPPED */
};

/* -------------------------------------------------------------- the client without any I/O --- */

enum umqtt_state {
    UMQTT_IDLE,       /* not started, or ended for good */
    UMQTT_WAITING,    /* a pause before the next try */
    UMQTT_OPENING,    /* the transport is to be opened, or being opened */
    UMQTT_CONNECTING, /* CONNECT is on its way, CONNACK is not here */
    UMQTT_CONNECTED,
    UMQTT_CLOSING, /* last bytes go out, then the transport is to be closed */
};

/* The fields of these three are the library's own. */
struct umqtt_outbox {
    struct umqtt_memory memory;
    uint32_t begin, end; /* the records */
    uint32_t unsent;     /* every record before this one has been sent */
    uint32_t sending;    /* the record that goes out now, and how much of it has */
    uint32_t sent;
};

struct umqtt_control {
    struct umqtt_memory memory;
    uint32_t begin, end; /* whole packets, but for the first, which may have begun to go out */
};

struct umqtt {
    const struct umqtt_options *options;
    struct umqtt_outbox outbox;
    struct umqtt_control control;
    uint32_t state_since_ms, sent_at_ms, received_at_ms, ping_at_ms;
    uint32_t pause_ms, random;
    uint32_t input_size;  /* bytes kept of a packet that came in part */
    uint32_t stream_left; /* of a PUBLISH larger than the input buffer */
    uint32_t stream_size;
    uint32_t server_packet_size_max;
    uint32_t aliases_size;
    uint16_t packet_id;                      /* the last one given */
    uint16_t keep_alive_s;                   /* the server's, if it named one */
    uint16_t send_quota, server_receive_max; /* PUBLISHes above QoS 0 */
    uint16_t server_alias_max, receipt_count;
    uint16_t flags;
    uint8_t state, error, reason, server_qos_max, input_state, attempts;
};

/* Starts with an empty outbox. `options` is kept. The buffers must have their least sizes. */
void umqtt_init(struct umqtt *client, const struct umqtt_options *options);

/* Wants a connection from now on: OPENING. From IDLE or WAITING; elsewhere it does nothing.
 * What is in the outbox stays. Errors: UMQTT_INVALID (the options hold what MQTT forbids),
 * UMQTT_TOO_LARGE (CONNECT does not fit in `control`), UMQTT_UNSUPPORTED (5.0 was left out). */
enum umqtt_error umqtt_start(struct umqtt *client, uint32_t now_ms);

enum umqtt_wants {
    UMQTT_WANTS_NOTHING,
    UMQTT_WANTS_OPEN,  /* begin to open the transport; asked until umqtt_opened or umqtt_closed */
    UMQTT_WANTS_CLOSE, /* close it (also one that is still opening), then umqtt_closed */
};
enum umqtt_wants umqtt_wants(const struct umqtt *client);
enum umqtt_state umqtt_state(const struct umqtt *client);

/* The transport is open: CONNECT goes out. Only in OPENING. */
void umqtt_opened(struct umqtt *client, uint32_t now_ms);
/* The transport is closed, or could not be opened. Raises DISCONNECTED, then waits for the next try
 * or is IDLE. */
void umqtt_closed(struct umqtt *client, uint32_t now_ms);

/* Takes bytes that came from the server (borrowed) and raises events. Returns how many it took:
 * fewer than there are when the acknowledgements they ask for have no room yet, or the connection
 * is ending. Offer the rest again after umqtt_output_sent; when CLOSING, drop it. */
size_t umqtt_receive(struct umqtt *client, uint32_t now_ms, struct umqtt_bytes bytes);

/* What to write next; empty when there is nothing. Valid until the next call with this client.
 * Packets that lie together are given together; a publish is one view, a publish by reference
 * two. */
struct umqtt_bytes umqtt_output(struct umqtt *client);
/* The first `size` bytes of that view have been written. */
void umqtt_output_sent(struct umqtt *client, uint32_t now_ms, size_t size);

/* Time passes: keep alive, timeouts, the next try. Call it when umqtt_wait_ms has passed, or
 * earlier. */
void umqtt_tick(struct umqtt *client, uint32_t now_ms);
/* Milliseconds until umqtt_tick has something to do; UMQTT_FOREVER: nothing. */
uint32_t umqtt_wait_ms(const struct umqtt *client, uint32_t now_ms);
#define UMQTT_FOREVER UINT32_MAX

/* The send functions only queue. They are safe in on_event and in every state, offline included,
 * unless said otherwise. Views are borrowed (copied into the outbox) unless said otherwise. Each
 * may answer UMQTT_FULL, and UMQTT_TOO_LARGE when even an empty outbox could not take it. */

struct umqtt_publication {
    struct umqtt_bytes topic; /* may be empty with an alias that was set on this connection */
    struct umqtt_bytes payload;
    struct umqtt_bytes properties; /* 5.0; a Topic Alias is not among them but here: */
    uint16_t topic_alias; /* 5.0; 0: none. Only while connected. Sent again on another connection, a
                             message goes without its alias; with QoS 0 and no topic it is lost. */
    uint8_t qos;
    bool retain;
    bool by_reference; /* the payload is kept, not copied, until ACKNOWLEDGED with its packet_id (0
                          for QoS 0): for payloads larger than the outbox */
};

/* *packet_id (may be NULL) is 0 for QoS 0.
 * Errors: UMQTT_INVALID; UMQTT_UNSUPPORTED (QoS, retain or alias above what this server grants). */
enum umqtt_error umqtt_send_publish(struct umqtt *client,
                                    const struct umqtt_publication *publication,
                                    uint16_t *packet_id);

enum { UMQTT_RETAIN_SEND = 0, UMQTT_RETAIN_SEND_IF_NEW = 1, UMQTT_RETAIN_SEND_NONE = 2 };

struct umqtt_subscription {
    struct umqtt_bytes filter; /* `$share/NAME/` included */
    uint8_t qos;
    bool no_local, retain_as_published; /* 5.0 */
    uint8_t retain_handling;            /* 5.0: UMQTT_RETAIN_SEND … */
};

/* One SUBSCRIBE or UNSUBSCRIBE with `count` > 0 filters; stays in the outbox until its answer, and
 * is sent again when the connection is lost before. Errors: UMQTT_INVALID. */
enum umqtt_error umqtt_send_subscribe(struct umqtt *client,
                                      const struct umqtt_subscription *subscriptions, size_t count,
                                      struct umqtt_bytes properties, uint16_t *packet_id);
enum umqtt_error umqtt_send_unsubscribe(struct umqtt *client, const struct umqtt_bytes *filters,
                                        size_t count, struct umqtt_bytes properties,
                                        uint16_t *packet_id);
/* PINGREQ now. Errors: UMQTT_NOT_CONNECTED. */
enum umqtt_error umqtt_send_ping(struct umqtt *client, uint32_t now_ms);

enum { UMQTT_CONTINUE_AUTHENTICATION = 0x18, UMQTT_RE_AUTHENTICATE = 0x19 };

/* AUTH (5.0): 0x18 in answer to UMQTT_EVENT_AUTH, 0x19 to authenticate again when connected. The
 * properties must hold the Authentication Method of CONNECT. It goes through `control`.
 * Errors: UMQTT_NOT_CONNECTED, UMQTT_UNSUPPORTED, UMQTT_INVALID, UMQTT_FULL. */
enum umqtt_error umqtt_send_auth(struct umqtt *client, uint8_t reason,
                                 struct umqtt_bytes properties);

/* Ends the connection, and all tries for another: DISCONNECT goes out before anything still queued
 * (wait for umqtt_is_settled first if that matters), then WANTS_CLOSE. Reason and properties are
 * 5.0's: 0 normal, 4 asks for the will to be sent. Not connected: simply ends; an open transport is
 * still to be closed. */
enum umqtt_error umqtt_send_disconnect(struct umqtt *client, uint32_t now_ms, uint8_t reason,
                                       struct umqtt_bytes properties);

/* True when nothing is queued, unsent or unacknowledged. */
bool umqtt_is_settled(const struct umqtt *client);
/* Forgets all of that, and what QoS 2 messages have come. Only when IDLE. */
void umqtt_forget(struct umqtt *client);

/* ----------------------------------------------------------------------- the blocking face --- */

enum umqtt_progress { UMQTT_LOST = -1, UMQTT_AGAIN = 0, UMQTT_DONE = 1 };

struct umqtt_transport { /* what a porter writes */
    void *self;          /* the transport's own */
    /* Begins to open, or goes on: UMQTT_DONE open, UMQTT_AGAIN not yet, UMQTT_LOST could not. */
    enum umqtt_progress (*open)(void *self);
    /* Reads what is there, at most `size` > 0: the number; 0 nothing now; -1 closed or broken. */
    int (*read)(void *self, uint8_t *data, size_t size);
    /* Writes what it can, at most `size` > 0: the number; 0 nothing now; -1 closed or broken. */
    int (*write)(void *self, const uint8_t *data, size_t size);
    /* Returns when there may be something to read (or, if asked, room to write), or after
     * `timeout_ms`, or earlier. */
    void (*wait)(void *self, bool for_write, uint32_t timeout_ms);
    /* Also of one that is not open, or half open. */
    void (*close)(void *self);
    uint32_t (*clock_ms)(void *self);
};

/* For messages; topic and payload are borrowed. A payload larger than the buffer comes in parts. It
 * may publish, subscribe and unsubscribe: in here those only queue. */
typedef void umqtt_message_fn(const struct umqtt_message *message, void *context);

enum { UMQTT_CLIENT_READ_SIZE = 64, UMQTT_CLIENT_SUBSCRIPTION_MAX = 8 };
/* `options`, `will`, `timeout_ms` may be changed between umqtt_client_init and umqtt_connect; the
 * other fields are the library's own. */
struct umqtt_client {
    struct umqtt core;
    struct umqtt_options options; /* the buffers, and on_event, are set by umqtt_connect */
    struct umqtt_will will;
    uint32_t timeout_ms; /* how long a call waits for its answer: 10 s */
    const struct umqtt_transport *transport;
    struct umqtt_memory memory;
    umqtt_message_fn *on_message;
    void *on_message_context;
    enum umqtt_error error; /* of the last connection that ended, and its reason code */
    uint8_t reason;
    bool is_ready, is_open, in_callback, session_present;
    uint16_t waiting_id; /* what a call waits for; 0: it has come, and said: */
    enum umqtt_error waiting_error;
    uint8_t subscription_count, subscribed_again; /* how many of them in the present session */
    const char *subscribed_filters[UMQTT_CLIENT_SUBSCRIPTION_MAX];
    uint8_t subscribed_qos[UMQTT_CLIENT_SUBSCRIPTION_MAX];
    uint8_t read_begin, read_end; /* bytes in `read` not yet taken */
    uint8_t read[UMQTT_CLIENT_READ_SIZE];
};

/* MQTT 3.1.1, clean session, connecting again after pauses of 1 to 60 s. `memory` (at least 128
 * bytes) is parted into the buffers: messages larger than about a third of it come in parts.
 * Everything is kept. */
void umqtt_client_init(struct umqtt_client *client, const char *client_id,
                       const struct umqtt_transport *transport, struct umqtt_memory memory,
                       uint16_t keep_alive_s);
/* Before umqtt_connect. Everything is kept; NULL: none. */
void umqtt_set_login(struct umqtt_client *client, const char *user_name, const char *password);
void umqtt_set_last_will(struct umqtt_client *client, const char *topic, struct umqtt_bytes payload,
                         bool retain, uint8_t qos);
void umqtt_set_callback(struct umqtt_client *client, umqtt_message_fn *on_message, void *context);

/* Waits for CONNACK; one try. *session_present may be NULL. */
enum umqtt_error umqtt_connect(struct umqtt_client *client, bool *session_present);
/* Waits until the message is written (QoS 0) or acknowledged (1 and 2). UMQTT_TIMEOUT with QoS 1
 * and 2: it stays queued and will be sent again. Offline it answers UMQTT_NOT_CONNECTED at once: a
 * message of QoS 0 is dropped then, others are queued if there is room. */
enum umqtt_error umqtt_publish(struct umqtt_client *client, const char *topic,
                               struct umqtt_bytes payload, bool retain, uint8_t qos);
/* Waits for SUBACK. `filter` is kept: it is subscribed to again whenever the server has forgotten
 * the session. UMQTT_FULL: as many as it can remember already. UMQTT_REFUSED: by the server. */
enum umqtt_error umqtt_subscribe(struct umqtt_client *client, const char *filter, uint8_t qos);
enum umqtt_error umqtt_unsubscribe(struct umqtt_client *client, const char *filter);
/* Takes in what has arrived, calling the callback for each message, sends what is due, and connects
 * again if that is due. Never waits (if the transport does not), and returns after a bounded number
 * of bytes. UMQTT_NOT_CONNECTED: not at the moment. */
enum umqtt_error umqtt_check_msg(struct umqtt_client *client);
/* Waits, at most `timeout_ms`, until something has arrived or is due, then as umqtt_check_msg. */
enum umqtt_error umqtt_wait_msg(struct umqtt_client *client, uint32_t timeout_ms);
enum umqtt_error umqtt_ping(struct umqtt_client *client);
/* Writes what can be written first; closes the transport. */
void umqtt_disconnect(struct umqtt_client *client);

#ifdef __cplusplus
}
#endif
#endif
