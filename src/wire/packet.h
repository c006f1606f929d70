/* packet.h — an MQTT Control Packet in memory: one struct a packet, a tagged union over them.
 *
 * Every view (struct bytes) borrows: from the frame when decoded, from the caller when to be
 * encoded.
 * Fields that only MQTT 5.0 has are zero, or absent, in packets of 3.1 and 3.1.1. */
#ifndef MIDGE_WIRE_PACKET_H
#define MIDGE_WIRE_PACKET_H

#include "base/bytes.h"

enum packet_type {
    PACKET_CONNECT = 1,
    PACKET_CONNACK,
    PACKET_PUBLISH,
    PACKET_PUBACK,
    PACKET_PUBREC,
    PACKET_PUBREL,
    PACKET_PUBCOMP,
    PACKET_SUBSCRIBE,
    PACKET_SUBACK,
    PACKET_UNSUBSCRIBE,
    PACKET_UNSUBACK,
    PACKET_PINGREQ,
    PACKET_PINGRESP,
    PACKET_DISCONNECT,
    PACKET_AUTH,
};

/* The protocol level as CONNECT carries it. */
enum protocol_version { PROTOCOL_3_1 = 3, PROTOCOL_3_1_1 = 4, PROTOCOL_5 = 5 };

enum reason_code {
#define REASON(code, name, packets, words) REASON_##name = code,
#include "wire/reason_codes.def"
#undef REASON
};

/* CONNACK return codes of 3.1 and 3.1.1. */
enum connect_return_code {
    RETURN_ACCEPTED = 0,
    RETURN_UNACCEPTABLE_PROTOCOL_VERSION,
    RETURN_IDENTIFIER_REJECTED,
    RETURN_SERVER_UNAVAILABLE,
    RETURN_BAD_USER_NAME_OR_PASSWORD,
    RETURN_NOT_AUTHORIZED,
};

enum { PACKET_SIZE_MAX = 268435455 + 5, SUBSCRIPTION_ID_MAX = 268435455 };

/* Properties, decoded: a bit in `present` for each row of properties.def, and its value. Look at
 * the bit first: absent is not always the same as zero. */
enum property_index {
#define PROPERTY(id, name, type, packets) PROPERTY_##name,
#include "wire/properties.def"
#undef PROPERTY
    PROPERTY_COUNT
};

#define PROPERTY_C_BYTE       uint8_t
#define PROPERTY_C_TWO_BYTES  uint16_t
#define PROPERTY_C_FOUR_BYTES uint32_t
#define PROPERTY_C_VARIABLE   uint32_t
#define PROPERTY_C_TEXT       struct bytes
#define PROPERTY_C_BINARY     struct bytes
/* User properties: a run of encoded pairs (identifier byte included), in order; property_next walks
 * it. Decoded it is the whole property section, with other properties between; an encoder takes
 * only the user properties out of it. */
#define PROPERTY_C_TEXT_PAIR struct bytes

struct properties {
    uint32_t present; /* 1u << enum property_index */
#define PROPERTY(id, name, type, packets) PROPERTY_C_##type name;
#include "wire/properties.def"
#undef PROPERTY
};

static inline bool properties_have(const struct properties *properties, enum property_index index)
{
    return (properties->present >> index & 1u) != 0;
}

struct packet_will {
    bool retain;
    uint8_t qos;
    struct bytes topic, payload;
    struct properties properties; /* will_delay_interval_s, and what travels with the message */
    struct bytes property_bytes;  /* decoded: the encoded section, without its length */
};

struct packet_connect {
    enum protocol_version version;
    bool is_bridge;   /* the top bit of the protocol level, as mosquitto's bridges set it in 3.x */
    bool clean_start; /* Clean Session in 3.x */
    bool has_will, has_user_name, has_password;
    uint16_t keep_alive_s;
    struct bytes client_id, user_name, password;
    struct packet_will will;
    struct properties properties;
};

struct packet_connack {
    bool session_present;
    uint8_t reason; /* a reason_code in 5.0, a connect_return_code in 3.x */
    struct properties properties;
};

/* PUBLISH has its few properties apart: most travel on unread, as encoded bytes. */
struct packet_publish {
    bool dup, retain;
    uint8_t qos;
    uint16_t packet_id;   /* 0 for QoS 0 */
    uint16_t topic_alias; /* 0: none */
    bool has_message_expiry;
    uint32_t message_expiry_interval_s;
    struct bytes topic; /* empty when an alias stands for it */
    struct bytes payload;
    /* To encode: properties that travel unaltered (payload format, content type, response topic,
     * correlation data, user properties), encoded one after another. Decoded: the whole property
     * section; of it `passed_on_size` bytes are such properties (publish_copy_passed_on takes them
     * out). */
    struct bytes properties;
    size_t passed_on_size;
    const uint32_t *subscription_ids; /* to encode only; a decoder leaves them in `properties` */
    size_t subscription_id_count;
};

/* PUBACK, PUBREC, PUBREL, PUBCOMP. */
struct packet_ack {
    uint16_t packet_id;
    uint8_t reason;
    struct properties properties; /* decoded, without any: only `present` is set, to 0 */
};

enum retain_handling { RETAIN_SEND = 0, RETAIN_SEND_IF_NEW = 1, RETAIN_SEND_NONE = 2 };

struct subscribe_entry {
    /* As it stands in the packet, `$share` included; well-formed UTF-8, otherwise unchecked. */
    struct bytes filter;
    uint8_t qos;
    bool no_local, retain_as_published;
    uint8_t retain_handling;
};

struct packet_subscribe {
    uint16_t packet_id;
    struct properties properties;
    struct bytes entries; /* encoded; checked by the decoder; walk them with subscribe_next */
    size_t entry_count;
};

/* SUBACK and UNSUBACK. In UNSUBACK of 3.x there are no codes. */
struct packet_suback {
    uint16_t packet_id;
    struct properties properties;
    struct bytes reasons; /* one byte a filter, in their order */
};

struct packet_unsubscribe {
    uint16_t packet_id;
    struct properties properties;
    struct bytes entries; /* as in packet_subscribe; walk them with unsubscribe_next */
    size_t entry_count;
};

/* DISCONNECT and AUTH. */
struct packet_disconnect {
    uint8_t reason;
    struct properties properties;
};

struct packet {
    enum packet_type type;
    union {
        struct packet_connect connect;
        struct packet_connack connack;
        struct packet_publish publish;
        struct packet_ack ack;
        struct packet_subscribe subscribe;
        struct packet_suback suback; /* and UNSUBACK */
        struct packet_unsubscribe unsubscribe;
        struct packet_disconnect disconnect; /* and AUTH */
    };
};

#endif
