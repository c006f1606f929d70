/* moving_in_plan.h — what moves in, between reading and writing. For moving_in*.c alone. */
#ifndef MIDGE_STORE_MOVING_IN_PLAN_H
#define MIDGE_STORE_MOVING_IN_PLAN_H

#include "base/map.h"
#include "store/mosquitto_db.h"
#include "store/moving_in_counts.h"

enum { MOVED_IDS_MAX = 64 }; /* Subscription Identifiers of a delivery; more are left out */

struct moved_message {
    struct mosquitto_db_message found;
    size_t properties_size; /* of those that travel on */
    uint32_t delivery_count;
    uint64_t number; /* of its ENTRY_MESSAGE; 0: there is none yet, or none is needed */
};

struct moved_delivery {
    struct moved_delivery *next;
    struct moved_message *message; /* NULL: only the identifier is left, PUBREC has come */
    uint32_t *ids;                 /* Subscription Identifiers; NULL: none */
    uint32_t id_count;
    uint16_t packet_id; /* in flight: mosquitto's */
    uint8_t qos;
    bool retain;
    uint64_t place;
};

struct moved_deliveries {
    struct moved_delivery *first, **end;
    size_t count;
};

struct moved_subscription {
    struct moved_subscription *next;
    struct moved_session *session;
    struct mosquitto_db_subscription found;
    struct bytes filter; /* without $share/NAME/ */
    bool is_shared;
    bool is_first_of_group; /* of those who share it: what is moved on goes there */
};

/* A QoS 2 message from a client. */
struct moved_receipt {
    struct moved_receipt *next;
    struct moved_session *session;
    struct moved_message *message; /* NULL: it was delivered before */
    uint16_t packet_id;
};

struct moved_session {
    struct moved_session *next;
    struct mosquitto_db_client found;
    struct moved_deliveries in_flight, waiting;
    struct moved_subscription *subscriptions, **subscriptions_end;
    uint64_t number, place_sent, place_next;
};

struct moved_retained {
    struct moved_retained *next;
    struct moved_message *message; /* NULL: cleared again */
};

struct moving_in {
    struct mosquitto_db db;
    struct moving_in_counts counts;
    uint64_t saved_us;
    struct map messages;      /* moved_message, by number */
    struct map clients;       /* moved_session, by client identifier */
    struct map subscriptions; /* moved_subscription, by session and filter; and shared ones by
                               * their filter alone */
    struct map topics;        /* moved_retained, by topic */
    struct map taken;         /* moved_receipt, by session and packet identifier */
    struct moved_session *sessions, **sessions_end;
    struct moved_receipt *receipts, **receipts_end;
    struct moved_retained *retained, **retained_end;
};

/* Adds a delivery (given to the session, returned to be completed). NULL: no memory. */
struct moved_delivery *moved_deliveries_add(struct moved_deliveries *deliveries,
                                            struct moved_message *message);
/* Keeps `message` for its topic, in place of an earlier one; NULL payloads clear. False: no
 * memory. */
MUST_USE bool moving_in_retain(struct moving_in *plan, struct moved_message *message);

/* moving_in_route.c: delivers what waited for PUBREL. False: no memory. */
MUST_USE bool moving_in_route(struct moving_in *plan);

/* moving_in_places.c: gives every delivery of the session its place, and the session the two it
 * goes on from. *reordered: identifiers did not count up. False: no memory. */
MUST_USE bool moving_in_place(struct moved_session *session, bool *reordered);

#endif
