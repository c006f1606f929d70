/* trace.h — -d: each packet as one line, read off the bytes that pass.
 *
 *   Client null sending PUBLISH (d0, q1, r0, m1, 'hello', ... (5 bytes))
 *   Client null received PUBACK (Mid: 1, RC:0)
 *
 * A tap on the wire, independent of what the client believes it does. */
#ifndef MIDGE_CLI_TRACE_H
#define MIDGE_CLI_TRACE_H

#include "cli/output.h"
#include "umqtt.h"

#define TRACE_HEAD_SIZE_MAX 4096 /* of a packet; a longer topic is shown cut */
#define TRACE_NAME_SIZE_MAX 128

struct trace_direction {
    size_t head_size, packet_size, seen; /* packet_size 0: not known yet */
    uint8_t head[TRACE_HEAD_SIZE_MAX];
};

struct trace {
    struct output *output;
    enum umqtt_version version;
    uint16_t publish_count; /* QoS 0 has no identifier on the wire: we count */
    char name[TRACE_NAME_SIZE_MAX];
    struct trace_direction sent, received;
};

/* `client_id` NULL: the server chooses one. `output` is kept. */
void trace_init(struct trace *trace, struct output *output, enum umqtt_version version,
                const char *client_id);
/* A new connection begins. */
void trace_restart(struct trace *trace);
void trace_sent(struct trace *trace, const uint8_t *data, size_t size);
void trace_received(struct trace *trace, const uint8_t *data, size_t size);

#endif
