/* connection.c — see connection.h. */
#include "broker/connection.h"

#include "broker/mail.h"
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct connection {
    struct loop_watch watch;
    struct list place; /* in the worker's list, or in that of those that leave */
    struct stream *stream;
    struct link *link; /* NULL once it is lost */
    struct worker *worker;
    uint8_t *input; /* unread bytes: input_size of input_capacity */
    uint64_t leave_us;
    uint32_t input_size, input_capacity;
    uint32_t door;   /* the listener's number */
    bool is_blocked; /* the socket takes no more: LOOP_WRITABLE is asked for */
    bool is_deaf;    /* not watched for reading: the link is held */
    bool is_leaving, is_shut;
    bool has_ended; /* the other side says no more */
    char address[];
};

enum { INPUT_SIZE_MIN = 512, FLUSHES_MAX = 4 };

static void open_link(struct connection *connection);
static void be_ready(void *context, uint32_t events);
static void read_some(struct connection *connection);
static void read_last(struct connection *connection);
static bool feed(struct connection *connection, struct bytes fresh);
static bool keep_input(struct connection *connection, struct bytes rest);
static bool watch_anew(struct connection *connection);
static bool flush(struct connection *connection);
static void lose(struct connection *connection, const char *words);
static bool finish_leaving(struct connection *connection);

void connection_accept(struct worker_door *door, int fd)
{
    struct worker *worker = door->worker;
    struct stream *stream = stream_socket_new(fd);
    char peer[STREAM_PEER_SIZE_MAX];
    if (!stream) {
        close(fd);
        return;
    }
    _Atomic(uint32_t) *count = &worker->force->connection_counts[door->index];
    if (atomic_fetch_add(count, 1) >= door->connections_max && door->connections_max != 0) {
        log_write(&worker->log, LOG_KIND_NOTICE,
                  "A connection was refused: max_connections of port %u is reached.",
                  door->link.port);
        goto undo_count;
    }
    size_t peer_size = stream_describe_peer(stream, peer, sizeof peer);
    struct connection *connection = calloc(1, sizeof *connection + peer_size + 1);
    if (!connection) {
        goto undo_count;
    }
    memcpy(connection->address, peer, peer_size);
    connection->stream = stream;
    connection->worker = worker;
    connection->door = door->index;
    log_write(&worker->log, LOG_KIND_NOTICE, "New connection from %s on port %u.",
              connection->address, door->link.port);
    open_link(connection);
    return;

undo_count:
    atomic_fetch_sub(count, 1);
    stream_close(stream);
}

void connection_adopt(struct worker *worker, struct connection *connection)
{
    connection->worker = worker;
    open_link(connection);
}

void connection_resume(struct connection *connection)
{
    if (!connection->link || connection->is_leaving) {
        return;
    }
    if (connection->input_size > 0 && !feed(connection, (struct bytes){0})) {
        return;
    }
    if (connection->is_deaf && !core_link_is_held(connection->link)) {
        connection->is_deaf = false;
        watch_anew(connection);
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
    struct worker *worker = connection->worker;
    if (core_link_pieces(connection->link, &piece, 1) == 0 && connection->input_size == 0) {
        lose(connection, NULL);
        return;
    }
    connection->is_leaving = true;
    connection->input_size = 0;
    connection->leave_us = loop_now_us(worker->loop) + WORKER_LINGER_US;
    list_remove(&connection->place);
    list_append(&worker->leaving, &connection->place);
    connection->is_deaf = false;
    if (watch_anew(connection)) {
        connection_flush(connection);
    }
}

void connection_part(struct connection *connection)
{
    struct event event = {.kind = EVENT_LINK_LOST, .link = connection->link};
    struct effects effects;
    mail_step(connection->worker, &event, &effects);
    connection->link = NULL;
    loop_remove(connection->worker->loop, &connection->watch);
    list_remove(&connection->place);
    connection->worker = NULL;
}

void connection_cut_late(struct worker *worker, uint64_t *deadline_us)
{
    while (!list_is_empty(&worker->leaving)) {
        struct connection *connection = connection_first(&worker->leaving);
        if (connection->leave_us > loop_now_us(worker->loop)) {
            *deadline_us =
                connection->leave_us < *deadline_us ? connection->leave_us : *deadline_us;
            return;
        }
        connection_close(connection);
    }
}

void connection_close(struct connection *connection)
{
    if (connection->link) {
        struct event event = {.kind = EVENT_LINK_LOST, .link = connection->link};
        struct effects effects;
        mail_step(connection->worker, &event, &effects);
    }
    loop_remove(connection->worker->loop, &connection->watch);
    list_remove(&connection->place);
    atomic_fetch_sub(&connection->worker->force->connection_counts[connection->door], 1);
    stream_close(connection->stream);
    free(connection->input);
    free(connection);
}

struct connection *connection_first(struct list *connections)
{
    return LIST_ITEM(connections->next, struct connection, place);
}

/* Makes its link here, watches it, and lets the core see what was read elsewhere. */
static void open_link(struct connection *connection)
{
    struct worker *worker = connection->worker;
    struct event event = {.kind = EVENT_LINK_OPENED,
                          .opened = {.options = &worker->doors[connection->door].link,
                                     .address = connection->address,
                                     .connection = connection}};
    struct effects effects;
    connection->is_deaf = connection->is_blocked = false;
    list_init(&connection->place);
    list_append(&worker->connections, &connection->place);
    loop_watch_init(&connection->watch, stream_descriptor(connection->stream), be_ready,
                    connection);
    mail_step(worker, &event, &effects);
    connection->link = effects.opened;
    if (!connection->link || worker->is_stopping ||
        !loop_add(worker->loop, &connection->watch, LOOP_READABLE)) {
        connection_close(connection);
        return;
    }
    if (connection->input_size > 0) {
        feed(connection, (struct bytes){0});
    }
}

static void be_ready(void *context, uint32_t events)
{
    struct connection *connection = context;
    if ((events & LOOP_WRITABLE) != 0) {
        connection->is_blocked = false;
        if (!flush(connection) || !watch_anew(connection)) {
            return;
        }
    }
    if ((events & (LOOP_READABLE | LOOP_ENDED)) == 0) {
        return;
    }
    if (connection->is_leaving) {
        read_last(connection);
    } else if (connection->is_deaf) {
        lose(connection, "its connection broke"); /* nothing else is reported of a deaf one */
    } else if (core_link_is_held(connection->link)) {
        connection->is_deaf = true;
        watch_anew(connection);
    } else {
        read_some(connection);
    }
}

static void read_some(struct connection *connection)
{
    struct worker *worker = connection->worker;
    ptrdiff_t size = stream_read(connection->stream, worker->buffer, WORKER_READ_SIZE);
    if (size == STREAM_AGAIN) {
        return;
    }
    if (!mailbox_is_empty(&worker->mailbox)) {
        mail_hear(worker); /* what was said before these bytes were sent */
    }
    if (size > 0) {
        feed(connection, bytes_of(worker->buffer, (size_t)size));
    } else if (size == STREAM_ERROR) {
        char words[STREAM_ERROR_SIZE_MAX];
        stream_describe_error(connection->stream, words, sizeof words);
        lose(connection, words);
    } else {
        lose(connection, NULL);
    }
}

/* What a client says after its last packet is thrown away, so that our last words reach it. */
static void read_last(struct connection *connection)
{
    ptrdiff_t size = stream_read(connection->stream, connection->worker->buffer, WORKER_READ_SIZE);
    if (size == STREAM_CLOSED && connection->link) {
        connection->has_ended = connection->is_deaf = true; /* it may still want to listen */
        watch_anew(connection);
    } else if (size == STREAM_CLOSED || size == STREAM_ERROR) {
        connection_close(connection);
    }
}

/* Offers the core what was kept and what is fresh, and keeps what it leaves. False: the connection
 * is lost. */
static bool feed(struct connection *connection, struct bytes fresh)
{
    struct bytes input = fresh;
    if (connection->input_size > 0) {
        if (!keep_input(connection, fresh)) {
            lose(connection, "no memory for its packet");
            return false;
        }
        input = bytes_of(connection->input, connection->input_size);
    }
    struct event event = {.kind = EVENT_LINK_RECEIVED, .link = connection->link, .received = input};
    struct effects effects;
    mail_step(connection->worker, &event, &effects);
    struct bytes rest = bytes_of(input.data + effects.consumed, input.size - effects.consumed);
    if (input.data == connection->input && connection->input) {
        if (effects.consumed > 0) {
            memmove(connection->input, rest.data, rest.size);
        }
        connection->input_size = (uint32_t)rest.size;
    } else if (rest.size > 0 && !keep_input(connection, rest)) {
        lose(connection, "no memory for its packet");
        return false;
    }
    if (connection->input_size == 0 && connection->input) {
        free(connection->input);
        connection->input = NULL;
        connection->input_capacity = 0;
    }
    return true;
}

static bool keep_input(struct connection *connection, struct bytes more)
{
    size_t size = connection->input_size + more.size;
    if (size > connection->input_capacity) {
        size_t capacity = connection->input_capacity ? connection->input_capacity : INPUT_SIZE_MIN;
        while (capacity < size) {
            capacity *= 2;
        }
        uint8_t *larger = capacity <= UINT32_MAX ? realloc(connection->input, capacity) : NULL;
        if (!larger) {
            return false;
        }
        connection->input = larger;
        connection->input_capacity = (uint32_t)capacity;
    }
    if (more.size > 0) {
        memcpy(connection->input + connection->input_size, more.data, more.size);
    }
    connection->input_size = (uint32_t)size;
    return true;
}

/* A connection that is neither read nor blocked is not watched at all: a broken one would be
 * reported without end. False: it cannot be watched, and is lost. */
static bool watch_anew(struct connection *connection)
{
    struct loop *loop = connection->worker->loop;
    uint32_t interest = (connection->is_deaf ? 0u : (uint32_t)LOOP_READABLE) |
                        (connection->is_blocked ? (uint32_t)LOOP_WRITABLE : 0u);
    if (interest == 0) {
        loop_remove(loop, &connection->watch);
    } else if (connection->watch.is_watched) {
        loop_modify(loop, &connection->watch, interest);
    } else if (!loop_add(loop, &connection->watch, interest)) {
        lose(connection, "the system has no room to watch it");
        return false;
    }
    return true;
}

/* Sends what is in the link's outbox; says goodbye when that was all. False: the connection is
 * gone. */
static bool flush(struct connection *connection)
{
    struct iovec pieces[STREAM_PIECES_MAX];
    size_t count = STREAM_PIECES_MAX;
    for (int i = 0; i < FLUSHES_MAX && count == STREAM_PIECES_MAX; i++) {
        size_t offered = 0;
        count =
            connection->link ? core_link_pieces(connection->link, pieces, STREAM_PIECES_MAX) : 0;
        for (size_t piece = 0; piece < count; piece++) {
            offered += pieces[piece].iov_len;
        }
        ptrdiff_t sent = count > 0 ? stream_writev(connection->stream, pieces, count) : 0;
        if (sent == STREAM_ERROR) {
            lose(connection, connection->is_leaving ? NULL : "its connection broke");
            return false;
        }
        if (sent > 0) {
            struct event event = {
                .kind = EVENT_LINK_SENT, .link = connection->link, .sent_size = (size_t)sent};
            struct effects effects;
            mail_step(connection->worker, &event, &effects);
        }
        if (sent < 0 || (size_t)sent < offered) {
            connection->is_blocked = true;
            return watch_anew(connection);
        }
    }
    if (count == STREAM_PIECES_MAX && core_link_pieces(connection->link, pieces, 1) > 0) {
        connection->is_blocked = true; /* others first: it goes on in the next turn */
        return watch_anew(connection);
    }
    return connection->is_leaving ? finish_leaving(connection) : true;
}

static void lose(struct connection *connection, const char *words)
{
    if (connection->link) {
        struct event event = {
            .kind = EVENT_LINK_LOST, .link = connection->link, .lost_words = words};
        struct effects effects;
        mail_step(connection->worker, &event, &effects);
        connection->link = NULL;
    }
    connection_close(connection);
}

/* Everything is said: the other side hears the end, and has some time to close, too. False: it is
 * closed. */
static bool finish_leaving(struct connection *connection)
{
    if (connection->link) {
        struct event event = {.kind = EVENT_LINK_LOST, .link = connection->link};
        struct effects effects;
        mail_step(connection->worker, &event, &effects);
        connection->link = NULL;
    }
    if (connection->is_shut) {
        return true;
    }
    connection->is_shut = true;
    if (connection->has_ended || stream_shut(connection->stream) == STREAM_ERROR) {
        connection_close(connection);
        return false;
    }
    return true;
}
