/* fuzz_wire_server.c — what a server gets to read: a version, then packets of a client. */
#include "tests/packets.h"
#include "wire_round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wire_round_trip(bytes_of(data, size), CLIENT);
    return 0;
}
