/* log_sink.c — lines from many threads, written by one.
 *
 * Happy path: log_sink_line copies the line into a mail and posts it → the main thread takes all
 * mail → each line is dressed for each destination and written with one system call.
 *
 * What can go wrong: too many lines (counted), no memory for one (counted), a destination that is
 * full. The last is asked before writing, so that the main thread does not block either: lines are
 * shorter than what a pipe that says "ready" always takes. */
#include "broker/log_sink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/mailbox.h"

#define DESTINATIONS_MAX 3 /* with a descriptor: stdout, stderr, the file */
#define PREFIX_SIZE_MAX  256
#define STALL_POLL_MS    50
#define COLOUR_OFF       "\033[0m"
#define COLOUR_DIM       "\033[2m"
#define COUNT_OF(array)  (sizeof(array) / sizeof(array)[0])

struct log_line {
    struct mail mail; /* first: a line is its mail */
    uint64_t wall_us;
    enum log_kind kind;
    char text[];
};

struct destination {
    int fd;
    bool is_calm; /* a terminal: short time, colours */
    bool has_colour, may_stall;
    uint64_t stalled_since_us; /* 0: it takes lines */
    uint64_t missed_count;     /* lines it has not got and not yet been told of */
};

struct log_sink {
    struct mailbox mailbox;
    _Atomic(uint32_t) waiting_count; /* posted and not yet written */
    _Atomic(uint64_t) dropped_count;
    struct log_line *first, *last; /* taken and not yet written */
    uint64_t overflow_told_count;
    _Atomic(uint64_t) overflow_count; /* of dropped_count: those that found no room */
    struct config_log options;
    int file_fd; /* or -1 */
    struct destination destinations[DESTINATIONS_MAX];
    size_t destination_count;
};

static void set_destinations(struct log_sink *sink);
static void add_destination(struct log_sink *sink, int fd, bool may_be_calm);
static int open_file(const struct config_log *options);
static void take_mail(struct log_sink *sink);
static bool write_waiting(struct log_sink *sink, uint32_t *budget);
static bool must_wait(struct log_sink *sink);
static bool is_ready(struct destination *destination);
static void tell_overflow(struct log_sink *sink);
static void write_line(struct log_sink *sink, const struct log_line *line);
static void write_missed(struct log_sink *sink, struct destination *destination);
static bool write_to(const struct log_sink *sink, const struct destination *destination,
                     enum log_kind kind, uint64_t wall_us, const char *text);
static size_t format_prefix(const struct log_sink *sink, bool is_calm, uint64_t wall_us,
                            char *prefix);
static const char *colour_of(enum log_kind kind);
static int priority_of(enum log_kind kind);

struct log_sink *log_sink_new(const struct config_log *options, char *error, size_t error_size)
{
    struct log_sink *sink = calloc(1, sizeof *sink);
    if (!sink) {
        snprintf(error, error_size, "no memory for the log");
        return NULL;
    }
    sink->options = *options;
    sink->file_fd = open_file(options);
    if (sink->file_fd < 0 && options->destinations & CONFIG_LOG_TO_FILE) {
        snprintf(error, error_size, "cannot open the log file %s: %s", options->file,
                 strerrordesc_np(errno));
        goto undo_sink;
    }
    if (!mailbox_init(&sink->mailbox)) {
        snprintf(error, error_size, "cannot open the log: %s", strerrordesc_np(errno));
        goto undo_file;
    }
    set_destinations(sink);
    /* Between two log_sink_write the reader counts as asleep: the first line wakes it. */
    bool is_asleep = mailbox_will_sleep(&sink->mailbox);
    assert(is_asleep);
    return sink;

undo_file:
    if (sink->file_fd >= 0) {
        close(sink->file_fd);
    }
undo_sink:
    free(sink);
    return NULL;
}

void log_sink_free(struct log_sink *sink)
{
    if (!sink) {
        return;
    }
    /* Ends: a destination that takes nothing for LOG_SINK_STALL_US misses its lines. */
    while (log_sink_write(sink) || sink->first || !mailbox_is_empty(&sink->mailbox)) {
        for (size_t i = 0; i < sink->destination_count; i++) {
            const struct destination *destination = &sink->destinations[i];
            struct pollfd room = {.fd = destination->fd, .events = POLLOUT};
            if (destination->stalled_since_us) {
                poll(&room, 1, STALL_POLL_MS);
            }
        }
    }
    if (sink->options.destinations & CONFIG_LOG_TO_SYSLOG) {
        closelog();
    }
    if (sink->file_fd >= 0) {
        close(sink->file_fd);
    }
    mailbox_fini(&sink->mailbox);
    free(sink);
}

void log_sink_line(void *log_sink, enum log_kind kind, const char *line)
{
    struct log_sink *sink = log_sink;
    size_t size = strlen(line) + 1;
    assert(size <= LOG_LINE_SIZE_MAX + 1);
    bool has_room = atomic_fetch_add_explicit(&sink->waiting_count, 1, memory_order_relaxed) <
                    LOG_SINK_LINES_MAX;
    struct log_line *copy = has_room ? malloc(sizeof *copy + size) : NULL;
    if (!copy) {
        atomic_fetch_sub_explicit(&sink->waiting_count, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&sink->dropped_count, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&sink->overflow_count, 1, memory_order_relaxed);
        return;
    }
    copy->wall_us = clock_wall_us();
    copy->kind = kind;
    memcpy(copy->text, line, size);
    if (mailbox_post(&sink->mailbox, &copy->mail)) {
        mailbox_wake(&sink->mailbox);
    }
}

int log_sink_descriptor(const struct log_sink *sink)
{
    return mailbox_wake_fd(&sink->mailbox);
}

bool log_sink_write(struct log_sink *sink)
{
    uint32_t budget = LOG_SINK_LINES_MAX;
    mailbox_woke(&sink->mailbox);
    mailbox_clear_wake(&sink->mailbox);
    do {
        take_mail(sink);
        if (!write_waiting(sink, &budget)) {
            return true;
        }
        if (budget == 0) {
            mailbox_wake(&sink->mailbox); /* the main thread has other things to do, too */
            return false;
        }
        tell_overflow(sink);
    } while (!mailbox_will_sleep(&sink->mailbox));
    return false;
}

void log_sink_reopen(struct log_sink *sink, const struct config_log *options)
{
    bool wants_file = options->destinations & CONFIG_LOG_TO_FILE;
    int fd = open_file(options);
    if (wants_file && fd < 0) {
        char line[LOG_LINE_SIZE_MAX + 1];
        snprintf(line, sizeof line, "Error: cannot open the log file %.256s: %s.", options->file,
                 strerrordesc_np(errno));
        log_sink_line(sink, LOG_KIND_ERROR, line);
    }
    if (sink->file_fd >= 0 && (fd >= 0 || !wants_file)) {
        close(sink->file_fd);
        sink->file_fd = -1;
    }
    sink->file_fd = fd >= 0 ? fd : sink->file_fd;
    if (sink->options.destinations & CONFIG_LOG_TO_SYSLOG) {
        closelog();
    }
    sink->options = *options;
    set_destinations(sink);
}

void log_sink_give(struct log_sink *sink, uint32_t user_id, uint32_t group_id)
{
    if (sink->file_fd >= 0 && fchown(sink->file_fd, user_id, group_id) != 0) {
        log_sink_line(sink, LOG_KIND_WARNING, "Warning: cannot give the log file to the user.");
    }
}

uint64_t log_sink_dropped_count(const struct log_sink *sink)
{
    return atomic_load_explicit(&sink->dropped_count, memory_order_relaxed);
}

static void set_destinations(struct log_sink *sink)
{
    const struct config_log *options = &sink->options;
    bool may_be_calm = options->timestamp_format[0] == 0;
    sink->destination_count = 0;
    if (options->destinations & CONFIG_LOG_TO_STDOUT) {
        add_destination(sink, STDOUT_FILENO, may_be_calm);
    }
    if (options->destinations & CONFIG_LOG_TO_STDERR) {
        add_destination(sink, STDERR_FILENO, may_be_calm);
    }
    if (sink->file_fd >= 0) {
        add_destination(sink, sink->file_fd, false);
    }
    if (options->destinations & CONFIG_LOG_TO_SYSLOG) {
        static const int facilities[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4,
                                         LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7, LOG_DAEMON};
        assert(options->facility < COUNT_OF(facilities));
        openlog("midged", LOG_CONS | LOG_PID, facilities[options->facility]);
    }
}

static void add_destination(struct log_sink *sink, int fd, bool may_be_calm)
{
    struct stat status;
    assert(sink->destination_count < DESTINATIONS_MAX);
    bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    bool is_calm = may_be_calm && isatty(fd);
    sink->destinations[sink->destination_count++] =
        (struct destination){.fd = fd,
                             .is_calm = is_calm,
                             .has_colour = is_calm && !getenv("NO_COLOR"),
                             .may_stall = !is_file};
}

/* -1 also when none is wanted. */
static int open_file(const struct config_log *options)
{
    if (!(options->destinations & CONFIG_LOG_TO_FILE)) {
        return -1;
    }
    return open(options->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static void take_mail(struct log_sink *sink)
{
    struct mail *mail = mailbox_take_all(&sink->mailbox);
    if (sink->last) {
        sink->last->mail.next = mail;
    } else {
        sink->first = (struct log_line *)mail;
    }
    for (; mail; mail = mail->next) {
        sink->last = (struct log_line *)mail;
    }
}

/* False: a destination stalls, and lines are left. */
static bool write_waiting(struct log_sink *sink, uint32_t *budget)
{
    while (sink->first && *budget > 0) {
        if (must_wait(sink)) {
            return false;
        }
        struct log_line *line = sink->first;
        write_line(sink, line);
        sink->first = (struct log_line *)line->mail.next;
        if (!sink->first) {
            sink->last = NULL;
        }
        free(line);
        atomic_fetch_sub_explicit(&sink->waiting_count, 1, memory_order_relaxed);
        --*budget;
    }
    return true;
}

/* Looks at all destinations before the line goes to any, so that none gets it twice. */
static bool must_wait(struct log_sink *sink)
{
    bool waits = false;
    for (size_t i = 0; i < sink->destination_count; i++) {
        struct destination *destination = &sink->destinations[i];
        if (is_ready(destination)) {
            destination->stalled_since_us = 0;
            continue;
        }
        uint64_t now_us = clock_now_us();
        if (!destination->stalled_since_us) {
            destination->stalled_since_us = now_us;
        }
        waits = waits || now_us - destination->stalled_since_us < LOG_SINK_STALL_US;
    }
    return waits;
}

static bool is_ready(struct destination *destination)
{
    struct pollfd room = {.fd = destination->fd, .events = POLLOUT};
    return !destination->may_stall || poll(&room, 1, 0) == 1;
}

static void tell_overflow(struct log_sink *sink)
{
    uint64_t count = atomic_load_explicit(&sink->overflow_count, memory_order_relaxed);
    if (count == sink->overflow_told_count) {
        return;
    }
    for (size_t i = 0; i < sink->destination_count; i++) {
        sink->destinations[i].missed_count += count - sink->overflow_told_count;
        write_missed(sink, &sink->destinations[i]);
    }
    if (sink->options.destinations & CONFIG_LOG_TO_SYSLOG) {
        syslog(LOG_WARNING, "Warning: %llu log lines were dropped.",
               (unsigned long long)(count - sink->overflow_told_count));
    }
    sink->overflow_told_count = count;
}

static void write_line(struct log_sink *sink, const struct log_line *line)
{
    for (size_t i = 0; i < sink->destination_count; i++) {
        struct destination *destination = &sink->destinations[i];
        if (!destination->stalled_since_us) {
            write_missed(sink, destination);
        }
        if (destination->stalled_since_us ||
            !write_to(sink, destination, line->kind, line->wall_us, line->text)) {
            destination->missed_count++;
            atomic_fetch_add_explicit(&sink->dropped_count, 1, memory_order_relaxed);
        }
    }
    if (sink->options.destinations & CONFIG_LOG_TO_SYSLOG) {
        syslog(priority_of(line->kind), "%s", line->text);
    }
}

/* Says how many lines are missing just here; if that is lost as well, it is said later. */
static void write_missed(struct log_sink *sink, struct destination *destination)
{
    char text[80];
    if (destination->missed_count == 0 || !is_ready(destination)) {
        return;
    }
    snprintf(text, sizeof text, "Warning: %llu log lines were dropped.",
             (unsigned long long)destination->missed_count);
    if (write_to(sink, destination, LOG_KIND_WARNING, clock_wall_us(), text)) {
        destination->missed_count = 0;
    }
}

static bool write_to(const struct log_sink *sink, const struct destination *destination,
                     enum log_kind kind, uint64_t wall_us, const char *text)
{
    char prefix[PREFIX_SIZE_MAX];
    bool has_colour = destination->has_colour;
    size_t prefix_size = format_prefix(sink, destination->is_calm, wall_us, prefix);
    const char *colour = has_colour ? colour_of(kind) : "";
    const char *dim = has_colour ? COLOUR_DIM : "", *off = has_colour ? COLOUR_OFF : "";
    struct iovec pieces[] = {
        {(void *)dim, strlen(dim)},   {prefix, prefix_size},
        {(void *)off, strlen(off)},   {(void *)colour, strlen(colour)},
        {(void *)text, strlen(text)}, {(void *)(*colour ? COLOUR_OFF "\n" : "\n"), *colour ? 5 : 1},
    };
    size_t size = 0;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        size += pieces[i].iov_len;
    }
    assert(size <= PIPE_BUF);
    return writev(destination->fd, pieces, COUNT_OF(pieces)) == (ssize_t)size;
}

/* Returns the size of the time and what stands between it and the text. */
static size_t format_prefix(const struct log_sink *sink, bool is_calm, uint64_t wall_us,
                            char *prefix)
{
    const struct config_log *options = &sink->options;
    time_t wall_s = (time_t)(wall_us / 1000000);
    if (!options->timestamp) {
        return 0;
    }
    if (!options->timestamp_format[0] && !is_calm) {
        return (size_t)snprintf(prefix, PREFIX_SIZE_MAX, "%lld: ", (long long)wall_s);
    }
    struct tm local;
    if (!localtime_r(&wall_s, &local)) {
        return 0;
    }
    if (is_calm) {
        return strftime(prefix, PREFIX_SIZE_MAX, "%H:%M:%S ", &local);
    }
    /* A format that gives too long a text gives none. */
    size_t size = strftime(prefix, PREFIX_SIZE_MAX - 2, options->timestamp_format, &local);
    memcpy(prefix + size, ": ", 2);
    return size + 2;
}

static const char *colour_of(enum log_kind kind)
{
    switch (kind) {
    case LOG_KIND_ERROR: return "\033[31m";
    case LOG_KIND_WARNING: return "\033[33m";
    case LOG_KIND_SUBSCRIBE:
    case LOG_KIND_UNSUBSCRIBE: return "\033[36m";
    case LOG_KIND_DEBUG: return COLOUR_DIM;
    default: return "";
    }
}

static int priority_of(enum log_kind kind)
{
    switch (kind) {
    case LOG_KIND_ERROR: return LOG_ERR;
    case LOG_KIND_WARNING: return LOG_WARNING;
    case LOG_KIND_INFORMATION: return LOG_INFO;
    case LOG_KIND_DEBUG: return LOG_DEBUG;
    default: return LOG_NOTICE;
    }
}
