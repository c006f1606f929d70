/* umqtt_testing.h — a client and a scripted server, for the tests of this room: no sockets, and the
 * time is a number.
 *
 * Bytes are written as hex digits and quoted text: "30 05 00 01 'a' 'hi'". What the program is told
 * is a line of text: "connected; message a=hi q0". */
#ifndef MIDGE_UMQTT_TESTING_H
#define MIDGE_UMQTT_TESTING_H

#include "umqtt.h"

enum { WORLD_OUTBOX_MAX = 400, WORLD_LOG_MAX = 2000, WORLD_BYTES_MAX = 4096 };

struct world {
    struct umqtt client;
    struct umqtt_options options;
    uint32_t now_ms;
    char log[WORLD_LOG_MAX]; /* events since the last look */
    void (*on_event)(struct world *world, const struct umqtt_event *event); /* may be NULL */
    void *context;                                                          /* on_event's own */
    uint16_t receipts[4];
    uint8_t control[200], input[40], outbox[WORLD_OUTBOX_MAX], aliases[40];
};

/* "me", clean start, keep alive 60 s, nothing started. */
void given_client(struct world *world, enum umqtt_version version);
/* … started, the transport open, CONNECT taken by the server. */
void given_connecting(struct world *world);
/* … and CONNACK come; session_present as said. */
void given_connected(struct world *world, enum umqtt_version version);
void given_reconnected(struct world *world, bool session_present);

/* The server sends; all of it is taken. */
void when_receives(struct world *world, const char *bytes);
/* The same with nothing taken back: how many bytes of it were taken. */
size_t when_offered(struct world *world, const char *bytes);
void when_passes_ms(struct world *world, uint32_t ms);
/* The transport breaks, and is reported. */
void when_breaks(struct world *world);

uint16_t when_publishes(struct world *world, const char *topic, const char *payload, uint8_t qos);

/* All that the client has to say now, taken by the server. "": nothing. */
#define then_sends(world, bytes) then_sends_at(world, bytes, __FILE__, __LINE__)
void then_sends_at(struct world *world, const char *bytes, const char *file, int line);
/* All that has happened since. "": nothing. */
#define then_tells(world, events) then_tells_at(world, events, __FILE__, __LINE__)
void then_tells_at(struct world *world, const char *events, const char *file, int line);
/* The last bytes out, then the transport is to be closed; closes it. */
#define then_closes(world) then_closes_at(world, __FILE__, __LINE__)
void then_closes_at(struct world *world, const char *file, int line);

/* Bytes of the notation above; in static memory until the next call. */
struct umqtt_bytes bytes_from(const char *notation);

#endif
