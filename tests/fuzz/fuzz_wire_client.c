/* fuzz_wire_client.c — what a client gets to read: a version, then packets of a server. */
#include "tests/packets.h"
#include "wire_round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wire_round_trip(bytes_of(data, size), SERVER);
    return 0;
}
