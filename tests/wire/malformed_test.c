/* malformed_test.c — every row of malformed.def is refused for its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/packets.h"

static void row_is_refused(void **state)
{
    const struct malformed_row *row = *state;
    uint8_t bytes[PACKET_ROW_SIZE_MAX];
    size_t size = packet_row_bytes(row->text, bytes);
    uint8_t *copy = malloc(size); /* exactly its size: the sanitizers see a step beyond it */
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    for (uint8_t sender = CLIENT; sender <= SERVER; sender++)
        for (enum protocol_version version = PROTOCOL_3_1; version <= PROTOCOL_5; version++) {
            if (!(row->senders & sender && row->versions & packet_version_bit(version)))
                continue;
            struct packet packet;
            enum reason_code reason = packet_decode(bytes_of(copy, size), sender, version, &packet);
            assert_int_equal(reason, row->reason);
        }
    free(copy);
}

int main(void)
{
    struct CMUnitTest *tests = calloc(MALFORMED_ROW_COUNT, sizeof *tests);
    if (!tests)
        return 1;
    for (size_t i = 0; i < MALFORMED_ROW_COUNT; i++)
        tests[i] = (struct CMUnitTest){MALFORMED_ROWS[i].name, row_is_refused, NULL, NULL,
                                       (void *)(uintptr_t)&MALFORMED_ROWS[i]};
    int failed = _cmocka_run_group_tests("malformed.def", tests, MALFORMED_ROW_COUNT, NULL, NULL);
    free(tests);
    return failed;
}
