/* stream.h — a connection's bytes, as a stack of layers.
 *
 *   connection ─▶ WebSocket ─▶ TLS ─▶ PROXY header ─▶ socket      each layer is a struct stream
 *
 * A layer calls only the one below (`next`), the lowest owns the descriptor. Nobody blocks. A
 * stream knows no loop: to hand a connection to another thread, remove its watch, send the stream
 * there, add a watch there. */
#ifndef MIDGE_NET_STREAM_H
#define MIDGE_NET_STREAM_H

#include <sys/uio.h>

#include "base/bytes.h"

#define STREAM_PIECES_MAX     64  /* pieces a write */
#define STREAM_PEER_SIZE_MAX  128 /* room that stream_describe_peer always fits into */
#define STREAM_ERROR_SIZE_MAX 128

/* Instead of a count of bytes. */
enum stream_result {
    STREAM_AGAIN = -1,  /* nothing now: wait until the loop says ready */
    STREAM_CLOSED = -2, /* the other side ended its direction in order: nothing more to read */
    STREAM_ERROR = -3,  /* it is broken, in both directions; stream_describe_error says why */
};

struct stream {
    const struct stream_layer *layer;
    struct stream *next; /* the layer below (owned), NULL for the lowest */
};

struct stream_layer {
    ptrdiff_t (*read)(struct stream *stream, uint8_t *room, size_t size);
    ptrdiff_t (*writev)(struct stream *stream, const struct iovec *pieces, size_t count);
    int (*shut)(struct stream *stream);
    void (*close)(struct stream *stream);
    bool (*wants_write)(const struct stream *stream);
    bool (*has_pending)(const struct stream *stream);
    int (*descriptor)(const struct stream *stream);
    size_t (*describe_peer)(const struct stream *stream, char *text, size_t size);
    size_t (*describe_error)(const struct stream *stream, char *text, size_t size);
};

/* Reads what is there, at most `size` > 0 bytes, into the caller's room. Returns the count, > 0, or
 * an enum stream_result. Fewer than `size` bytes mean that the socket was empty a moment ago, as
 * long as stream_has_pending is false. */
static inline ptrdiff_t stream_read(struct stream *stream, uint8_t *room, size_t size)
{
    return stream->layer->read(stream, room, size);
}

/* Writes as much as fits now of 1 to STREAM_PIECES_MAX pieces, in order. Returns how many bytes
 * were taken, which may end inside a piece, or STREAM_AGAIN or STREAM_ERROR. After fewer bytes than
 * offered, or STREAM_AGAIN: ask the loop for LOOP_WRITABLE, then offer the rest. */
static inline ptrdiff_t stream_writev(struct stream *stream, const struct iovec *pieces,
                                      size_t count)
{
    return stream->layer->writev(stream, pieces, count);
}

/* Says to the other side, in order, that we write no more; reading goes on. To let the last bytes
 * arrive for sure (a close with unread input makes the system throw them away): shut, read and
 * forget until STREAM_CLOSED or a deadline, close. Returns 0, STREAM_AGAIN (call again when
 * writable) or STREAM_ERROR. */
static inline int stream_shut(struct stream *stream)
{
    return stream->layer->shut(stream);
}

/* Ends the connection and frees every layer (taken). Never blocks. NULL is allowed. */
static inline void stream_close(struct stream *stream)
{
    if (stream) {
        stream->layer->close(stream);
    }
}

/* True: the stream itself has something to write (a handshake): ask for LOOP_WRITABLE, then call
 * stream_read, however little you expect to read. */
static inline bool stream_wants_write(const struct stream *stream)
{
    return stream->layer->wants_write(stream);
}

/* True: a layer holds bytes that a read would give now although the socket may be empty: the loop
 * will not report them, so read again. */
static inline bool stream_has_pending(const struct stream *stream)
{
    return stream->layer->has_pending(stream);
}

/* The descriptor to watch. */
static inline int stream_descriptor(const struct stream *stream)
{
    return stream->layer->descriptor(stream);
}

/* "192.168.1.20:51234", "[fe80::1]:51234" or "unix:/run/midge.sock": who is there, as far as the
 * layers know. Returns its length; cut when `size` > 0 is too small. Asks the system, so keep it if
 * you need it often, or after the connection broke. */
static inline size_t stream_describe_peer(const struct stream *stream, char *text, size_t size)
{
    return stream->layer->describe_peer(stream, text, size);
}

/* The reason of the last STREAM_ERROR, in words ("Connection reset by peer"). As above. */
static inline size_t stream_describe_error(const struct stream *stream, char *text, size_t size)
{
    return stream->layer->describe_error(stream, text, size);
}

/* The lowest layer: a connected, non-blocking TCP or unix socket (taken; closed by stream_close).
 * NULL: no memory, and `fd` stays the caller's. Costs 24 bytes. */
MUST_USE struct stream *stream_socket_new(int fd);

#endif
