/* wire_round_trip.c — decode, encode, decode again, compare. */
#include "wire_round_trip.h"

#include <stdlib.h>

#include "tests/packets.h"
#include "wire/frame.h"
#include "wire/properties.h"
#include "wire/publish.h"
#include "wire/subscribe.h"
#include "wire/unsubscribe.h"
#include "wire/wire.h"

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* What a decoder says about a packet must fit what its walkers find. */
static void check_counts(const struct packet *packet, enum protocol_version version)
{
    size_t count = 0, offset = 0;
    if (packet->type == PACKET_SUBSCRIBE) {
        struct subscribe_entry entry;
        while (subscribe_next(&packet->subscribe, version, &offset, &entry))
            count++;
        demand(count == packet->subscribe.entry_count && count > 0);
    } else if (packet->type == PACKET_UNSUBSCRIBE) {
        struct bytes filter;
        while (unsubscribe_next(&packet->unsubscribe, &offset, &filter))
            count++;
        demand(count == packet->unsubscribe.entry_count && count > 0);
    } else if (packet->type == PACKET_PUBLISH) {
        struct bytes section = packet->publish.properties;
        demand(properties_passed_on_size(section) == packet->publish.passed_on_size);
    }
}

static void check_packet(const struct packet *packet, uint8_t sender, size_t frame_size,
                         enum protocol_version version)
{
    check_counts(packet, version);
    uint8_t *room = malloc(frame_size);
    uint32_t *ids = malloc(frame_size * sizeof *ids);
    demand(room && ids);
    struct packet to_encode = packet_to_encode(packet, room, ids, frame_size);
    size_t size = wire_size(&to_encode, version);
    demand(size > 0 && size <= frame_size);
    uint8_t *encoded = malloc(size);
    demand(encoded && wire_encode(&to_encode, version, encoded, size) == size);
    struct packet again;
    demand(packet_decode(bytes_of(encoded, size), sender, version, &again) == REASON_SUCCESS);
    demand(packet_is_equal(packet, &again, version));
    demand(packet_is_equal(&again, packet, version));
    free(encoded);
    free(ids);
    free(room);
}

void wire_round_trip(struct bytes input, uint8_t sender)
{
    if (input.size == 0)
        return;
    enum protocol_version version = (enum protocol_version)(PROTOCOL_3_1 + input.data[0] % 3);
    struct frame frame;
    for (size_t at = 1;
         frame_read(bytes_of(input.data + at, input.size - at), &frame) == FRAME_WHOLE;
         at += frame.size) {
        struct packet packet;
        memset(&packet, 0xA5, sizeof packet); /* nobody may count on what was there before */
        enum reason_code reason = sender == CLIENT
                                      ? wire_decode_from_client(&frame, version, &packet)
                                      : wire_decode_from_server(&frame, version, &packet);
        demand((uint8_t)packet.type == frame.type);
        if (packet.type == PACKET_CONNECT && sender == CLIENT)
            demand(packet.connect.version >= PROTOCOL_3_1 && packet.connect.version <= PROTOCOL_5);
        if (reason == REASON_SUCCESS)
            check_packet(&packet, sender, frame.size, version);
    }
}
