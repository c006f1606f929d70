/* fuzz_tool.c — what the tool reads itself: received bytes for -d, a format for -F, a URL for -L.
 *
 * The first byte says how the rest is cut into pieces, as a network might. */
#include <assert.h>
#include <stdlib.h>

#include "cli/format.h"
#include "cli/packet_walk.h"
#include "cli/trace.h"
#include "cli/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct output *new_output(void)
{
    struct output *output = calloc(1, sizeof(*output));
    assert(output);
    output->fd = -1;
    output->is_broken = true; /* nothing is written */
    return output;
}

static void pass_bytes(struct output *output, const uint8_t *data, size_t size, size_t piece)
{
    struct trace *trace = malloc(sizeof(*trace));
    struct packet_walk walk = {0};
    assert(trace);
    trace_init(trace, output, UMQTT_5, NULL);
    for (size_t at = 0; at < size;) {
        size_t there = piece < size - at ? piece : size - at;
        size_t step = packet_walk_step(&walk, data + at, there);
        assert(step > 0 && step <= there);
        trace_received(trace, data + at, step);
        trace_sent(trace, data + at, step);
        at += step;
    }
    free(trace);
}

static void read_texts(struct output *output, const uint8_t *data, size_t size)
{
    static const struct timespec now = {1600000000, 1};
    struct umqtt_message message = {
        .topic = umqtt_text("topic"),
        .payload = umqtt_bytes(data, size),
    };
    char fault[FORMAT_FAULT_SIZE_MAX];
    char *text = malloc(size + 1);
    struct url url;
    assert(text);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = 0;
    struct format *format = format_new(text, fault);
    if (format) {
        (void)format_print(format, &message, &now, false, output);
        format_free(format);
    }
    if (!url_read(text, &url)) {
        assert(url.host && url.topic && url.port > 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        struct output *output = new_output();
        pass_bytes(output, data + 1, size - 1, data[0] ? data[0] : 256);
        read_texts(output, data + 1, size - 1);
        free(output);
    }
    return 0;
}
