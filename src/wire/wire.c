/* wire.c — the doors: which packet is this, may this side send it, and who knows how to read it?
 *
 * One table says who may send what; one switch for each door says which file knows the packet. */
#include "wire/wire.h"

#include "wire/ack.h"
#include "wire/auth.h"
#include "wire/connack.h"
#include "wire/connect.h"
#include "wire/disconnect.h"
#include "wire/ping.h"
#include "wire/publish.h"
#include "wire/suback.h"
#include "wire/subscribe.h"
#include "wire/unsuback.h"
#include "wire/unsubscribe.h"

enum { PACKET_TYPE_COUNT = 16 };

enum { CLIENT = 1, SERVER = 2, SERVER_5 = 4, FROM_5_ON = 8 };

/* Who may send it (section 2.1.2). A packet with no row does not exist. */
static const uint8_t SENDERS[PACKET_TYPE_COUNT] = {
    [PACKET_CONNECT] = CLIENT,
    [PACKET_CONNACK] = SERVER,
    [PACKET_PUBLISH] = CLIENT | SERVER,
    [PACKET_PUBACK] = CLIENT | SERVER,
    [PACKET_PUBREC] = CLIENT | SERVER,
    [PACKET_PUBREL] = CLIENT | SERVER,
    [PACKET_PUBCOMP] = CLIENT | SERVER,
    [PACKET_SUBSCRIBE] = CLIENT,
    [PACKET_SUBACK] = SERVER,
    [PACKET_UNSUBSCRIBE] = CLIENT,
    [PACKET_UNSUBACK] = SERVER,
    [PACKET_PINGREQ] = CLIENT,
    [PACKET_PINGRESP] = SERVER,
    [PACKET_DISCONNECT] = CLIENT | SERVER_5,
    [PACKET_AUTH] = CLIENT | SERVER | FROM_5_ON,
};

static enum reason_code judge_sender(const struct frame *frame, enum protocol_version version,
                                     uint8_t senders);
static enum reason_code decode_from_either(const struct frame *frame, enum protocol_version version,
                                           struct packet *packet);

enum reason_code wire_decode_from_client(const struct frame *frame, enum protocol_version version,
                                         struct packet *packet)
{
    uint8_t flags = frame->flags;
    struct bytes body = frame->body;
    packet->type = (enum packet_type)frame->type;
    switch (packet->type) {
    case PACKET_CONNECT: return connect_decode(flags, body, &packet->connect);
    case PACKET_PUBLISH: return publish_decode_from_client(flags, body, version, &packet->publish);
    case PACKET_SUBSCRIBE: return subscribe_decode(flags, body, version, &packet->subscribe);
    case PACKET_UNSUBSCRIBE: return unsubscribe_decode(flags, body, version, &packet->unsubscribe);
    default: break;
    }
    enum reason_code reason = judge_sender(frame, version, CLIENT);
    return reason == REASON_SUCCESS ? decode_from_either(frame, version, packet) : reason;
}

enum reason_code wire_decode_from_server(const struct frame *frame, enum protocol_version version,
                                         struct packet *packet)
{
    uint8_t flags = frame->flags;
    struct bytes body = frame->body;
    packet->type = (enum packet_type)frame->type;
    switch (packet->type) {
    case PACKET_CONNACK: return connack_decode(flags, body, version, &packet->connack);
    case PACKET_PUBLISH: return publish_decode(flags, body, version, &packet->publish);
    case PACKET_SUBACK: return suback_decode(flags, body, version, &packet->suback);
    case PACKET_UNSUBACK: return unsuback_decode(flags, body, version, &packet->suback);
    default: break;
    }
    enum reason_code reason = judge_sender(frame, version, SERVER | SERVER_5);
    if (reason == REASON_SUCCESS)
        reason = decode_from_either(frame, version, packet);
    if (reason == REASON_SUCCESS && packet->type == PACKET_DISCONNECT &&
        properties_have(&packet->disconnect.properties, PROPERTY_session_expiry_interval_s))
        return REASON_PROTOCOL_ERROR; /* [MQTT-3.14.2-2] */
    return reason;
}

size_t wire_size(const struct packet *packet, enum protocol_version version)
{
    switch (packet->type) {
    case PACKET_CONNECT: return connect_size(&packet->connect);
    case PACKET_CONNACK: return connack_size(&packet->connack, version);
    case PACKET_PUBLISH: return publish_size(&packet->publish, version);
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP: return ack_size(packet->type, &packet->ack, version);
    case PACKET_SUBSCRIBE: return subscribe_size(&packet->subscribe, version);
    case PACKET_SUBACK: return suback_size(&packet->suback, version);
    case PACKET_UNSUBSCRIBE: return unsubscribe_size(&packet->unsubscribe, version);
    case PACKET_UNSUBACK: return unsuback_size(&packet->suback, version);
    case PACKET_PINGREQ:
    case PACKET_PINGRESP: return PING_SIZE;
    case PACKET_DISCONNECT: return disconnect_size(&packet->disconnect, version);
    case PACKET_AUTH: return version == PROTOCOL_5 ? auth_size(&packet->disconnect) : 0;
    }
    return 0;
}

size_t wire_encode(const struct packet *packet, enum protocol_version version, uint8_t *out,
                   size_t size)
{
    switch (packet->type) {
    case PACKET_CONNECT: return connect_encode(&packet->connect, out, size);
    case PACKET_CONNACK: return connack_encode(&packet->connack, version, out, size);
    case PACKET_PUBLISH: return publish_encode(&packet->publish, version, out, size);
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP: return ack_encode(packet->type, &packet->ack, version, out, size);
    case PACKET_SUBSCRIBE: return subscribe_encode(&packet->subscribe, version, out, size);
    case PACKET_SUBACK: return suback_encode(&packet->suback, version, out, size);
    case PACKET_UNSUBSCRIBE: return unsubscribe_encode(&packet->unsubscribe, version, out, size);
    case PACKET_UNSUBACK: return unsuback_encode(&packet->suback, version, out, size);
    case PACKET_PINGREQ:
    case PACKET_PINGRESP: return ping_encode(packet->type, out, size);
    case PACKET_DISCONNECT: return disconnect_encode(&packet->disconnect, version, out, size);
    case PACKET_AUTH:
        return version == PROTOCOL_5 ? auth_encode(&packet->disconnect, out, size) : 0;
    }
    return 0;
}

static enum reason_code judge_sender(const struct frame *frame, enum protocol_version version,
                                     uint8_t senders)
{
    uint8_t row = frame->type < PACKET_TYPE_COUNT ? SENDERS[frame->type] : 0;
    if (version != PROTOCOL_5) {
        if (row & FROM_5_ON)
            row = 0;
        row &= (uint8_t)~SERVER_5;
    }
    if (row == 0)
        return REASON_MALFORMED_PACKET;
    return row & senders ? REASON_SUCCESS : REASON_PROTOCOL_ERROR;
}

/* The packets that look the same from both sides. */
static enum reason_code decode_from_either(const struct frame *frame, enum protocol_version version,
                                           struct packet *packet)
{
    uint8_t flags = frame->flags;
    struct bytes body = frame->body;
    switch (packet->type) {
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP: return ack_decode(packet->type, flags, body, version, &packet->ack);
    case PACKET_PINGREQ:
    case PACKET_PINGRESP: return ping_decode(packet->type, flags, body, version);
    case PACKET_DISCONNECT: return disconnect_decode(flags, body, version, &packet->disconnect);
    case PACKET_AUTH: return auth_decode(flags, body, &packet->disconnect);
    default: return REASON_PROTOCOL_ERROR;
    }
}
