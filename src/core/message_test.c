/* message_test.c — one message, its parts, its image and its references. */
#include "core/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void parts_are_kept(void **state)
{
    (void)state;
    struct counters counters = {0};
    struct message_draft draft = {.topic = BYTES("b/c"),
                                  .mount_point = BYTES("a/"),
                                  .payload = BYTES("hello"),
                                  .properties = BYTES("\x01\x01"),
                                  .qos = 2,
                                  .retain = true,
                                  .expires_us = 10,
                                  .publisher = 77};
    struct message *message = message_new(&draft, &counters);
    assert_true(bytes_equal(message_topic(message), BYTES("a/b/c")));
    assert_true(bytes_equal(message_payload(message), BYTES("hello")));
    assert_true(bytes_equal(message_properties(message), BYTES("\x01\x01")));
    assert_int_equal(message->bytes[0] << 8 | message->bytes[1], 5);
    assert_int_equal(message->qos, 2);
    assert_true(message->retain);
    assert_false(message_has_expired(message, 9));
    assert_true(message_has_expired(message, 10));
    assert_int_equal(counters.memory_held, message_size(message));
    assert_ptr_equal(message_ref(message), message);
    message_unref(message, &counters);
    assert_int_equal(counters.messages_held, 1);
    message_unref(message, &counters);
    assert_int_equal(counters.messages_held + counters.memory_held, 0);
}

static void images_are_equal(void **state)
{
    (void)state;
    struct counters counters = {0};
    struct message_draft draft = {.topic = BYTES("t"), .payload = BYTES("x"), .publisher = 5};
    struct message *message = message_new(&draft, &counters);
    message_ref(message);
    struct message *copy = message_from_image(message, message_size(message), &counters);
    assert_int_equal(copy->references, 1);
    assert_int_equal(copy->publisher, 5);
    assert_true(bytes_equal(message_topic(copy), BYTES("t")));
    assert_true(bytes_equal(message_payload(copy), BYTES("x")));
    assert_int_equal(message_properties(copy).size, 0);
    message_unref(copy, &counters);
    message_unref(message, &counters);
    message_unref(message, &counters);
    assert_int_equal(counters.memory_held, 0);
}

static void nothing_but_a_topic(void **state)
{
    (void)state;
    struct counters counters = {0};
    struct message_draft draft = {.topic = BYTES("t")};
    struct message *message = message_new(&draft, &counters);
    assert_int_equal(message_payload(message).size, 0);
    assert_false(message_has_expired(message, UINT64_MAX));
    message_unref(message, &counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_kept),
        cmocka_unit_test(images_are_equal),
        cmocka_unit_test(nothing_but_a_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
