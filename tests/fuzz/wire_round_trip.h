/* wire_round_trip.h — what both fuzz targets of the codec demand of a stream of packets. */
#ifndef MIDGE_TESTS_FUZZ_WIRE_ROUND_TRIP_H
#define MIDGE_TESTS_FUZZ_WIRE_ROUND_TRIP_H

#include "base/bytes.h"

/* The first byte of `input` chooses the version, the rest is what `sender` (CLIENT or SERVER) sent.
 * Whatever decodes must encode to something that decodes to the same; else the program stops. */
void wire_round_trip(struct bytes input, uint8_t sender);

#endif
