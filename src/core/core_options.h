/* core_options.h — what the broker's mind may be told, with defaults; and what the links of a
 * listener have in common. */
#ifndef MIDGE_CORE_CORE_OPTIONS_H
#define MIDGE_CORE_CORE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { CORE_NO_LIMIT = 0 };

/* What happens to a message for a session whose queue is full. */
enum queue_policy {
    QUEUE_DROP_NEWEST, /* it is dropped */
    QUEUE_DROP_OLDEST, /* it takes the place of the one that has waited longest */
    QUEUE_REJECT,      /* it is dropped, and its publisher told: 0x97, in 5.0 [MQTT-3.4.2-1] */
};

enum durability {
    DURABILITY_ALWAYS,   /* acknowledgements wait until what they acknowledge is on the disk */
    DURABILITY_INTERVAL, /* they do not wait; written every few seconds */
    DURABILITY_OFF,      /* nothing is written but at a stop */
};

/* Everything that may change at a reload. In each limit, 0 is "none" unless said otherwise. All
 * limits that count things of the whole broker (clients, retained messages, memory) are shared out
 * evenly among the workers. */
struct core_options {
    bool allow_zero_length_client_id; /* 3.1.1 and 5.0 */
    bool connection_messages;         /* log connects and disconnects */
    bool queue_qos0_messages;         /* also for clients that are away */
    bool retain_available;
    bool upgrade_outgoing_qos;       /* deliver at the subscription's QoS, always */
    bool check_retain_source;        /* none whose publisher lost his right */
    uint32_t clients_max;            /* sessions, connected or not */
    uint32_t connections_max;        /* links at one time */
    uint16_t in_flight_messages_max; /* QoS 1 and 2 to one client, unacknowledged: 20 */
    uint64_t in_flight_bytes_max;    /* their payloads */
    uint32_t queued_messages_max;    /* waiting for one client, beyond those: 1000 */
    uint64_t queued_bytes_max;
    enum queue_policy queue_policy;
    enum durability durability; /* only with a store */
    uint16_t receive_maximum;   /* QoS 1 and 2 a v5 client may owe us */
    /* A larger keep alive, or none, is lowered to this (v5 told, 3.x refused); 0: any. */
    uint16_t keep_alive_s_max;
    uint32_t packet_size_max;         /* bytes, fixed header included */
    uint32_t message_size_max;        /* bytes of payload */
    uint32_t topic_levels_max;        /* default 200 */
    uint32_t subscriptions_max;       /* of one session */
    uint32_t retained_messages_max;   /* of the whole broker */
    uint64_t memory_max;              /* bytes the whole broker may hold for clients */
    uint64_t session_expiry_s_max;    /* of clients that are away; UINT64_MAX: never */
    uint64_t retain_expiry_s;         /* of those without their own; 0: kept for ever */
    uint32_t sys_interval_s;          /* $SYS; 0: none */
    uint32_t slow_reader_patience_ms; /* how long one slow reader may hold publishers back */
    uint32_t connect_timeout_s;       /* for CONNECT to arrive whole; default 30 */
};

void core_options_default(struct core_options *options);

/* What the links of one listener have in common. Outlives them. */
struct link_options {
    bool allow_anonymous;
    bool use_user_name_as_client_id;
    uint8_t qos_max;              /* 0, 1 or 2 */
    uint16_t topic_alias_max_in;  /* aliases we accept; default 10 */
    uint16_t topic_alias_max_out; /* aliases we use at most; default 10 */
    uint8_t versions;             /* bits: 1 << protocol version */
    uint32_t packet_size_max;     /* 0: core_options' */
    uint16_t port;                /* for the log */
    char auto_id_prefix[64];      /* before client identifiers the broker assigns; "auto-" */
    char mount_point[256];        /* put before every topic of these clients; "" */
};

void link_options_default(struct link_options *options);

#endif
