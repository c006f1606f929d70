/* config_listeners_test.c — which listeners there are, and whom they let in: mosquitto's rules. */
#include "config/config_testing.h"

static void nothing_configured_is_local_and_open(void **state)
{
    (void)state;
    given("");
    assert_true(config.local_only);
    assert_int_equal(config.listener_count, 1);
    assert_int_equal(config.listeners[0].listener.port, 1883);
    assert_int_equal(config.listeners[0].link.port, 1883);
    assert_true(config.listeners[0].listener.loopback_only);
    assert_true(config.listeners[0].link.allow_anonymous);
    assert_null(config.listeners[0].file);
    assert_int_equal(report.count, 0);
}

static void settings_alone_stay_local(void **state)
{
    (void)state;
    given("max_queued_messages 5\nmax_connections 7\nprotocol mqtt\n");
    assert_true(config.local_only);
    assert_int_equal(config.listener_count, 1);
    assert_true(config.listeners[0].listener.loopback_only);
    assert_true(config.listeners[0].link.allow_anonymous);
    assert_int_equal(config.listeners[0].listener.connections_max, 7);
    assert_int_equal(config.core.queued_messages_max, 5);
}

static void local_can_be_closed(void **state)
{
    (void)state;
    given("allow_anonymous false\n");
    assert_true(config.local_only);
    assert_false(config.listeners[0].link.allow_anonymous);
}

static void a_listener_is_closed_unless_told(void **state)
{
    (void)state;
    given("listener 1883\n");
    assert_false(config.local_only);
    assert_int_equal(config.listener_count, 1);
    assert_false(config.listeners[0].listener.loopback_only);
    assert_false(config.listeners[0].link.allow_anonymous);
    assert_string_equal(config.listeners[0].file, "t.conf");
    assert_int_equal(config.listeners[0].line, 1);
}

static void allow_anonymous_holds_wherever_it_stands(void **state)
{
    static const char *const texts[] = {
        "allow_anonymous true\nlistener 1883\nlistener 1884\n",
        "listener 1883\nallow_anonymous true\nlistener 1884\n",
        "listener 1883\nlistener 1884\nallow_anonymous true\n",
    };
    (void)state;
    for (size_t index = 0; index < 3; index++) {
        given(texts[index]);
        assert_int_equal(config.listener_count, 2);
        assert_true(config.listeners[0].link.allow_anonymous);
        assert_true(config.listeners[1].link.allow_anonymous);
        clean(NULL);
    }
    given("");
}

static void per_listener_settings_are_each_ones_own(void **state)
{
    (void)state;
    given("per_listener_settings true\n"
          "listener 1883\nallow_anonymous true\nauto_id_prefix a-\n"
          "listener 1884\n"
          "listener 1885\nallow_anonymous false\n");
    assert_true(config.listeners[0].link.allow_anonymous);
    assert_false(config.listeners[1].link.allow_anonymous);
    assert_false(config.listeners[2].link.allow_anonymous);
    assert_string_equal(config.listeners[0].link.auto_id_prefix, "a-");
    assert_string_equal(config.listeners[1].link.auto_id_prefix, "auto-");
    assert_int_equal(report.count, 0);
}

static void per_listener_settings_come_first(void **state)
{
    (void)state;
    then_refused("listener 1883\nallow_anonymous true\nper_listener_settings true\n",
                 "t.conf:3: per_listener_settings comes too late: t.conf:2 is about the same; "
                 "write it above that");
    then_refused("per_listener_settings true\nallow_anonymous true\nlistener 1883\n",
                 "t.conf:2: with per_listener_settings true, allow_anonymous belongs to a "
                 "listener; write it below a listener line");
    given("per_listener_settings true\nper_listener_settings false\nlistener 1\n"
          "allow_anonymous true\nlistener 2\n");
    assert_false(config.listeners[1].link.allow_anonymous);
    assert_int_equal(report.warning_count, 2);
}

static void listener_allow_anonymous_is_stronger(void **state)
{
    (void)state;
    given("listener 1883\nlistener_allow_anonymous false\nlistener 1884\n"
          "listener_auto_id_prefix x-\nallow_anonymous true\nauto_id_prefix y-\n");
    assert_false(config.listeners[0].link.allow_anonymous);
    assert_true(config.listeners[1].link.allow_anonymous);
    assert_string_equal(config.listeners[0].link.auto_id_prefix, "y-");
    assert_string_equal(config.listeners[1].link.auto_id_prefix, "x-");
}

static void port_and_bind_address_name_the_default_listener(void **state)
{
    (void)state;
    given("bind_address 127.0.0.1\nlistener 1884\nmax_qos 1\nport 1885\nmax_qos 0\n");
    assert_int_equal(config.listener_count, 2);
    assert_int_equal(config.listeners[0].listener.port, 1885);
    assert_string_equal(config.listeners[0].listener.address, "127.0.0.1");
    assert_int_equal(config.listeners[0].link.qos_max, 0);
    assert_int_equal(config.listeners[1].link.qos_max, 1);
    assert_false(config.listeners[0].link.allow_anonymous);
    assert_false(config.local_only);
}

static void settings_above_every_listener_open_a_default_one(void **state)
{
    (void)state;
    given("max_connections 5\nlistener 1884\n");
    assert_int_equal(config.listener_count, 2);
    assert_int_equal(config.listeners[0].listener.port, 1883);
    assert_int_equal(config.listeners[0].listener.connections_max, 5);
    then_warned("t.conf:1: this line stands above every listener line, so it opens a default "
                "listener at port 1883; write it below the listener it is meant for");
}

static void settings_that_change_nothing_open_none(void **state)
{
    (void)state; /* the add-on of Home Assistant begins so */
    given("protocol mqtt\nmax_connections -1\nlistener 1883\n");
    assert_int_equal(config.listener_count, 1);
    assert_int_equal(report.count, 0);
}

static void one_door_opens_once(void **state)
{
    (void)state;
    then_refused("listener 1883\nlistener 1884\nlistener 1883\n",
                 "t.conf:3: a listener for the same port and address stands at t.conf:1; remove "
                 "one of the two");
    then_refused("port 1883\nlistener 1883\n",
                 "t.conf:2: a listener for the same port and address stands at t.conf:1; remove "
                 "one of the two");
    given("listener 1883 127.0.0.1\nlistener 1883 ::1\nlistener 0 /run/a\nlistener 0 /run/b\n"
          "listener 1884\nsocket_domain ipv4\nlistener 1884\nsocket_domain ipv6\n");
    assert_int_equal(config.listener_count, 6);
}

static void unix_listeners_have_a_path(void **state)
{
    (void)state;
    given("listener 0 /run/midge/with blank.sock\nmount_point unix/\n");
    assert_int_equal(config.listeners[0].listener.family, LISTENER_UNIX);
    assert_string_equal(config.listeners[0].listener.address, "/run/midge/with blank.sock");
    assert_string_equal(config.listeners[0].link.mount_point, "unix/");
    clean(NULL);
    then_refused("listener 0\n",
                 "t.conf:1: listener 0 is a unix socket; write its path: listener 0 PATH");
    then_refused("listener 0 # none\n",
                 "t.conf:1: listener 0 is a unix socket; write its path: listener 0 PATH");
    char text[256] = "listener 0 /";
    memset(text + strlen(text), 'x', 110);
    assert_false(load_with(text, NULL));
    clean(NULL);
    then_refused("listener 0 /a\nsocket_domain ipv4\n",
                 "t.conf:2: a unix socket has no socket_domain; remove the line");
    given("");
}

static void listeners_take_their_settings(void **state)
{
    (void)state;
    given("listener 1883 localhost # here\nbind_interface lo\nsocket_domain ipv6\n"
          "max_connections 10\nmax_topic_alias 3\nmax_topic_alias_broker 4\nmaximum_qos 1\n"
          "accept_protocol_versions 4, 5 # not 3.1\nuse_username_as_clientid true\n"
          "set_tcp_nodelay false\nlistener 1884\naccept_protocol_versions 5\n");
    const struct config_listener *first = &config.listeners[0];
    assert_string_equal(first->listener.address, "localhost");
    assert_string_equal(first->listener.bind_interface, "lo");
    assert_int_equal(first->listener.family, LISTENER_IPV6);
    assert_int_equal(first->listener.connections_max, 10);
    assert_false(first->listener.tcp_no_delay);
    assert_int_equal(first->link.topic_alias_max_in, 3);
    assert_int_equal(first->link.topic_alias_max_out, 4);
    assert_int_equal(first->link.qos_max, 1);
    assert_int_equal(first->link.versions, 1 << 4 | 1 << 5);
    assert_true(first->link.use_user_name_as_client_id);
    assert_int_equal(config.listeners[1].link.versions, 1 << 5);
    assert_int_equal(config.listeners[1].link.qos_max, 2);
    assert_false(config.listeners[1].listener.tcp_no_delay);
    assert_int_equal(report.count, 0);
    clean(NULL);
    then_refused("listener 1\naccept_protocol_versions 4 6\n",
                 "t.conf:2: accept_protocol_versions cannot be \"6\"; write any of 3, 4, 5");
    then_refused("listener 70000\n",
                 "t.conf:1: listener cannot be \"70000\"; write PORT [ADDRESS], or 0 PATH");
    then_refused("port 0\n", "t.conf:1: port cannot be \"0\"; write a port from 1 to 65535");
    then_refused("listener 1\nmount_point a/#\n",
                 "t.conf:2: mount_point \"a/#\" holds a wildcard; write it without + and #");
    then_refused("listener 1\nprotocol websockets\n",
                 "t.conf:2: protocol websockets comes with a later version; remove this listener, "
                 "or make it protocol mqtt");
    given("");
}

static void there_is_a_limit_to_listeners(void **state)
{
    (void)state;
    char text[4096] = "";
    for (int port = 1; port <= CONFIG_LISTENERS_MAX; port++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "listener %d\n", port);
    }
    given(text);
    assert_int_equal(config.listener_count, CONFIG_LISTENERS_MAX);
    clean(NULL);
    snprintf(text + strlen(text), sizeof text - strlen(text), "listener 9999\nmax_qos 1\n");
    then_refused(text, "t.conf:65: there are more than 64 listeners; remove some");
    given("");
}

static void ports_of_the_command_line_are_local(void **state)
{
    (void)state;
    struct config_overrides overrides = {.ports = {1884, 1885}, .port_count = 2};
    assert_true(load_with("max_qos 1\n", &overrides));
    assert_true(config.local_only);
    assert_int_equal(config.listener_count, 2);
    assert_int_equal(config.listeners[1].listener.port, 1885);
    assert_int_equal(config.listeners[1].link.port, 1885);
    assert_true(config.listeners[1].listener.loopback_only);
    assert_true(config.listeners[1].link.allow_anonymous);
    assert_int_equal(config.listeners[1].link.qos_max, 1);
    clean(NULL);
    assert_true(load_with("listener 1883\n", &overrides));
    assert_int_equal(config.listener_count, 1);
    then_warned("-p 1884 is not used: the configuration names its listeners; write a listener "
                "line for it");
    clean(NULL);
    overrides.ports[1] = 1884;
    assert_false(load_with("", &overrides));
    assert_string_equal(report.messages[0].text, "-p 1884 is given twice; name each port once");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(nothing_configured_is_local_and_open),
        CONFIG_TEST(settings_alone_stay_local),
        CONFIG_TEST(local_can_be_closed),
        CONFIG_TEST(a_listener_is_closed_unless_told),
        CONFIG_TEST(allow_anonymous_holds_wherever_it_stands),
        CONFIG_TEST(per_listener_settings_are_each_ones_own),
        CONFIG_TEST(per_listener_settings_come_first),
        CONFIG_TEST(listener_allow_anonymous_is_stronger),
        CONFIG_TEST(port_and_bind_address_name_the_default_listener),
        CONFIG_TEST(settings_above_every_listener_open_a_default_one),
        CONFIG_TEST(settings_that_change_nothing_open_none),
        CONFIG_TEST(one_door_opens_once),
        CONFIG_TEST(unix_listeners_have_a_path),
        CONFIG_TEST(listeners_take_their_settings),
        CONFIG_TEST(there_is_a_limit_to_listeners),
        CONFIG_TEST(ports_of_the_command_line_are_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
