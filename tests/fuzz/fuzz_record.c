/* fuzz_record.c — the decoder of disk records: any bytes, and bytes with a right checksum.
 *
 * The first byte chooses a table, the next ones are the key, the rest is the record. It is decoded
 * as it is, then once more with version, kind and checksum made right, so that the fuzzer gets past
 * them; what is decoded then is added to a batch, encoded, and decoded to the same. */
#include <stdlib.h>

#include "base/hash.h"
#include "store/record_codec.h"
#include "store/store_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static void check_same(enum store_table table, struct bytes key, const struct record *record)
{
    struct record_bytes out = {NULL, 0, 0};
    struct record again;
    struct batch *batch = batch_new(0);
    bool is_entry = table != TABLE_META && table != TABLE_MESSAGES && table != TABLE_REFERENCES;
    if (batch && is_entry && record_add_to_batch(batch, record, record->rest)) {
        struct entry entry;
        size_t at = 0;
        check(batch_next(batch, &at, &entry) && !batch_next(batch, &at, &entry));
        check(entry.rest.size == record->ids.size + record->rest.size);
    }
    /* On a machine with the least significant byte first, identifiers are as on the disk. */
    if (record_encode(&out, table, key, record)) {
        check(record_decode(table, key, bytes_of(out.bytes, out.size), &again) == RECORD_FINE);
        check(again.kind == record->kind && bytes_equal(again.rest, record->rest));
        check(bytes_equal(again.ids, record->ids));
    }
    batch_free(batch);
    free(out.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    enum store_table table = (enum store_table)(data[0] % TABLE_DAMAGED);
    size_t key_size = table == TABLE_META ? 1 : 8 + key_second_width(table);
    if (size < 1 + key_size) {
        key_size = size - 1;
    }
    struct bytes key = bytes_of(data + 1, key_size);
    struct bytes value = bytes_of(data + 1 + key_size, size - 1 - key_size);
    struct record record;
    char words[128];
    enum record_fault fault = record_decode(table, key, value, &record);
    record_describe(words, sizeof words, table, key, fault);
    if (value.size < RECORD_HEAD_SIZE) {
        return 0;
    }
    uint8_t *mended = malloc(value.size);
    if (!mended) {
        return 0;
    }
    memcpy(mended, value.data, value.size);
    mended[0] = RECORD_VERSION;
    mended[1] %= RECORD_KIND_END;
    uint64_t seed = (uint64_t)table << 16 | (uint64_t)mended[0] << 8 | mended[1];
    uint64_t checksum = hash_bytes(
        bytes_of(mended + RECORD_HEAD_SIZE, value.size - RECORD_HEAD_SIZE), hash_bytes(key, seed));
    for (int i = 0; i < 8; i++) {
        mended[2 + i] = (uint8_t)(checksum >> (8 * i));
    }
    fault = record_decode(table, key, bytes_of(mended, value.size), &record);
    check(fault != RECORD_FAULT_VERSION && fault != RECORD_FAULT_CHECKSUM);
    if (fault == RECORD_FINE) {
        check_same(table, key, &record);
    }
    free(mended);
    return 0;
}
