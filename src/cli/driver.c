/* driver.c — one turn: do what umqtt wants of its transport, write, wait, read, tick.
 *
 * The connection may refuse, break, or end in order; each is an event of umqtt's, and what the
 * tool says and exits with is decided here at the end. After our own DISCONNECT we shut our
 * direction and read on until the server closes: a close with unread input would throw our last
 * bytes away. */
#include "cli/driver.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "net/clock.h"

#define RECONNECT_MIN_MS 1000
#define RECONNECT_MAX_MS 10000
#define DRAIN_MS         1000
#define READS_A_TURN_MAX 16
#define ALIASES_SIZE     (1024 * 1024)

enum { FD_SIGNAL, FD_SOCKET, FD_MORE, FD_OUTPUT, FD_COUNT };

static bool watch_signals(struct driver *driver);
static bool set_umqtt_options(struct driver *driver);
static void on_event(struct umqtt *client, const struct umqtt_event *event, void *context);
static void attend(struct driver *driver);
static void dialed(struct driver *driver, enum dial_result result);
static void begin_to_close(struct driver *driver);
static void drop_stream(struct driver *driver);
static bool send_out(struct driver *driver);
static void take_in(struct driver *driver);
static void offer(struct driver *driver);
static void drain(struct driver *driver);
static void wait_for(struct driver *driver, uint32_t wait_ms, struct pollfd fds[FD_COUNT]);
static int exit_code_of_refusal(const struct driver *driver);

bool driver_init(struct driver *driver, const struct options *options, struct output *output,
                 umqtt_event_fn *event_fn, void *context)
{
    *driver = (struct driver){
        .options = options,
        .output = output,
        .signal_fd = -1,
        .more_fd = -1,
        .on_event = event_fn,
        .context = context,
    };
    dial_init(&driver->dial, options);
    if (options->is_debug) {
        driver->trace = malloc(sizeof(*driver->trace));
        if (driver->trace) {
            trace_init(driver->trace, output, options->version, options->client_id);
            driver->goes_by_packets = true; /* so that a packet is told before what it brings */
        }
    }
    if (!watch_signals(driver) || !set_umqtt_options(driver)) {
        say_error(&options->voice, "Out of memory or descriptors: %s.", strerror(errno));
        return false;
    }
    return true;
}

void driver_fini(struct driver *driver)
{
    stream_close(driver->stream);
    dial_fini(&driver->dial);
    if (driver->signal_fd >= 0) {
        close(driver->signal_fd);
    }
    free(driver->umqtt_options.receipts);
    free(driver->umqtt_options.aliases.data);
    free(driver->memory);
    free(driver->trace);
}

bool driver_start(struct driver *driver)
{
    if (driver->reconnects) {
        driver->umqtt_options.reconnect_min_ms = RECONNECT_MIN_MS;
        driver->umqtt_options.reconnect_max_ms = RECONNECT_MAX_MS;
    }
    umqtt_init(&driver->umqtt, &driver->umqtt_options);
    enum umqtt_error error = umqtt_start(&driver->umqtt, driver_now_ms());
    if (error) {
        say_mistake(&driver->options->voice, "What CONNECT should hold is refused: %s.",
                    umqtt_error_words(error));
    }
    return error == UMQTT_OK;
}

void driver_turn(struct driver *driver, uint32_t wait_ms)
{
    struct pollfd fds[FD_COUNT];
    attend(driver);
    bool has_sent = send_out(driver);
    attend(driver);
    if (driver->is_over) {
        return;
    }
    /* With the last byte written the caller may have come to its end: let it look before we rest.
     * */
    wait_for(driver, has_sent ? 0 : wait_ms, fds);
    if (fds[FD_SIGNAL].revents) {
        struct signalfd_siginfo info;
        if (read(driver->signal_fd, &info, sizeof(info)) == sizeof(info)) {
            driver->stop_signal = (int)info.ssi_signo;
        }
    }
    if (fds[FD_OUTPUT].revents & (POLLERR | POLLNVAL)) {
        driver->output->is_broken = true;
    }
    driver->more_is_ready = fds[FD_MORE].revents != 0;
    if (fds[FD_SOCKET].revents && driver->is_dialing) {
        dialed(driver, dial_continue(&driver->dial));
    } else if (driver->is_draining) {
        drain(driver);
    } else if (driver->stream &&
               (fds[FD_SOCKET].revents || driver->read_begin < driver->read_end)) {
        take_in(driver);
    }
    umqtt_tick(&driver->umqtt, driver_now_ms());
    attend(driver);
    send_out(driver);
    attend(driver);
}

void driver_disconnect(struct driver *driver, uint8_t reason)
{
    enum umqtt_state state = umqtt_state(&driver->umqtt);
    if (state == UMQTT_IDLE || state == UMQTT_CLOSING) {
        return;
    }
    umqtt_send_disconnect(
        &driver->umqtt, driver_now_ms(), driver->options->version == UMQTT_5 ? reason : 0,
        umqtt_properties_bytes(&driver->options->properties[PROPERTIES_DISCONNECT]));
    if (umqtt_state(&driver->umqtt) == UMQTT_IDLE) { /* it was waiting for another try */
        driver->why = UMQTT_ENDED;
        driver->is_over = true;
    }
}

uint32_t driver_now_ms(void)
{
    return (uint32_t)(clock_now_us() / 1000);
}

int driver_exit_code(const struct driver *driver)
{
    const struct voice *voice = &driver->options->voice;
    switch (driver->why) {
    case UMQTT_OK:
    case UMQTT_ENDED: return EXIT_CODE_OK;
    case UMQTT_REFUSED: return exit_code_of_refusal(driver);
    case UMQTT_ENDED_BY_SERVER:
        say_error(voice, "The broker ended the connection: %s.",
                  umqtt_reason_words(driver->reason));
        return driver->reason ? driver->reason : EXIT_CODE_CONNECTION_LOST;
    case UMQTT_TIMEOUT:
        if (driver->was_connected) {
            say_error(voice, "The broker is silent: it answered no ping.");
            return EXIT_CODE_KEEP_ALIVE;
        }
        say_error(voice, "No answer from %s.", driver->dial.peer);
        say_hint(voice, "Does an MQTT broker listen there, and does a firewall let us through?");
        return EXIT_CODE_TIMED_OUT;
    case UMQTT_MALFORMED:
    case UMQTT_PROTOCOL_ERROR:
        say_error(voice, "What %s sent is not MQTT as it should be: %s.", driver->dial.peer,
                  umqtt_error_words(driver->why));
        return driver->why == UMQTT_MALFORMED ? EXIT_CODE_MALFORMED : EXIT_CODE_PROTOCOL;
    default: break;
    }
    if (driver->dial_has_failed) {
        dial_tell_failure(&driver->dial);
        return EXIT_CODE_ERROR;
    }
    say_error(voice, "The connection was lost.");
    if (!driver->was_connected) {
        say_hint(voice, "It ended before the broker answered: is %s an MQTT port without TLS?",
                 driver->dial.peer);
    }
    return EXIT_CODE_CONNECTION_LOST;
}

static bool watch_signals(struct driver *driver)
{
    sigset_t signals;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    driver->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    return driver->signal_fd >= 0;
}

static bool set_umqtt_options(struct driver *driver)
{
    const struct options *options = driver->options;
    struct umqtt_options *to = &driver->umqtt_options;
    struct umqtt_property alias_max;
    to->version = options->version;
    to->client_id = umqtt_text(options->client_id ? options->client_id : "");
    to->user_name = umqtt_text(options->user_name);
    to->password = umqtt_text(options->password);
    to->will = options->will_topic ? &options->will : NULL;
    to->clean_start = !options->keeps_session;
    to->keep_alive_s = (uint16_t)options->keep_alive_s;
    to->connect_properties = umqtt_properties_bytes(&options->properties[PROPERTIES_CONNECT]);
    to->seed = (uint32_t)clock_now_us() ^ (uint32_t)getpid();
    to->on_event = on_event;
    to->context = driver;

    driver->memory =
        malloc(DRIVER_CONTROL_SIZE + DRIVER_INPUT_SIZE + DRIVER_OUTBOX_SIZE + DRIVER_READ_SIZE);
    to->receipts = calloc(DRIVER_RECEIPTS_MAX, sizeof(*to->receipts));
    if (!driver->memory || !to->receipts) {
        return false;
    }
    to->receipt_count_max = DRIVER_RECEIPTS_MAX;
    to->control = (struct umqtt_memory){driver->memory, DRIVER_CONTROL_SIZE};
    to->input = (struct umqtt_memory){to->control.data + to->control.size, DRIVER_INPUT_SIZE};
    to->outbox = (struct umqtt_memory){to->input.data + to->input.size, DRIVER_OUTBOX_SIZE};
    driver->read = to->outbox.data + to->outbox.size;
    if (umqtt_property_find(to->connect_properties, UMQTT_TOPIC_ALIAS_MAXIMUM, &alias_max)) {
        to->aliases = (struct umqtt_memory){malloc(ALIASES_SIZE), ALIASES_SIZE};
        return to->aliases.data;
    }
    return true;
}

/* A server that is merely going away or busy is asked again; one that has named a reason to stay
 * away is heeded: two clients of one name would take over from each other for ever. */
static bool is_worth_another_try(const struct driver *driver)
{
    enum { SERVER_UNAVAILABLE = 0x88, SERVER_BUSY = 0x89, SERVER_SHUTTING_DOWN = 0x8B };
    if (!driver->reconnects || !driver->was_connected || driver->why == UMQTT_REFUSED) {
        return false;
    }
    return driver->why != UMQTT_ENDED_BY_SERVER || driver->reason == SERVER_UNAVAILABLE ||
           driver->reason == SERVER_BUSY || driver->reason == SERVER_SHUTTING_DOWN;
}

static void on_event(struct umqtt *client, const struct umqtt_event *event, void *context)
{
    struct driver *driver = context;
    if (event->type == UMQTT_EVENT_CONNECTED) {
        driver->was_connected = true;
    }
    if (event->type == UMQTT_EVENT_DISCONNECTED) {
        driver->why = event->error;
        driver->reason = event->reason;
        if (umqtt_state(client) == UMQTT_IDLE || !is_worth_another_try(driver)) {
            driver->is_over = true;
        }
    }
    driver->on_event(client, event, driver->context);
}

static void attend(struct driver *driver)
{
    if (driver->is_over) {
        return;
    }
    switch (umqtt_wants(&driver->umqtt)) {
    case UMQTT_WANTS_OPEN:
        if (!driver->is_dialing && !driver->stream) {
            driver->is_dialing = true;
            driver->dial_has_failed = false;
            dialed(driver, dial_begin(&driver->dial));
        }
        break;
    case UMQTT_WANTS_CLOSE: begin_to_close(driver); break;
    case UMQTT_WANTS_NOTHING: break;
    }
}

static void dialed(struct driver *driver, enum dial_result result)
{
    uint32_t now_ms = driver_now_ms();
    if (result == DIAL_AGAIN) {
        return;
    }
    driver->is_dialing = false;
    if (result == DIAL_CONNECTED) {
        int fd = dial_take(&driver->dial);
        driver->stream = stream_socket_new(fd);
        if (driver->stream) {
            if (driver->trace) {
                trace_restart(driver->trace);
            }
            driver->read_begin = driver->read_end = 0;
            driver->walk = (struct packet_walk){0};
            driver->want_write = false;
            umqtt_opened(&driver->umqtt, now_ms);
            return;
        }
        close(fd);
    }
    driver->dial_has_failed = true;
    umqtt_closed(&driver->umqtt, now_ms);
}

static void begin_to_close(struct driver *driver)
{
    if (driver->is_draining) {
        return;
    }
    if (!driver->stream) {
        driver->is_dialing = false;
        dial_fini(&driver->dial);
        umqtt_closed(&driver->umqtt, driver_now_ms());
        return;
    }
    if (stream_shut(driver->stream) == STREAM_ERROR) {
        drop_stream(driver);
        return;
    }
    driver->is_draining = true;
    driver->drain_deadline_ms = driver_now_ms() + DRAIN_MS;
}

static void drop_stream(struct driver *driver)
{
    stream_close(driver->stream);
    driver->stream = NULL;
    driver->is_draining = false;
    driver->want_write = false;
    umqtt_closed(&driver->umqtt, driver_now_ms());
}

/* True when something has been written. */
static bool send_out(struct driver *driver)
{
    bool has_sent = false;
    driver->want_write = false;
    while (driver->stream && !driver->is_draining) {
        struct umqtt_bytes bytes = umqtt_output(&driver->umqtt);
        if (bytes.size == 0) {
            break;
        }
        struct iovec piece = {(void *)(uintptr_t)bytes.data, bytes.size};
        ptrdiff_t sent = stream_writev(driver->stream, &piece, 1);
        if (sent < 0 && sent != STREAM_AGAIN) {
            take_in(driver); /* the server may have said why before it closed */
            if (driver->stream && umqtt_wants(&driver->umqtt) != UMQTT_WANTS_CLOSE) {
                drop_stream(driver);
            }
            break;
        }
        if (sent > 0) {
            has_sent = true;
            if (driver->trace) {
                trace_sent(driver->trace, bytes.data, (size_t)sent);
            }
            umqtt_output_sent(&driver->umqtt, driver_now_ms(), (size_t)sent);
        }
        if (sent < (ptrdiff_t)bytes.size) {
            driver->want_write = true;
            break;
        }
    }
    return has_sent;
}

static void take_in(struct driver *driver)
{
    for (int i = 0; i < READS_A_TURN_MAX && driver->stream && !driver->is_draining; i++) {
        bool may_be_more = true;
        if (driver->read_begin == driver->read_end) {
            ptrdiff_t size = stream_read(driver->stream, driver->read, DRIVER_READ_SIZE);
            if (size == STREAM_AGAIN) {
                return;
            }
            if (size < 0) {
                drop_stream(driver);
                return;
            }
            driver->read_begin = driver->traced = 0;
            driver->read_end = (size_t)size;
            may_be_more = size == DRIVER_READ_SIZE;
        }
        offer(driver);
        if (!may_be_more || driver->read_begin < driver->read_end) {
            return;
        }
    }
}

static void offer(struct driver *driver)
{
    while (driver->read_begin < driver->read_end && !driver->is_paused) {
        const uint8_t *data = driver->read + driver->read_begin;
        size_t size = driver->read_end - driver->read_begin;
        struct packet_walk walk = driver->walk;
        if (driver->goes_by_packets) {
            size = packet_walk_step(&walk, data, size);
        }
        size_t end = driver->read_begin + size;
        if (driver->trace && end > driver->traced) {
            trace_received(driver->trace, driver->read + driver->traced, end - driver->traced);
            driver->traced = end;
        }
        size_t taken = umqtt_receive(&driver->umqtt, driver_now_ms(), umqtt_bytes(data, size));
        driver->read_begin += taken;
        if (umqtt_state(&driver->umqtt) == UMQTT_CLOSING) {
            driver->read_begin = driver->read_end; /* whatever else came is not ours any more */
            return;
        }
        if (taken < size) {
            if (driver->goes_by_packets && taken > 0) {
                packet_walk_step(&driver->walk, data, taken);
            }
            return;
        }
        driver->walk = walk;
    }
}

static void drain(struct driver *driver)
{
    for (int i = 0; i < READS_A_TURN_MAX; i++) {
        ptrdiff_t size = stream_read(driver->stream, driver->read, DRIVER_READ_SIZE);
        bool is_late = (int32_t)(driver_now_ms() - driver->drain_deadline_ms) >= 0;
        if (size == STREAM_CLOSED || size == STREAM_ERROR || is_late) {
            drop_stream(driver);
            return;
        }
        if (size == STREAM_AGAIN) {
            return;
        }
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void wait_for(struct driver *driver, uint32_t wait_ms, struct pollfd fds[FD_COUNT])
{
    uint32_t now_ms = driver_now_ms();
    wait_ms = least(wait_ms, umqtt_wait_ms(&driver->umqtt, now_ms));
    if (driver->is_draining) {
        int32_t left = (int32_t)(driver->drain_deadline_ms - now_ms);
        wait_ms = least(wait_ms, left > 0 ? (uint32_t)left : 0);
    }
    short events = POLLIN;
    int fd = driver->stream ? stream_descriptor(driver->stream) : -1;
    if (driver->is_dialing) {
        fd = driver->dial.fd;
        events = POLLOUT;
    } else if (driver->stream) {
        bool is_full = driver->read_begin < driver->read_end && !driver->is_draining;
        events = (short)((is_full ? 0 : POLLIN) | (driver->want_write ? POLLOUT : 0));
    }
    fds[FD_SIGNAL] = (struct pollfd){.fd = driver->signal_fd, .events = POLLIN};
    fds[FD_SOCKET] = (struct pollfd){.fd = fd, .events = events};
    fds[FD_MORE] = (struct pollfd){.fd = driver->more_fd, .events = POLLIN};
    fds[FD_OUTPUT] = (struct pollfd){.fd = driver->output->fd, .events = 0};

    int timeout_ms = wait_ms == UMQTT_FOREVER ? -1 : (int)least(wait_ms, 1u << 30);
    if (driver->output->size > 0 && timeout_ms != 0) {
        /* Nothing is held back while we wait; but while input keeps coming, blocks may fill. */
        if (poll(fds, FD_COUNT, 0) > 0) {
            return;
        }
        output_flush(driver->output);
    }
    if (poll(fds, FD_COUNT, timeout_ms) < 0) {
        for (int i = 0; i < FD_COUNT; i++) {
            fds[i].revents = 0;
        }
    }
}

static int exit_code_of_refusal(const struct driver *driver)
{
    enum { NOT_AUTHORIZED_3 = 5, BAD_LOGIN_3 = 4, BAD_LOGIN_5 = 0x86, NOT_AUTHORIZED_5 = 0x87 };
    const struct options *options = driver->options;
    const char *words = umqtt_connack_words(options->version, driver->reason);
    say_plainly(&options->voice, "Connection error: %s%s.",
                options->version == UMQTT_5 ? "" : "connection refused: ", words);
    if (driver->reason == NOT_AUTHORIZED_3 || driver->reason == BAD_LOGIN_3 ||
        driver->reason == BAD_LOGIN_5 || driver->reason == NOT_AUTHORIZED_5) {
        say_hint(&options->voice, options->user_name ? "Check the user name (-u) and password (-P)."
                                                     : "Name a user: -u NAME -P PASSWORD");
    }
    return driver->reason;
}
