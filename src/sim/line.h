/* line.h — a simulated network connection: two pipes of bytes, one each way.
 *
 *   writer ──pipe_write──▶ chunks on the way, each with its time ──▶ arrived ──pipe_take──▶ reader
 *
 * What is written arrives in order, in chunks after drawn delays, as much as the window holds at a
 * time. A line may be cut, which loses what is on its way from a drawn byte on and lets both ends
 * hear of it; or freeze, which loses everything and lets nobody hear. Each of the two ends is
 * closed by whoever has it; the line is freed with the second. */
#ifndef MIDGE_SIM_LINE_H
#define MIDGE_SIM_LINE_H

#include "base/random.h"
#include "sim/agenda.h"
#include "sim/byte_queue.h"

enum line_end { LINE_CLIENT, LINE_SERVER };

/* How a network behaves. */
struct line_manner {
    uint32_t delay_us_max; /* of a chunk; what is drawn is mostly much less */
    uint32_t window;       /* bytes on the way and arrived, not yet read */
    uint32_t chunk_max;    /* bytes */
};

enum { PIPE_CHUNKS_MAX = 32 };

enum pipe_fate {
    PIPE_FLOWS,
    PIPE_ENDED,  /* behind what has arrived there is nothing more: the writer closed in order */
    PIPE_BROKEN, /* the connection was reset */
};

struct line;

struct pipe {
    struct line *line;
    struct appointment arrival;
    struct byte_queue bytes; /* the first `arrived` may be read */
    size_t arrived;
    struct {
        uint64_t due_us;
        size_t size;
    } chunks[PIPE_CHUNKS_MAX]; /* on the way, oldest first, a ring */
    uint32_t chunk_first, chunk_count;
    uint64_t last_due_us;
    enum pipe_fate coming; /* what is behind the last chunk */
    uint64_t fate_due_us;
    enum pipe_fate fate; /* what the reader knows of it */
    bool is_full;        /* a writer was refused room, and wants to hear when there is some */
};

/* Who sits at an end hears when something has arrived there (bytes or its fate), and when there is
 * room again for what was refused. From within an appointment. */
struct line_owner {
    void (*notice)(void *context);
    void *context; /* NULL: the end is closed */
};

struct line {
    uint64_t number;       /* 1, 2 … in the world: how the judge calls it */
    uint64_t asked, heard; /* bytes the client ever wrote; those the broker's cores took */
    struct agenda *agenda;
    struct random random;
    struct line_manner manner;
    struct pipe pipes[2]; /* by the end that reads */
    struct line_owner owners[2];
    bool is_frozen;
};

/* No memory ends the process. */
struct line *line_new(struct agenda *agenda, const struct line_manner *manner, uint64_t number,
                      uint64_t seed);
void line_own(struct line *line, enum line_end end, void (*notice)(void *context), void *context);

/* What has arrived at this end. */
struct bytes line_view(const struct line *line, enum line_end end);
void line_take(struct line *line, enum line_end end, size_t size);
/* What became of the other side; told only when everything that arrived before is taken. */
enum pipe_fate line_fate(const struct line *line, enum line_end end);
/* True as soon as a reset has arrived, whatever is unread. */
bool line_is_reset(const struct line *line, enum line_end end);
/* Nothing is on its way or unread, in either direction, and nobody waits for room. */
bool line_is_quiet(const struct line *line);
/* Writes what fits, from this end; returns how much that was. */
size_t line_write(struct line *line, enum line_end end, struct bytes bytes);
/* Closes this end in order: what it wrote still arrives. */
void line_close(struct line *line, enum line_end end);

/* It breaks: of what is on the way a drawn part arrives; then both ends hear of it. */
void line_cut(struct line *line);
/* It goes silent: nothing arrives any more, and nobody hears of that. */
void line_freeze(struct line *line);

#endif
