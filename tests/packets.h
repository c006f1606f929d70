/* packets.h — packets.def and malformed.def, ready to be used by a test. */
#ifndef MIDGE_TESTS_PACKETS_H
#define MIDGE_TESTS_PACKETS_H

#include "wire/packet.h"

/* Bits: who sends it, and in which versions. */
enum { CLIENT = 1, SERVER = 2, EITHER = 3 };
enum { V31 = 1, V311 = 2, V5 = 4, V3 = 3, ALL = 7 };

enum { PACKET_ROW_SIZE_MAX = 1024 };

struct packet_row {
    const char *name;
    uint8_t senders, versions;
    bool is_longhand; /* decodes to the packet, but the encoder has a shorter form */
    const char *text;
    struct packet packet;
};

struct malformed_row {
    const char *name; /* begins with the statements it breaks */
    uint8_t senders, versions;
    const char *text;
    enum reason_code reason;
};

extern const struct packet_row PACKET_ROWS[];
extern const size_t PACKET_ROW_COUNT;
extern const struct malformed_row MALFORMED_ROWS[];
extern const size_t MALFORMED_ROW_COUNT;

/* The bit of a version. */
uint8_t packet_version_bit(enum protocol_version version);

/* Turns a row's text into at most PACKET_ROW_SIZE_MAX bytes at `out` and returns their number.
 * Nonsense stops the program. */
size_t packet_row_bytes(const char *text, uint8_t *out);

/* Decodes the one packet in `bytes` by the door of `sender`. Bytes that are no whole frame give
 * REASON_UNSPECIFIED_ERROR. */
enum reason_code packet_decode(struct bytes bytes, uint8_t sender, enum protocol_version version,
                               struct packet *packet);

/* True when the two say the same. Either may be decoded, or be written to be encoded. */
bool packet_is_equal(const struct packet *a, const struct packet *b, enum protocol_version version);

/* A copy of the packet whose PUBLISH holds only passed-on properties and the subscription
 * identifiers apart, as encoders want it. `room` is at least as large as the packet's frame. */
struct packet packet_to_encode(const struct packet *packet, uint8_t *room, uint32_t *ids,
                               size_t id_count_max);

#endif
