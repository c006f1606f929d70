/* output.h — standard output: collected in big blocks, never held back while we wait.
 *
 * Whoever waits for the network calls output_flush first; so a busy stream leaves in few writes and
 * a lone message at once. On a terminal each line leaves by itself. */
#ifndef MIDGE_CLI_OUTPUT_H
#define MIDGE_CLI_OUTPUT_H

#include "base/bytes.h"

#define OUTPUT_BLOCK_SIZE (64 * 1024)

struct output {
    int fd;
    bool is_terminal, has_colour;
    bool is_broken; /* nobody reads any more, or the disk is full: what follows is dropped */
    int error;      /* the errno that broke it */
    size_t size;
    uint8_t block[OUTPUT_BLOCK_SIZE];
};

void output_init(struct output *output, int fd);

void output_put(struct output *output, const void *data, size_t size);
void output_put_byte(struct output *output, uint8_t byte);
void output_put_text(struct output *output, const char *text);
void output_fill(struct output *output, char byte, size_t count);
/* At most 255 bytes. */
__attribute__((format(printf, 2, 3))) void output_print(struct output *output, const char *format,
                                                        ...);

/* A message is complete: on a terminal it is shown now. */
void output_end_message(struct output *output);
/* Writes all that is collected; waits as long as the reader lets us. */
void output_flush(struct output *output);

#endif
