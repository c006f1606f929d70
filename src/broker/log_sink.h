/* log_sink.h — where log lines go: terminal, files, syslog; several at once, or nowhere.
 *
 *   any thread:   log_write → log_sink_line: the line, with its time, is posted        never blocks
 *   main thread:  the descriptor is readable → log_sink_write: formats and writes
 *
 * At most LOG_SINK_LINES_MAX lines wait. Further ones are counted and dropped, and the count is
 * written as soon as there is room. A destination that takes nothing (a stopped terminal, a full
 * pipe) holds up the others for at most LOG_SINK_STALL_US; after that its lines are dropped and
 * counted until it takes some again. */
#ifndef MIDGE_BROKER_LOG_SINK_H
#define MIDGE_BROKER_LOG_SINK_H

#include "base/bytes.h"
#include "base/log.h"
#include "config/config.h"

#define LOG_SINK_LINES_MAX 4096
#define LOG_SINK_STALL_US  1000000

struct log_sink;

/* A line is "1699999999: text", or "<formatted time>: text", or "text" without a timestamp. On a
 * terminal, unless a format is configured: "12:34:56 text", coloured by kind (not if NO_COLOR is
 * set). syslog gets the text alone.
 *
 * CONFIG_LOG_TO_TOPIC and which kinds are wanted are not this file's business. */

/* Opens the destinations (given). NULL: `error` says why. */
MUST_USE struct log_sink *log_sink_new(const struct config_log *options, char *error,
                                       size_t error_size);
/* Writes what waits (at most LOG_SINK_STALL_US a stalled destination), closes (taken; NULL is
 * allowed). No thread may log any more. */
void log_sink_free(struct log_sink *sink);

/* Any thread: the `sink` of a struct log, whose context is the log_sink. */
void log_sink_line(void *log_sink, enum log_kind kind, const char *line);

/* Main thread: readable when lines wait. Watch it (level-triggered); log_sink_write clears it. */
int log_sink_descriptor(const struct log_sink *sink);

/* Main thread: writes what waits, at most LOG_SINK_LINES_MAX lines; if there are more, the
 * descriptor is readable again. True: a destination takes nothing just now, and lines wait for it
 * without the descriptor telling: call again within 100 ms or so. */
bool log_sink_write(struct log_sink *sink);

/* Main thread: goes over to `options` (those in use may be passed again) and opens the log file
 * anew, as it may have been moved away. If that fails, the old file, if any, stays in use and a
 * line says so. */
void log_sink_reopen(struct log_sink *sink, const struct config_log *options);

/* Makes the log file belong to the user the process will become, so that it can be reopened. */
void log_sink_give(struct log_sink *sink, uint32_t user_id, uint32_t group_id);

/* Any thread: lines dropped so far. */
uint64_t log_sink_dropped_count(const struct log_sink *sink);

#endif
