/* config_store_test.c — what a configuration says of the store and of queues. */
#include "config/config_testing.h"

static void nothing_said_is_durable(void **state)
{
    (void)state;
    given("");
    assert_true(config.persistence);
    assert_string_equal(config.persistence_location, "");
    assert_string_equal(config.persistence_file, "midge.db");
    assert_int_equal(config.core.durability, DURABILITY_ALWAYS);
    assert_int_equal(config.core.queue_policy, QUEUE_DROP_NEWEST);
    assert_int_equal(config.store_size_max, 0);
}

static void a_configuration_of_mosquittos_is_taken(void **state)
{
    (void)state;
    given("persistence true\npersistence_location /var/lib/mosquitto/\n"
          "persistence_file mosquitto.db\nautosave_interval 1800\n");
    assert_int_equal(report.count, 0);
    assert_true(config.persistence);
    assert_string_equal(config.persistence_location, "/var/lib/mosquitto/");
    assert_string_equal(config.persistence_file, "mosquitto.db");
    clean(NULL);
    given("retained_persistence false\nautosave_interval 60\nautosave_on_changes true\n");
    assert_false(config.persistence);
    assert_int_equal(report.warning_count, 2);
    then_warned("t.conf:2: autosave_interval 60: there is nothing to save at intervals: Midge "
                "writes before it acknowledges");
    then_warned("t.conf:3: autosave_on_changes true: there is nothing to save at intervals: Midge "
                "writes before it acknowledges");
}

static void durability_is_one_of_three(void **state)
{
    (void)state;
    given("durability off\n");
    assert_int_equal(config.core.durability, DURABILITY_OFF);
    clean(NULL);
    given("durability always # at any price\n");
    assert_int_equal(config.core.durability, DURABILITY_ALWAYS);
    assert_int_equal(report.count, 0);
    clean(NULL);
    given("durability interval 5\n");
    assert_int_equal(config.core.durability, DURABILITY_INTERVAL);
    assert_int_equal(config.durability_interval_s, 5);
    clean(NULL);
    given("durability interval 2min # or so\n");
    assert_int_equal(config.durability_interval_s, 120);
    assert_int_equal(report.count, 0);
    clean(NULL);
    given("durability interval 1ms\n");
    assert_int_equal(config.durability_interval_s, 1);
    clean(NULL);
    given("durability interval 86400\n");
    assert_int_equal(config.durability_interval_s, 86400);
    clean(NULL);
    given("durability off 5\n");
    then_warned("t.conf:1: what follows \"off\" is not read; remove it, or write # before it");
    clean(NULL);
    then_refused("durability\n", "t.conf:1: durability says nothing; write always, interval "
                                 "SECONDS or off");
    then_refused("durability never\n", "t.conf:1: durability cannot be \"never\"; write always, "
                                       "interval SECONDS or off");
    static const char *const unclear[] = {
        "durability interval\n",      "durability interval 0\n",  "durability interval 86401\n",
        "durability interval soon\n", "durability interval 5m\n",
    };
    for (size_t index = 0; index < sizeof unclear / sizeof *unclear; index++) {
        then_refused(unclear[index],
                     "t.conf:1: durability interval needs seconds, from 1 to 86400; write "
                     "durability interval 5, for instance");
    }
    given("");
}

static void a_full_queue_has_a_policy(void **state)
{
    (void)state;
    given("queue_policy reject\n");
    assert_int_equal(config.core.queue_policy, QUEUE_REJECT);
    clean(NULL);
    given("queue_policy drop_oldest\nmax_queued_messages 5\nmax_queued_bytes 1KiB\n");
    assert_int_equal(config.core.queue_policy, QUEUE_DROP_OLDEST);
    assert_int_equal(config.core.queued_messages_max, 5);
    assert_int_equal(config.core.queued_bytes_max, 1024);
    clean(NULL);
    given("queue_policy drop_newest\n");
    assert_int_equal(config.core.queue_policy, QUEUE_DROP_NEWEST);
    clean(NULL);
    then_refused("queue_policy forget\n", "t.conf:1: queue_policy cannot be \"forget\"; write "
                                          "drop_newest, drop_oldest or reject");
    then_refused("queue_policy\n",
                 "t.conf:1: queue_policy says nothing; write drop_newest, drop_oldest or reject");
    given("");
}

static void the_size_is_bounded(void **state)
{
    (void)state;
    given("store_size_max 32GiB\n");
    assert_int_equal(config.store_size_max, UINT64_C(32) << 30);
    clean(NULL);
    assert_false(load_with("store_size_max 1KiB\n", NULL));
    assert_int_equal(report.error_count, 1);
}

static void a_reload_takes_what_the_store_can(void **state)
{
    struct config next;
    struct config_report more;
    (void)state;
    given("durability interval 5\n");
    const char text[] = "durability interval 9\nqueue_policy reject\npersistence false\n"
                        "persistence_location /x\npersistence_file y\nstore_size_max 1GiB\n";
    config_report_init(&more);
    assert_true(config_load_text(text, strlen(text), "n.conf", NULL, &next, &more));
    config_take_reload(&config, &next, &report);
    config_free(&next);
    config_report_fini(&more);
    assert_int_equal(config.core.durability, DURABILITY_INTERVAL);
    assert_int_equal(config.durability_interval_s, 9);
    assert_int_equal(config.core.queue_policy, QUEUE_REJECT);
    assert_true(config.persistence);
    assert_string_equal(config.persistence_location, "");
    assert_int_equal(report.warning_count, 4);
    then_warned("persistence has changed, but only a restart takes it over");
    then_warned("persistence_location has changed, but only a restart takes it over");
    then_warned("persistence_file has changed, but only a restart takes it over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(nothing_said_is_durable),
        CONFIG_TEST(a_configuration_of_mosquittos_is_taken),
        CONFIG_TEST(durability_is_one_of_three),
        CONFIG_TEST(a_full_queue_has_a_policy),
        CONFIG_TEST(the_size_is_bounded),
        CONFIG_TEST(a_reload_takes_what_the_store_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
