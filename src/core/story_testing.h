/* story_testing.h — the words in which the stories of this room are told: given, when, then.
 *
 *     given_connected(world, "alice", PROTOCOL_5);
 *     when_subscribes(world, "bob", "a/#", 1);
 *     then_receives(world, "bob", "SUBACK #1 01");
 *
 * Each `when_…` lets the world settle. What a client got is compared as a line of words:
 *     CONNACK 00     CONNACK 00 present
 *     PUBLISH a/b=hello q1 #1 dup retain [subscription_identifier=7 message_expiry_interval_s=5]
 *     PUBACK #1     PUBREC #1 97 why       (why: a reason string; reasons are hexadecimal)
 *     SUBACK #1 01 80     UNSUBACK #2 00 11     DISCONNECT 8E why     AUTH 18 [authentication_…] */
#ifndef MIDGE_CORE_STORY_TESTING_H
#define MIDGE_CORE_STORY_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/world_testing.h"

/* A row of a test table: the story is played with one, two and three workers. */
#define STORY(name, tale)                                                                          \
    {name " (1 worker)", tale, story_setup_1, story_teardown, NULL},                               \
        {name " (2 workers)", tale, story_setup_2, story_teardown, NULL},                          \
    {                                                                                              \
        name " (3 workers)", tale, story_setup_3, story_teardown, NULL                             \
    }

int story_setup_1(void **state);
int story_setup_2(void **state);
int story_setup_3(void **state);
int story_teardown(void **state);

#define HAVE(property) (1u << PROPERTY_##property)

/* Connects and takes CONNACK 0 from the inbox: clean, no keep alive, its name for an identifier. */
void given_connected(struct world *world, const char *name, enum protocol_version version);
/* The same for a session that is kept: Clean Start 0; it never expires by itself. */
void given_kept(struct world *world, const char *name, enum protocol_version version);
/* … and subscribed; SUBACK is taken as well. */
void given_subscribed(struct world *world, const char *name, const char *filter, uint8_t qos);

/* CONNECT as written; its identifier is the client's name, unless given (NO_ID: none). */
#define NO_ID ((struct bytes){(const uint8_t *)"", 0})
#define when_connects(world, name, ...)                                                            \
    story_connect(world, name, (struct packet_connect){__VA_ARGS__})
void story_connect(struct world *world, const char *name, struct packet_connect connect);

/* Packet identifiers count up from 1 for each client, and are returned. */
uint16_t when_publishes(struct world *world, const char *name, const char *topic,
                        const char *payload, uint8_t qos);
uint16_t when_retains(struct world *world, const char *name, const char *topic, const char *payload,
                      uint8_t qos);
#define when_sends_publish(world, name, ...)                                                       \
    story_publish(world, name, (struct packet_publish){__VA_ARGS__})
uint16_t story_publish(struct world *world, const char *name, struct packet_publish publish);

uint16_t when_subscribes(struct world *world, const char *name, const char *filter, uint8_t qos);
/* `id`: Subscription Identifier, or 0. */
#define when_sends_subscribe(world, name, id, ...)                                                 \
    story_subscribe(world, name, id, (struct subscribe_entry[]){__VA_ARGS__},                      \
                    sizeof((struct subscribe_entry[]){__VA_ARGS__}) /                              \
                        sizeof(struct subscribe_entry))
uint16_t story_subscribe(struct world *world, const char *name, uint32_t id,
                         const struct subscribe_entry *entries, size_t count);
uint16_t when_unsubscribes(struct world *world, const char *name, const char *filter);

void when_acks(struct world *world, const char *name, enum packet_type type, uint16_t packet_id,
               enum reason_code reason);
void when_sends(struct world *world, const char *name, const struct packet *packet);
/* Bytes as hex digits and quoted text: "30 05 00 01 'a' 'hi'". */
void when_sends_bytes(struct world *world, const char *name, const char *text);
void when_disconnects(struct world *world, const char *name); /* DISCONNECT 0, and it is gone */
void when_breaks(struct world *world, const char *name);      /* its connection does */
void when_passes_s(struct world *world, uint64_t seconds);
void when_reads(struct world *world, const char *name, size_t appetite); /* 0: it stops reading */
void when_answers(struct world *world, const char *name, enum verdict verdict, uint8_t reason,
                  const char *data);

/* The next packet in the client's inbox. */
#define then_receives(world, name, line) story_receives(world, name, line, __FILE__, __LINE__)
void story_receives(struct world *world, const char *name, const char *line, const char *file,
                    int at);
#define then_receives_nothing(world, name) story_receives(world, name, "", __FILE__, __LINE__)
/* Everything there is, whatever it is; returns how many packets. */
size_t then_takes_all(struct world *world, const char *name);
/* Nothing more came, and the server closed the connection. */
#define then_closed(world, name) story_closed(world, name, __FILE__, __LINE__)
void story_closed(struct world *world, const char *name, const char *file, int at);
/* The authenticator was asked just this (see world_request), and is not asked again. */
void then_asks(struct world *world, const char *words);

/* The line for a packet. */
void story_write_packet(const struct packet *packet, char *line, size_t size);

#endif
