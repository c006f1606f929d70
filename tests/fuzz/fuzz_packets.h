/* fuzz_packets.h — fields and packets drawn from a fuzzer's input: mostly good ones, of a small
 * world in which clients meet. */
#ifndef MIDGE_FUZZ_PACKETS_H
#define MIDGE_FUZZ_PACKETS_H

#include "wire/packet.h"

enum { FUZZ_ENTRIES_SIZE = 256 };

/* Each takes what it needs from the front of *input; an input that is used up gives zeros. */
uint32_t fuzz_draw(struct bytes *input, uint32_t bound); /* below `bound`, which is at most 256 */
bool fuzz_toss(struct bytes *input);
uint32_t fuzz_draw_wide(struct bytes *input);      /* of any magnitude */
struct bytes fuzz_draw_bytes(struct bytes *input); /* borrows from it */

/* A client's packet in *version, which a CONNECT changes. `entries` holds those of SUBSCRIBE and
 * UNSUBSCRIBE. */
void fuzz_draw_packet(struct bytes *input, enum protocol_version *version, struct packet *packet,
                      uint8_t entries[FUZZ_ENTRIES_SIZE]);

#endif
