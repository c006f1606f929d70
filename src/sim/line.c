/* line.c — see line.h. */
#include "sim/line.h"

#include <assert.h>
#include <stdlib.h>

static void arrive(void *context);
static void schedule(struct pipe *pipe);
static void notify(struct line *line, enum line_end end);
static uint64_t draw_delay_us(struct line *line);
static void pipe_end(struct pipe *pipe, enum pipe_fate fate, uint64_t after_us);
static void pipe_lose_some(struct pipe *pipe);

struct line *line_new(struct agenda *agenda, const struct line_manner *manner, uint64_t number,
                      uint64_t seed)
{
    struct line *line = calloc(1, sizeof *line);
    if (!line) {
        abort();
    }
    line->agenda = agenda;
    line->number = number;
    line->manner = *manner;
    random_seed(&line->random, seed);
    for (int end = 0; end < 2; end++) {
        line->pipes[end].line = line;
        appointment_init(&line->pipes[end].arrival, arrive, &line->pipes[end]);
    }
    return line;
}

void line_own(struct line *line, enum line_end end, void (*notice)(void *context), void *context)
{
    line->owners[end] = (struct line_owner){notice, context};
}

struct bytes line_view(const struct line *line, enum line_end end)
{
    const struct pipe *pipe = &line->pipes[end];
    return bytes_of(pipe->bytes.bytes + pipe->bytes.start, pipe->arrived);
}

void line_take(struct line *line, enum line_end end, size_t size)
{
    struct pipe *pipe = &line->pipes[end];
    assert(size <= pipe->arrived);
    byte_queue_take(&pipe->bytes, size);
    pipe->arrived -= size;
    if (pipe->is_full && size > 0) {
        agenda_make_earlier(line->agenda, &pipe->arrival, draw_delay_us(line));
    }
}

enum pipe_fate line_fate(const struct line *line, enum line_end end)
{
    return line->pipes[end].arrived > 0 ? PIPE_FLOWS : line->pipes[end].fate;
}

bool line_is_reset(const struct line *line, enum line_end end)
{
    return line->pipes[end].fate == PIPE_BROKEN;
}

bool line_is_quiet(const struct line *line)
{
    bool is_quiet = true;
    for (int end = 0; end < 2; end++) {
        is_quiet &= byte_queue_size(&line->pipes[end].bytes) == 0 && !line->pipes[end].is_full;
    }
    return is_quiet;
}

size_t line_write(struct line *line, enum line_end end, struct bytes bytes)
{
    struct pipe *pipe = &line->pipes[end == LINE_CLIENT ? LINE_SERVER : LINE_CLIENT];
    size_t used = byte_queue_size(&pipe->bytes), written = 0;
    if (pipe->coming != PIPE_FLOWS) {
        line->asked += end == LINE_CLIENT ? bytes.size : 0;
        return bytes.size; /* into a connection that is no more; the end hears of it soon */
    }
    while (written < bytes.size && used < line->manner.window &&
           pipe->chunk_count < PIPE_CHUNKS_MAX) {
        size_t size = 1 + random_below(&line->random, line->manner.chunk_max);
        size = size < bytes.size - written ? size : bytes.size - written;
        size = size < line->manner.window - used ? size : line->manner.window - used;
        byte_queue_add(&pipe->bytes, bytes_of(bytes.data + written, size));
        written += size;
        used += size;
        uint64_t due_us = line->agenda->now_us + draw_delay_us(line);
        pipe->last_due_us = due_us > pipe->last_due_us ? due_us : pipe->last_due_us;
        uint32_t at = (pipe->chunk_first + pipe->chunk_count++) % PIPE_CHUNKS_MAX;
        pipe->chunks[at].due_us = pipe->last_due_us;
        pipe->chunks[at].size = size;
    }
    line->asked += end == LINE_CLIENT ? written : 0;
    pipe->is_full = written < bytes.size;
    schedule(pipe);
    if (line->is_frozen && !line->owners[end == LINE_CLIENT ? LINE_SERVER : LINE_CLIENT].context) {
        line_cut(line); /* nobody is there any more, and the network says so to who asks */
    }
    return written;
}

void line_close(struct line *line, enum line_end end)
{
    enum line_end other = end == LINE_CLIENT ? LINE_SERVER : LINE_CLIENT;
    line->owners[end] = (struct line_owner){0};
    if (line->owners[other].context) {
        pipe_end(&line->pipes[other], PIPE_ENDED, draw_delay_us(line));
        return;
    }
    for (int i = 0; i < 2; i++) {
        agenda_cancel(line->agenda, &line->pipes[i].arrival);
        byte_queue_fini(&line->pipes[i].bytes);
    }
    free(line);
}

void line_cut(struct line *line)
{
    line->is_frozen = false;
    for (int end = 0; end < 2; end++) {
        pipe_lose_some(&line->pipes[end]);
        pipe_end(&line->pipes[end], PIPE_BROKEN, draw_delay_us(line));
    }
}

void line_freeze(struct line *line)
{
    line->is_frozen = true;
}

/* Chunks whose time has come; the end behind them; room for a writer. */
static void arrive(void *context)
{
    struct pipe *pipe = context;
    struct line *line = pipe->line;
    enum line_end end = pipe == &line->pipes[LINE_SERVER] ? LINE_SERVER : LINE_CLIENT;
    enum line_end other = end == LINE_CLIENT ? LINE_SERVER : LINE_CLIENT;
    uint64_t now_us = line->agenda->now_us;
    bool is_news = false;
    if (line->is_frozen) {
        return;
    }
    while (pipe->chunk_count > 0 && pipe->chunks[pipe->chunk_first].due_us <= now_us) {
        pipe->arrived += pipe->chunks[pipe->chunk_first].size;
        pipe->chunk_first = (pipe->chunk_first + 1) % PIPE_CHUNKS_MAX;
        pipe->chunk_count--;
        is_news = true;
    }
    if (pipe->chunk_count == 0 && pipe->coming != PIPE_FLOWS && pipe->fate == PIPE_FLOWS &&
        pipe->fate_due_us <= now_us) {
        pipe->fate = pipe->coming;
        is_news = true;
    }
    if (!line->owners[end].context) {
        byte_queue_take(&pipe->bytes, pipe->arrived); /* nobody reads it */
        pipe->arrived = 0;
    }
    bool has_room = pipe->is_full && byte_queue_size(&pipe->bytes) < line->manner.window &&
                    pipe->chunk_count < PIPE_CHUNKS_MAX;
    bool has_reader = line->owners[end].context != NULL;
    schedule(pipe);
    if (has_room) {
        pipe->is_full = false;
        notify(line, other); /* who may close that end, and without a reader free the line */
    }
    if (is_news && has_reader) {
        notify(line, end);
    }
}

static void schedule(struct pipe *pipe)
{
    struct agenda *agenda = pipe->line->agenda;
    uint64_t due_us = pipe->fate_due_us;
    if (pipe->chunk_count > 0) {
        due_us = pipe->chunks[pipe->chunk_first].due_us;
    } else if (pipe->coming == PIPE_FLOWS || pipe->fate != PIPE_FLOWS) {
        return;
    }
    agenda_make_earlier(agenda, &pipe->arrival,
                        due_us > agenda->now_us ? due_us - agenda->now_us : 0);
}

static void notify(struct line *line, enum line_end end)
{
    if (line->owners[end].context) {
        line->owners[end].notice(line->owners[end].context);
    }
}

/* Mostly short, now and then long. */
static uint64_t draw_delay_us(struct line *line)
{
    uint64_t dice = random_next(&line->random);
    uint64_t max = line->manner.delay_us_max;
    return (dice & 15) == 0 ? (dice >> 8) % (max + 1) : (dice >> 8) % (max / 16 + 1);
}

static void pipe_end(struct pipe *pipe, enum pipe_fate fate, uint64_t after_us)
{
    if (pipe->coming == PIPE_FLOWS || fate == PIPE_BROKEN) {
        uint64_t due_us = pipe->line->agenda->now_us + after_us;
        pipe->coming = fate;
        pipe->fate_due_us = due_us > pipe->last_due_us ? due_us : pipe->last_due_us;
        schedule(pipe);
    }
}

/* What is on the way is lost, but for a drawn part of it. */
static void pipe_lose_some(struct pipe *pipe)
{
    size_t on_way = byte_queue_size(&pipe->bytes) - pipe->arrived;
    size_t kept = on_way > 0 ? random_below(&pipe->line->random, on_way + 1) : 0;
    byte_queue_cut(&pipe->bytes, on_way - kept);
    pipe->chunk_first = 0;
    pipe->chunk_count = kept > 0 ? 1 : 0;
    pipe->chunks[0].due_us = pipe->line->agenda->now_us + draw_delay_us(pipe->line);
    pipe->chunks[0].size = kept;
    pipe->last_due_us = pipe->chunks[0].due_us;
}
