/* hash.h — 64-bit hashes of bytes that nobody outside can guess (XXH3 with our own seed). */
#ifndef MIDGE_BASE_HASH_H
#define MIDGE_BASE_HASH_H

#include "base/bytes.h"

uint64_t hash_bytes(struct bytes bytes, uint64_t seed);

#endif
