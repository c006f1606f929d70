/* config_test.c — what a whole configuration means: the log, values, files, reload; and the
 * messages a person gets. */
#include "config/config_testing.h"

#include "base/log.h"

#include <unistd.h>

/* -- the log -- */

static void the_log_adds_up(void **state)
{
    (void)state;
    given("");
    assert_int_equal(config.log.destinations, CONFIG_LOG_TO_STDERR);
    assert_int_equal(config.log.kinds,
                     LOG_KIND_ERROR | LOG_KIND_WARNING | LOG_KIND_NOTICE | LOG_KIND_INFORMATION);
    assert_int_equal(config.log.facility, CONFIG_LOG_FACILITY_DAEMON);
    assert_true(config.log.timestamp);
    clean(NULL);

    given("log_dest stdout\nlog_dest file /var/log/mid ge.log\nlog_dest topic\nlog_dest syslog\n"
          "log_facility 5\nlog_type error\nlog_type subscribe\nlog_timestamp false\n"
          "log_timestamp_format %H:%M\n");
    assert_int_equal(config.log.destinations, CONFIG_LOG_TO_STDOUT | CONFIG_LOG_TO_FILE |
                                                  CONFIG_LOG_TO_TOPIC | CONFIG_LOG_TO_SYSLOG);
    assert_string_equal(config.log.file, "/var/log/mid ge.log");
    assert_int_equal(config.log.facility, 5);
    assert_int_equal(config.log.kinds, LOG_KIND_ERROR | LOG_KIND_SUBSCRIBE);
    assert_false(config.log.timestamp);
    assert_string_equal(config.log.timestamp_format, "%H:%M");
    assert_int_equal(report.count, 0);
    clean(NULL);

    given("log_dest stdout unbuffered\nlog_dest none\nlog_type all\nlog_type none\n");
    assert_int_equal(config.log.destinations, 0);
    assert_int_equal(config.log.kinds, 0);
    assert_true(config.log.stdout_unbuffered);
    clean(NULL);

    given("log_type all\nlog_type internal\n");
    assert_int_equal(config.log.kinds, UINT32_MAX);
    clean(NULL);

    then_refused("log_dest file\n",
                 "t.conf:1: log_dest says nothing; write its value behind it, or remove the line");
    then_refused("log_dest dlt\n", "t.conf:1: log_dest cannot be \"dlt\"; write stdout, stderr, "
                                   "file PATH, syslog, topic or none");
    then_refused("log_dest file a\nlog_dest file b\n",
                 "t.conf:2: the log has a file already, a; remove one of the two lines");
    then_refused("log_facility 8\n",
                 "t.conf:1: log_facility cannot be \"8\"; write a number from 0 to 7");
    given("");
}

static void verbose_and_quiet_are_stronger(void **state)
{
    (void)state;
    struct config_overrides overrides = {.verbose = true};
    assert_true(load_with("log_type error\n", &overrides));
    assert_int_equal(config.log.kinds, UINT32_MAX);
    clean(NULL);
    overrides.quiet = true;
    assert_true(load_with("log_type error\n", &overrides));
    assert_int_equal(config.log.kinds, 0);
}

/* -- values -- */

static void values_keep_mosquittos_units(void **state)
{
    (void)state;
    given("retain_expiry_interval 2\nsys_interval 30s\nmax_packet_size 2MiB\nmemory_limit 1GiB\n"
          "persistent_client_expiration 2m\nslow_reader_patience 1500ms\nconnect_timeout 10\n"
          "max_inflight_messages -1\nmax_keepalive 5min\nthreads 2\nuser me # and you\n");
    assert_int_equal(config.core.retain_expiry_s, 120);
    assert_int_equal(config.core.sys_interval_s, 30);
    assert_int_equal(config.core.packet_size_max, 2 << 20);
    assert_int_equal(config.core.memory_max, 1 << 30);
    assert_int_equal(config.core.session_expiry_s_max, 60 * 86400);
    assert_int_equal(config.core.slow_reader_patience_ms, 1500);
    assert_int_equal(config.core.connect_timeout_s, 10);
    assert_int_equal(config.core.in_flight_messages_max, 0);
    assert_int_equal(config.core.keep_alive_s_max, 300);
    assert_int_equal(config.threads, 2);
    assert_string_equal(config.user, "me # and you");
    clean(NULL);
    then_refused("persistent_client_expiration 14\n",
                 "t.conf:1: persistent_client_expiration: 14 needs a unit: h, d, w, m (months) or "
                 "y, as 14d; write a duration as 12h, 14d, 2w, 3m or 1y, from 1s to "
                 "1000000000000s, or never");
    then_refused("sys_interval 5m\n",
                 "t.conf:1: sys_interval: 5m is unclear; write min for minutes, or 30d for a "
                 "month; write seconds, or a duration as 500ms, 10min or 1d, from 0s to 65535s");
    given("");
}

static void what_follows_a_value_is_named(void **state)
{
    (void)state;
    given("max_queued_messages 5 # five\nsys_interval 5 seconds\n");
    assert_int_equal(report.count, 1);
    then_warned("t.conf:2: what follows \"sys_interval 5\" is not read; remove it, or write # "
                "before it");
}

/* -- messages -- */

static void every_error_is_told(void **state)
{
    (void)state;
    assert_false(load_with("listner 1883\nport=1883\nmax_qos 3\ncolour red\nuser\n", NULL));
    assert_int_equal(report.error_count, 5);
    assert_int_equal(report.count, 5);
    then_warned("t.conf:1: \"listner\" is not a directive; did you mean listener?");
    then_warned("t.conf:2: \"port=1883\": a value stands behind a blank; write port VALUE");
    then_warned("t.conf:3: max_qos: 3 is out of range; write a number from 0 to 2");
    then_warned("t.conf:4: \"colour\" is not a directive; midge.conf(5) and midged --help list "
                "them all");
    then_warned("t.conf:5: user says nothing; write its value behind it, or remove the line");
}

static void errors_are_bounded(void **state)
{
    (void)state;
    char text[4096] = "";
    for (int line = 0; line < 50; line++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "colour %d\n", line);
    }
    assert_false(load_with(text, NULL));
    assert_int_equal(report.error_count, 50);
    assert_int_equal(report.count, CONFIG_ERRORS_MAX + 1);
    assert_string_equal(report.messages[CONFIG_ERRORS_MAX].text,
                        "and 30 more errors; mend these first");
}

static void said_twice(void **state)
{
    (void)state;
    then_refused("pid_file a\nuser x\npid_file b\n",
                 "t.conf:3: pid_file stands already at t.conf:1; remove one of the two lines");
    given("sys_interval 1\nlistener 1\nmax_qos 1\nlistener 2\nmax_qos 2\nsys_interval 2\n");
    assert_int_equal(config.core.sys_interval_s, 2);
    assert_int_equal(report.count, 1);
    then_warned("t.conf:6: sys_interval stands already at t.conf:1; this later line holds");
}

static void a_bridge_is_told_of_once(void **state)
{
    (void)state;
    assert_false(load_with("connection a\naddress b\ntopic # both\nplugin x.so\nplugin_opt_a b\n"
                           "auth_opt_c d\npassword_file p\n",
                           NULL));
    assert_int_equal(report.error_count, 3);
    then_warned("t.conf:1: connection: bridges come with a later version; remove this and the "
                "bridge's other lines");
}

static void a_file_cannot_colour_the_terminal(void **state)
{
    (void)state;
    then_refused("\x1b[31mred\n",
                 "t.conf:1: \"?[31mred\" is not a directive; midge.conf(5) and midged --help list "
                 "them all");
    given("");
}

/* -- files -- */

static char directory[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(remove(path), 0);
}

static void included_files_are_read_in_order(void **state)
{
    (void)state;
    strncpy(directory, "/tmp/midge-config-test-XXXXXX", sizeof directory - 1);
    assert_non_null(mkdtemp(directory));
    char text[256];
    write_file("b.conf", "sys_interval 2\n");
    write_file("B.conf", "sys_interval 1\nmax_queued_messages 1\n");
    write_file("a.conf", "max_queued_messages 2\n");
    write_file("00.CONF", "listener 1884\n");
    write_file("notes.txt", "colour\n");
    write_file("c.conf", "max_qos 0\n");
    snprintf(text, sizeof text, "listener 1885\ninclude_dir %s\nmax_qos 1\n", directory);
    write_file("main", text);
    char path[128];
    snprintf(path, sizeof path, "%s/main", directory);

    config_report_init(&report);
    assert_true(config_load(path, NULL, &config, &report));
    assert_int_equal(config.core.sys_interval_s, 2);
    assert_int_equal(config.core.queued_messages_max, 1);
    /* An included file begins above any listener; the main file goes on where it was. */
    assert_int_equal(config.listener_count, 3);
    assert_int_equal(config.listeners[0].listener.port, 1883);
    assert_int_equal(config.listeners[0].link.qos_max, 0);
    assert_int_equal(config.listeners[1].listener.port, 1885);
    assert_int_equal(config.listeners[1].link.qos_max, 1);
    assert_int_equal(config.listeners[2].listener.port, 1884);
}

static void included_files_tell_their_own_lines(void **state)
{
    (void)state;
    write_file("c.conf", "sys_interval 3\ninclude_dir /tmp\ncolour\n");
    char path[128], start[256];
    snprintf(path, sizeof path, "%s/main", directory);
    config_report_init(&report);
    assert_false(config_load(path, NULL, &config, &report));
    assert_int_equal(report.error_count, 2);
    snprintf(start, sizeof start,
             "%s/c.conf:2: an included file cannot include others; write this into the main file",
             directory);
    then_warned(start);
    assert_int_equal(config.listeners[0].listener.port, 1885);
    assert_int_equal(config.listeners[0].link.qos_max, 1);
    static const char *const names[] = {"a.conf",    "b.conf", "B.conf", "00.CONF",
                                        "notes.txt", "c.conf", "main"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        remove_file(names[index]);
    }
    assert_int_equal(rmdir(directory), 0);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    config_report_init(&report);
    assert_false(config_load("/nonexistent/x.conf", NULL, &config, &report));
    assert_string_equal(report.messages[0].text,
                        "/nonexistent/x.conf: cannot be read: No such file or directory; check "
                        "its name and rights");
    clean(NULL);
    config_report_init(&report);
    assert_false(config_load("/tmp", NULL, &config, &report));
    assert_string_equal(report.messages[0].text,
                        "/tmp: cannot be read: it is a directory; name a file, or use "
                        "include_dir; check its name and rights");
    clean(NULL);
    then_refused("include_dir /nonexistent\n",
                 "t.conf:1: include_dir /nonexistent cannot be read: No such file or directory; "
                 "check its name and rights");
    config_default(&config);
    assert_true(config.local_only);
}

/* -- reload -- */

static void a_reload_takes_what_is_live(void **state)
{
    struct config next;
    struct config_report more;
    (void)state;
    given("listener 1883\nallow_anonymous false\nthreads 1\nsys_interval 10\nlistener 1884\n");
    const struct config_listener *first = &config.listeners[0];
    const char text[] = "sys_interval 5\nthreads 4\nlog_type none\nallow_anonymous true\n"
                        "listener 1885\nlistener 1883\nmax_qos 1\nmax_connections 3\n";
    config_report_init(&more);
    assert_true(config_load_text(text, strlen(text), "n.conf", NULL, &next, &more));
    config_take_reload(&config, &next, &report);
    config_free(&next);
    config_report_fini(&more);

    assert_int_equal(config.core.sys_interval_s, 5);
    assert_int_equal(config.threads, 1);
    assert_int_equal(config.log.kinds, 0);
    assert_int_equal(config.listener_count, 2);
    assert_true(first->link.allow_anonymous);
    assert_int_equal(first->link.qos_max, 1);
    assert_int_equal(first->listener.connections_max, 0);
    assert_int_equal(report.warning_count, 4);
    then_warned("threads has changed, but only a restart takes it over");
    then_warned("n.conf:6: max_connections of this listener has changed, but only a restart takes "
                "it over");
    then_warned("t.conf:5: the listener at port 1884 is not configured any more, but stays open; "
                "listeners change only with a restart");
    then_warned("n.conf:5: the listener at port 1885 is new, and not open yet; listeners change "
                "only with a restart");
}

static void the_same_again_changes_nothing(void **state)
{
    struct config next;
    struct config_report more;
    (void)state;
    const char text[] = "listener 1883\nlistener 0 /tmp/x\nmax_qos 1\nuser me\n";
    given(text);
    config_report_init(&more);
    assert_true(config_load_text(text, strlen(text), "t.conf", NULL, &next, &more));
    config_take_reload(&config, &next, &report);
    config_free(&next);
    config_report_fini(&more);
    assert_int_equal(report.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(the_log_adds_up),
        CONFIG_TEST(verbose_and_quiet_are_stronger),
        CONFIG_TEST(values_keep_mosquittos_units),
        CONFIG_TEST(what_follows_a_value_is_named),
        CONFIG_TEST(every_error_is_told),
        CONFIG_TEST(errors_are_bounded),
        CONFIG_TEST(said_twice),
        CONFIG_TEST(a_bridge_is_told_of_once),
        CONFIG_TEST(a_file_cannot_colour_the_terminal),
        CONFIG_TEST(included_files_are_read_in_order),
        CONFIG_TEST(included_files_tell_their_own_lines),
        CONFIG_TEST(files_that_cannot_be_read),
        CONFIG_TEST(a_reload_takes_what_is_live),
        CONFIG_TEST(the_same_again_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
