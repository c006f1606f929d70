/* connection.c — see connection.h. As src/broker/connection.c has it, without a system below. */
#include "sim/connection.h"

#include "base/hash.h"
#include "sim/line.h"

#include <stdlib.h>

enum { PIECES_MAX = 8, READ_MAX = 16 * 1024, LINGER_US = 5000000 };

static void notice(void *context);
static void linger_ended(void *context);
static void feed(struct connection *connection, struct bytes fresh);
static void lose(struct connection *connection, const char *words);
static void tell_lost(struct connection *connection, const char *words);
static bool flush(struct connection *connection);
static void read_some(struct connection *connection);

struct connection *connection_new(struct line *line)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        abort();
    }
    connection->line = line;
    list_init(&connection->place);
    appointment_init(&connection->linger, linger_ended, connection);
    line_own(line, LINE_SERVER, notice, connection);
    return connection;
}

void connection_adopt(struct worker *worker, struct connection *connection)
{
    connection->worker = worker;
    list_append(&worker->connections, &connection->place);
    struct event event = {.kind = EVENT_LINK_OPENED,
                          .opened = {.options = worker->force->link_options,
                                     .address = "a simulated client",
                                     .connection = connection}};
    struct effects effects;
    worker_step(worker, &event, &effects);
    connection->link = effects.opened;
    connection->is_ready = true;
    connection->is_blocked = false;
    if (!connection->link || worker->is_stopping) {
        lose(connection, NULL);
    } else if (byte_queue_size(&connection->input) > 0) {
        feed(connection, (struct bytes){0});
    }
}

void connection_be_ready(struct connection *connection)
{
    connection->is_ready = false;
    if (line_is_reset(connection->line, LINE_SERVER)) {
        lose(connection, "Connection reset by peer");
        return;
    }
    if (connection->is_blocked) {
        connection->is_blocked = false;
        if (!flush(connection)) {
            return;
        }
    }
    if (connection->is_leaving) {
        line_take(connection->line, LINE_SERVER, line_view(connection->line, LINE_SERVER).size);
    } else if (!core_link_is_held(connection->link)) {
        read_some(connection);
    }
}

void connection_resume(struct connection *connection)
{
    if (connection->is_leaving) {
        return;
    }
    connection->is_ready = true;
    if (byte_queue_size(&connection->input) > 0) {
        feed(connection, (struct bytes){0});
    }
}

void connection_flush(struct connection *connection)
{
    if (!connection->is_blocked) {
        flush(connection);
    }
}

void connection_leave(struct connection *connection)
{
    struct iovec piece;
    connection->is_leaving = true; /* the world knows */
    if (core_link_pieces(connection->link, &piece, 1) == 0) {
        lose(connection, NULL);
        return;
    }
    byte_queue_take(&connection->input, byte_queue_size(&connection->input));
    agenda_make(connection->worker->force->agenda, &connection->linger, LINGER_US);
    connection_flush(connection);
}

void connection_part(struct connection *connection)
{
    tell_lost(connection, NULL);
    list_remove(&connection->place);
    connection->worker = NULL;
}

struct line *connection_free(struct connection *connection)
{
    struct line *line = connection->line;
    if (connection->worker) {
        agenda_cancel(connection->worker->force->agenda, &connection->linger);
    }
    list_remove(&connection->place);
    byte_queue_fini(&connection->input);
    free(connection);
    return line;
}

static void notice(void *context)
{
    struct connection *connection = context;
    connection->is_ready = true;
    if (connection->worker) {
        worker_wake(connection->worker);
    }
}

static void linger_ended(void *context)
{
    lose(context, NULL);
}

static void read_some(struct connection *connection)
{
    struct line *line = connection->line;
    struct bytes arrived = line_view(line, LINE_SERVER);
    if (arrived.size > 0) {
        arrived.size = arrived.size < READ_MAX ? arrived.size : READ_MAX;
        feed(connection, arrived); /* it does not end in here */
        line_take(line, LINE_SERVER, arrived.size);
        connection->is_ready = true; /* for more, or the end */
    } else if (line_fate(line, LINE_SERVER) == PIPE_ENDED) {
        lose(connection, NULL);
    }
}

/* Offers the core what was kept and what is fresh, and keeps what it leaves. */
static void feed(struct connection *connection, struct bytes fresh)
{
    struct bytes input = fresh;
    bool is_kept = byte_queue_size(&connection->input) > 0;
    if (is_kept) {
        byte_queue_add(&connection->input, fresh);
        input = byte_queue_view(&connection->input);
    }
    struct event event = {.kind = EVENT_LINK_RECEIVED, .link = connection->link, .received = input};
    struct effects effects;
    worker_step(connection->worker, &event, &effects);
    connection->line->heard += effects.consumed;
    if (effects.consumed > input.size) {
        connection->worker->force->wrong = "a core took more bytes than it was given";
    } else if (is_kept) {
        byte_queue_take(&connection->input, effects.consumed);
    } else {
        byte_queue_add(&connection->input,
                       bytes_of(input.data + effects.consumed, input.size - effects.consumed));
    }
}

/* Sends what is in the link's outbox. False: the connection is gone. */
static bool flush(struct connection *connection)
{
    struct iovec pieces[PIECES_MAX];
    struct workforce *force = connection->worker->force;
    size_t count;
    while (connection->link &&
           (count = core_link_pieces(connection->link, pieces, PIECES_MAX)) > 0) {
        size_t sent = 0;
        for (size_t i = 0; i < count && !connection->is_blocked; i++) {
            struct bytes piece = bytes_of(pieces[i].iov_base, pieces[i].iov_len);
            piece.size = line_write(connection->line, LINE_SERVER, piece);
            connection->is_blocked = piece.size < pieces[i].iov_len;
            force->digest = hash_bytes(piece, force->digest);
            sent += piece.size;
        }
        force->digest ^= force->agenda->now_us;
        struct event event = {.kind = EVENT_LINK_SENT, .link = connection->link, .sent_size = sent};
        struct effects effects;
        if (sent > 0) {
            worker_step(connection->worker, &event, &effects);
        }
        if (connection->is_blocked) {
            return true;
        }
    }
    if (connection->is_leaving) {
        lose(connection, NULL);
        return false;
    }
    return true;
}

static void lose(struct connection *connection, const char *words)
{
    struct workforce *force = connection->worker->force;
    bool is_known = connection->is_ending && connection->ending_to == connection->worker->index;
    tell_lost(connection, words);
    if (!connection->is_leaving && !is_known) {
        force->lose_link(force->context, connection->line);
    }
    line_close(connection_free(connection), LINE_SERVER);
}

static void tell_lost(struct connection *connection, const char *words)
{
    struct event event = {.kind = EVENT_LINK_LOST, .link = connection->link, .lost_words = words};
    struct effects effects;
    connection->link = NULL;
    if (event.link) {
        worker_step(connection->worker, &event, &effects);
    }
}
