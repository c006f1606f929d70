/* mosquitto_db.h — mosquitto's persistence file, one chunk after the other.
 *
 *   "\0\xB5\0mosquitto db"  4: checksum, always 0  4: version
 *   [4: kind  4: size | what is fixed | what is of any length] …
 *
 * Versions 5 (mosquitto 1.6) and 6 (2.0 and 2.1) are read. Sizes and small numbers stand with
 * their most significant byte first; times and numbers of messages in the order of the machine
 * that wrote them, which is taken to have been a little-endian one.
 *
 *     enum mosquitto_db_opening opening = mosquitto_db_open(&db, file);
 *     while ((result = mosquitto_db_next(&db, &chunk)) != MOSQUITTO_DB_END) …
 *
 * Nothing is allocated and nothing copied: all views borrow from the file. Whether texts are
 * UTF-8 and topics are topics is not looked at here. */
#ifndef MIDGE_STORE_MOSQUITTO_DB_H
#define MIDGE_STORE_MOSQUITTO_DB_H

#include "base/bytes.h"

enum mosquitto_db_opening {
    MOSQUITTO_DB_OPEN = 0,
    MOSQUITTO_DB_OF_ANOTHER_KIND, /* no file of mosquitto's */
    MOSQUITTO_DB_TOO_OLD,         /* version 4 and below: see db->version */
    MOSQUITTO_DB_TOO_NEW,
};

enum mosquitto_db_kind {
    MOSQUITTO_DB_CONFIG = 1,
    MOSQUITTO_DB_MESSAGE = 2,
    MOSQUITTO_DB_DELIVERY = 3,
    MOSQUITTO_DB_RETAINED = 4,
    MOSQUITTO_DB_SUBSCRIPTION = 5,
    MOSQUITTO_DB_CLIENT = 6,
};

/* How far a message has got on its way to or from a client; the numbers of the file. */
enum mosquitto_db_state {
    MOSQUITTO_DB_NO_STATE = 0,
    MOSQUITTO_DB_PUBLISH_QOS_0 = 1,
    MOSQUITTO_DB_PUBLISH_QOS_1 = 2,
    MOSQUITTO_DB_WAIT_FOR_PUBACK = 3,
    MOSQUITTO_DB_PUBLISH_QOS_2 = 4,
    MOSQUITTO_DB_WAIT_FOR_PUBREC = 5,
    MOSQUITTO_DB_RESEND_PUBREL = 6,
    MOSQUITTO_DB_WAIT_FOR_PUBREL = 7,
    MOSQUITTO_DB_RESEND_PUBCOMP = 8,
    MOSQUITTO_DB_WAIT_FOR_PUBCOMP = 9,
    MOSQUITTO_DB_SEND_PUBREC = 10,
    MOSQUITTO_DB_QUEUED = 11,
};

struct mosquitto_db_config {
    uint64_t message_last; /* the highest number of a message so far */
    bool was_stopped;      /* written at an orderly end; else while running */
    uint8_t number_size;   /* bytes of a message's number: 8 */
};

struct mosquitto_db_message {
    uint64_t number;
    uint64_t expires_s; /* of the wall's clock; 0: never */
    struct bytes source_id, source_user_name, topic, payload;
    struct bytes body;       /* topic and payload, as they lie one behind the other */
    struct bytes properties; /* a section of PUBLISH without its length */
    uint16_t source_packet_id, source_port;
    uint8_t qos;
    bool retain;
};

struct mosquitto_db_delivery {
    uint64_t message; /* number */
    struct bytes client_id;
    struct bytes properties; /* what is this client's own: subscription identifiers */
    uint16_t packet_id;
    uint8_t qos;
    uint8_t state; /* enum mosquitto_db_state, unless the file holds something else */
    bool retain, duplicate;
    bool is_outgoing; /* to the client */
};

struct mosquitto_db_retained {
    uint64_t message; /* number */
};

struct mosquitto_db_subscription {
    struct bytes client_id, filter;
    uint32_t id; /* Subscription Identifier; 0: none */
    uint8_t qos;
    bool no_local, retain_as_published;
};

struct mosquitto_db_client {
    struct bytes client_id, user_name; /* no user name in version 5 */
    uint64_t expires_s;                /* of the wall's clock; 0: connected, or never */
    uint32_t expiry_s;                 /* UINT32_MAX: never */
    uint16_t packet_id_last;
    uint16_t listener_port; /* 0 in version 5 */
};

struct mosquitto_db_chunk {
    uint32_t kind; /* enum mosquitto_db_kind, or unknown */
    size_t offset; /* of the chunk in the file */
    union {
        struct mosquitto_db_config config;
        struct mosquitto_db_message message;
        struct mosquitto_db_delivery delivery;
        struct mosquitto_db_retained retained;
        struct mosquitto_db_subscription subscription;
        struct mosquitto_db_client client;
    };
};

enum mosquitto_db_result {
    MOSQUITTO_DB_END = 0,
    MOSQUITTO_DB_CHUNK,
    MOSQUITTO_DB_UNKNOWN, /* a chunk of an unknown kind: only kind and offset are set */
    MOSQUITTO_DB_DAMAGED, /* its fields do not fit into it: likewise. The next one may be whole */
    MOSQUITTO_DB_CUT_OFF, /* the file ends inside a chunk: likewise. It comes once, then END */
};

struct mosquitto_db {
    struct bytes file;
    size_t at;
    uint32_t version;
};

/* Looks at the head of `file`, which is borrowed for as long as `db` is used. `db->version` is set
 * unless the file is of another kind. */
MUST_USE enum mosquitto_db_opening mosquitto_db_open(struct mosquitto_db *db, struct bytes file);

/* The next chunk. */
MUST_USE enum mosquitto_db_result mosquitto_db_next(struct mosquitto_db *db,
                                                    struct mosquitto_db_chunk *chunk);
/* Begins anew with the first chunk. */
void mosquitto_db_rewind(struct mosquitto_db *db);

#endif
