/* core_auth_test.c — who decides who a client is: passwords and enhanced authentication (4.12). */
#include "core/story_testing.h"

#define METHOD(name) .present = HAVE(authentication_method), .authentication_method = BYTES(name)

static int setup_asking(void **state, uint32_t worker_count)
{
    struct world *world = world_new(worker_count, 1);
    world->has_authenticator = true;
    world->only_method = "SCRAM";
    world_start(world);
    *state = world;
    return 0;
}

static int setup_asking_1(void **state)
{
    return setup_asking(state, 1);
}

static int setup_asking_3(void **state)
{
    return setup_asking(state, 3);
}

static void when_sends_auth(struct world *world, const char *name, enum reason_code reason,
                            const char *method, const char *data)
{
    struct packet packet = {
        .type = PACKET_AUTH,
        .disconnect = {.reason = (uint8_t)reason,
                       .properties = {.present = HAVE(authentication_method) |
                                                 (data ? HAVE(authentication_data) : 0),
                                      .authentication_method = bytes_of_text(method),
                                      .authentication_data = bytes_of_text(data)}}};
    when_sends(world, name, &packet);
}

static void given_scram(struct world *world)
{
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {METHOD("SCRAM")});
    then_asks(world, "alice|SCRAM||||first");
    when_answers(world, "alice", VERDICT_WELCOME, 0, NULL);
    then_receives(world, "alice",
                  "CONNACK 00 [authentication_method=SCRAM "
                  "topic_alias_maximum=10]");
}

static void password_is_checked(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .has_user_name = true,
                  .user_name = BYTES("al"), .has_password = true, .password = BYTES("secret"));
    then_receives_nothing(world, "alice");
    then_asks(world, "alice|||al|secret|first");
    when_sends_bytes(world, "alice", "c0 00");
    then_receives_nothing(world, "alice"); /* not before it is decided */
    when_answers(world, "alice", VERDICT_WELCOME, 0, NULL);
    then_receives(world, "alice", "CONNACK 00 [topic_alias_maximum=10]");
    then_receives(world, "alice", "PINGRESP");
    when_connects(world, "carol", .version = PROTOCOL_3_1_1, .clean_start = true,
                  .has_user_name = true, .user_name = BYTES("carol"));
    then_asks(world, "carol|||carol||first");
    when_answers(world, "carol", VERDICT_REFUSED, REASON_BAD_USER_NAME_OR_PASSWORD, NULL);
    then_receives(world, "carol", "CONNACK 04");
    then_closed(world, "carol");
}

static void refused_password(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .has_user_name = true,
                  .user_name = BYTES("al"));
    then_asks(world, "alice|||al||first");
    when_answers(world, "alice", VERDICT_REFUSED, REASON_BAD_USER_NAME_OR_PASSWORD, NULL);
    then_receives(world, "alice", "CONNACK 86");
    then_closed(world, "alice");
}

static void assigned_identifier_after_a_password(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .client_id = NO_ID,
                  .has_user_name = true, .user_name = BYTES("al"));
    world->request_count = 0;
    when_answers(world, "alice", VERDICT_WELCOME, 0, NULL);
    struct packet packet;
    assert_true(world_read(world_client(world, "alice"), &packet));
    assert_true(packet.connack.properties.assigned_client_identifier.size > 0);
}

static void unknown_method(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {METHOD("MAGIC")});
    then_receives(world, "alice", "CONNACK 8C why");
    then_closed(world, "alice");
}

static void several_steps(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(authentication_method) | HAVE(authentication_data),
                                 .authentication_method = BYTES("SCRAM"),
                                 .authentication_data = BYTES("first")});
    then_asks(world, "alice|SCRAM|first|||first");
    when_answers(world, "alice", VERDICT_CONTINUE, 0, "challenge");
    then_receives(world, "alice",
                  "AUTH 18 [authentication_method=SCRAM authentication_data=challenge]");
    when_sends_auth(world, "alice", REASON_CONTINUE_AUTHENTICATION, "SCRAM", "answer");
    then_asks(world, "|SCRAM|answer|||then");
    when_answers(world, "alice", VERDICT_WELCOME, 0, "proof");
    then_receives(world, "alice",
                  "CONNACK 00 [authentication_method=SCRAM authentication_data=proof "
                  "topic_alias_maximum=10]");
}

static void failing_at_a_later_step(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {METHOD("SCRAM")});
    world->request_count = 0;
    when_answers(world, "alice", VERDICT_CONTINUE, 0, NULL);
    then_receives(world, "alice", "AUTH 18 [authentication_method=SCRAM]");
    when_sends_auth(world, "alice", REASON_CONTINUE_AUTHENTICATION, "SCRAM", "wrong");
    world->request_count = 0;
    when_answers(world, "alice", VERDICT_REFUSED, REASON_NOT_AUTHORIZED, NULL);
    then_receives(world, "alice", "CONNACK 87");
    then_closed(world, "alice");
}

static void another_method_halfway(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {METHOD("SCRAM")});
    world->request_count = 0;
    when_answers(world, "alice", VERDICT_CONTINUE, 0, NULL);
    then_takes_all(world, "alice");
    when_sends_auth(world, "alice", REASON_CONTINUE_AUTHENTICATION, "OTHER", "x");
    then_closed(world, "alice"); /* and no DISCONNECT, for there was no CONNACK */
    assert_int_equal(world->request_count, 0);
}

static void auth_without_a_method(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true);
    then_receives(world, "alice", "CONNACK 00 [topic_alias_maximum=10]");
    when_sends_auth(world, "alice", REASON_RE_AUTHENTICATE, "SCRAM", NULL);
    then_receives(world, "alice", "DISCONNECT 82 why");
    then_closed(world, "alice");
}

static void re_authentication(void **state)
{
    struct world *world = *state;
    given_scram(world);
    when_sends_auth(world, "alice", REASON_RE_AUTHENTICATE, "SCRAM", "again");
    then_asks(world, "|SCRAM|again|||first");
    when_sends_bytes(world, "alice", "c0 00");
    then_receives(world, "alice", "PINGRESP"); /* the connection goes on meanwhile */
    when_answers(world, "alice", VERDICT_CONTINUE, 0, "challenge");
    then_receives(world, "alice",
                  "AUTH 18 [authentication_method=SCRAM authentication_data=challenge]");
    when_sends_auth(world, "alice", REASON_CONTINUE_AUTHENTICATION, "SCRAM", "answer");
    then_asks(world, "|SCRAM|answer|||then");
    when_answers(world, "alice", VERDICT_WELCOME, 0, NULL);
    then_receives(world, "alice", "AUTH 00 [authentication_method=SCRAM]");
    when_sends_auth(world, "alice", REASON_RE_AUTHENTICATE, "SCRAM", NULL);
    then_asks(world, "|SCRAM||||first");
    when_answers(world, "alice", VERDICT_REFUSED, REASON_NOT_AUTHORIZED, NULL);
    then_receives(world, "alice", "DISCONNECT 87 why");
    then_closed(world, "alice");
}

static void re_authentication_out_of_step(void **state)
{
    struct world *world = *state;
    given_scram(world);
    when_sends_auth(world, "alice", REASON_CONTINUE_AUTHENTICATION, "SCRAM", NULL);
    then_receives(world, "alice", "DISCONNECT 82 why");
    then_closed(world, "alice");
    given_scram(world);
    when_sends_auth(world, "alice", REASON_RE_AUTHENTICATE, "OTHER", NULL);
    then_receives(world, "alice", "DISCONNECT 82 why");
    then_closed(world, "alice");
    given_scram(world);
    when_sends_auth(world, "alice", REASON_SUCCESS, "SCRAM", NULL);
    then_receives(world, "alice", "DISCONNECT 82 why");
    then_closed(world, "alice");
}

static void verdict_comes_too_late(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true, .has_user_name = true,
                  .user_name = BYTES("al"));
    world->request_count = 0;
    when_passes_s(world, 31);
    then_closed(world, "alice");
    when_connects(world, "bob", .version = PROTOCOL_5, .clean_start = true, .has_user_name = true,
                  .user_name = BYTES("b"));
    world->request_count = 0;
    when_sends_bytes(world, "bob", "10 00");
    then_closed(world, "bob");
    when_connects(world, "carol", .version = PROTOCOL_5, .clean_start = true, .has_user_name = true,
                  .user_name = BYTES("c"));
    when_sends(world, "carol", &(struct packet){.type = PACKET_DISCONNECT});
    then_closed(world, "carol");
    world->request_count = 0;
}

static void small_client_gets_bare_answers(void **state)
{
    struct world *world = *state;
    when_connects(world, "alice", .version = PROTOCOL_5, .clean_start = true,
                  .properties = {.present = HAVE(authentication_method) | HAVE(maximum_packet_size),
                                 .authentication_method = BYTES("SCRAM"),
                                 .maximum_packet_size = 19});
    world->request_count = 0;
    when_answers(world, "alice", VERDICT_CONTINUE, 0, "1234");
    then_receives(world, "alice", "AUTH 18 [authentication_method=SCRAM authentication_data=1234]");
    when_answers(world, "alice", VERDICT_WELCOME, 0, NULL);
    then_receives(world, "alice",
                  "CONNACK 00 [authentication_method=SCRAM "
                  "topic_alias_maximum=10]");
}

#define ASKING(name, tale)                                                                         \
    {name " (1 worker)", tale, setup_asking_1, story_teardown, NULL},                              \
    {                                                                                              \
        name " (3 workers)", tale, setup_asking_3, story_teardown, NULL                            \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKING("[MQTT-3.1.4-6][v3 MQTT-3.2.2-5] a password is checked before anything else is done",
               password_is_checked),
        ASKING("[MQTT-3.1.4-2][MQTT-3.2.2-7] a wrong password is told so", refused_password),
        ASKING("[MQTT-3.2.2-16] an identifier is assigned after the password",
               assigned_identifier_after_a_password),
        ASKING("[MQTT-4.12.0-1] an unknown method is refused", unknown_method),
        ASKING("[MQTT-4.12.0-2, -3, -5][MQTT-3.2.0-1] authentication in several steps",
               several_steps),
        ASKING("[MQTT-4.12.0-4] it may fail at any step", failing_at_a_later_step),
        ASKING("[MQTT-4.12.0-5][MQTT-3.14.0-1] the method stays the same", another_method_halfway),
        ASKING("[MQTT-4.12.0-6, -7] no method in CONNECT, no AUTH", auth_without_a_method),
        ASKING("[MQTT-4.12.1-1, -2][MQTT-3.15.2-1] re-authentication", re_authentication),
        ASKING("[MQTT-4.12.1-1][MQTT-4.12.0-5] re-authentication out of step",
               re_authentication_out_of_step),
        ASKING("who has gone is not welcomed", verdict_comes_too_late),
        ASKING("[MQTT-3.15.2-2, -3] AUTH brings nothing that could be left out",
               small_client_gets_bare_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
