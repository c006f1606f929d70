/* driver.h — umqtt over a stream: a poll loop with the connection, signals and one more source.
 *
 *     driver_init(&driver, …);  driver_start(&driver);
 *     while (!driver_is_over(&driver)) {
 *         … queue what there is to send …
 *         driver_turn(&driver, wait_ms);
 *     }
 *     exit code = driver_exit_code(&driver)
 *
 * SIGINT and SIGTERM arrive as stop_signal (by a descriptor: no global is touched); a reader of our
 * standard output who goes away arrives as output->is_broken. */
#ifndef MIDGE_CLI_DRIVER_H
#define MIDGE_CLI_DRIVER_H

#include "cli/dial.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/packet_walk.h"
#include "cli/trace.h"
#include "net/stream.h"

#define DRIVER_CONTROL_SIZE (512 * 1024) /* CONNECT with all its texts at their longest */
#define DRIVER_INPUT_SIZE   (256 * 1024) /* a topic and properties of any likely size */
#define DRIVER_OUTBOX_SIZE  (512 * 1024)
#define DRIVER_READ_SIZE    (64 * 1024)
#define DRIVER_RECEIPTS_MAX 65535

struct driver {
    struct umqtt umqtt;
    struct umqtt_options umqtt_options;
    const struct options *options;
    struct output *output;
    struct dial dial;
    struct stream *stream; /* NULL: none */
    bool is_dialing, dial_has_failed, is_draining;
    bool reconnects; /* once one has stood, a lost connection is made again; set before start */
    bool was_connected, is_over;
    int stop_signal; /* SIGINT or SIGTERM has come; else 0 */
    bool want_write;
    uint32_t drain_deadline_ms;
    enum umqtt_error why; /* the last connection ended */
    uint8_t reason;
    int signal_fd;
    int more_fd; /* one more descriptor to wait for input on; -1: none */
    bool more_is_ready;
    size_t read_begin, read_end, traced; /* in `read` */
    /* For a program that ends with a certain message: bytes go on packet by packet, and none while
     * is_paused. */
    bool goes_by_packets, is_paused;
    struct packet_walk walk;
    struct trace *trace; /* NULL without -d */
    uint8_t *memory;     /* the three buffers of umqtt_options and `read` */
    uint8_t *read;
    umqtt_event_fn *on_event;
    void *context;
};

/* `options` and `output` are kept. `on_event` hears of every event, after the driver itself. False:
 * no memory, or no descriptor; told. */
bool driver_init(struct driver *driver, const struct options *options, struct output *output,
                 umqtt_event_fn *on_event, void *context);
void driver_fini(struct driver *driver);

/* False: umqtt refuses the options; told. */
bool driver_start(struct driver *driver);

/* Sends what is queued, waits at most `wait_ms` (UMQTT_FOREVER: no limit) for something to happen,
 * takes in what has come, sends again. */
void driver_turn(struct driver *driver, uint32_t wait_ms);

/* Says goodbye, once; `reason` 4 asks for the will (5.0). */
void driver_disconnect(struct driver *driver, uint8_t reason);

/* The connection has ended and there will be no other. */
static inline bool driver_is_over(const struct driver *driver)
{
    return driver->is_over;
}

/* Milliseconds of a clock that only goes forward. */
uint32_t driver_now_ms(void);

/* Tells why it is over unless we ended it ourselves, and what to exit with. */
int driver_exit_code(const struct driver *driver);

#endif
