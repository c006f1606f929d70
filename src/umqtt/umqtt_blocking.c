/* umqtt_blocking.c — the client with the manners of MicroPython's library: a call returns when it
 * is done.
 *
 * Everything here is one step, taken over and over: open or close the transport if the core wants
 * that, write what it has, read what is there, let time pass. umqtt_check_msg takes one step
 * without waiting; a call that wants an answer takes steps until it is there, waiting in between,
 * for timeout_ms at most. Inside the callback every call only queues: the step it is in does the
 * rest. */
#include "umqtt.h"

#include <assert.h>

#include "umqtt/connect.h"

enum {
    TIMEOUT_MS = 10000,
    RECONNECT_MIN_MS = 1000,
    RECONNECT_MAX_MS = 60000,
    MEMORY_MIN = 128,
    RECEIPTS_MAX = 64,
    READS_MAX = 256, /* of UMQTT_CLIENT_READ_SIZE bytes in one step */
};

static bool make_ready(struct umqtt_client *client);
static void on_event(struct umqtt *core, const struct umqtt_event *event, void *context);
static bool step(struct umqtt_client *client);
static void move_transport(struct umqtt_client *client);
static void write_all(struct umqtt_client *client);
static bool read_some(struct umqtt_client *client);
static void close_transport(struct umqtt_client *client);
static void subscribe_again(struct umqtt_client *client);
static enum umqtt_error wait_for(struct umqtt_client *client, uint16_t packet_id);
static void wait_ms(struct umqtt_client *client, uint32_t timeout_ms);
static enum umqtt_error wait_written(struct umqtt_client *client);
static void forget_subscription(struct umqtt_client *client, const char *filter);

static inline uint32_t now_ms(const struct umqtt_client *client)
{
    return client->transport->clock_ms(client->transport->self);
}

static inline bool is_connected(const struct umqtt_client *client)
{
    return client->is_ready && umqtt_state(&client->core) == UMQTT_CONNECTED;
}

void umqtt_client_init(struct umqtt_client *client, const char *client_id,
                       const struct umqtt_transport *transport, struct umqtt_memory memory,
                       uint16_t keep_alive_s)
{
    assert(memory.size >= MEMORY_MIN);
    *client = (struct umqtt_client){
        .options = {.client_id = umqtt_text(client_id),
                    .clean_start = true,
                    .keep_alive_s = keep_alive_s,
                    .reconnect_min_ms = RECONNECT_MIN_MS,
                    .reconnect_max_ms = RECONNECT_MAX_MS},
        .timeout_ms = TIMEOUT_MS,
        .transport = transport,
        .memory = memory,
    };
}

void umqtt_set_login(struct umqtt_client *client, const char *user_name, const char *password)
{
    client->options.user_name = umqtt_text(user_name);
    client->options.password = umqtt_text(password);
}

void umqtt_set_last_will(struct umqtt_client *client, const char *topic, struct umqtt_bytes payload,
                         bool retain, uint8_t qos)
{
    client->will = (struct umqtt_will){
        .topic = umqtt_text(topic), .payload = payload, .qos = qos, .retain = retain};
    client->options.will = topic ? &client->will : NULL;
}

void umqtt_set_callback(struct umqtt_client *client, umqtt_message_fn *on_message, void *context)
{
    client->on_message = on_message;
    client->on_message_context = context;
}

enum umqtt_error umqtt_connect(struct umqtt_client *client, bool *session_present)
{
    assert(!client->in_callback);
    if (!client->is_ready && !make_ready(client))
        return UMQTT_TOO_LARGE;
    client->error = UMQTT_OK;
    enum umqtt_error error = umqtt_start(&client->core, now_ms(client));
    if (error != UMQTT_OK)
        return error;
    while (!is_connected(client) && client->error == UMQTT_OK) {
        if (!step(client))
            wait_ms(client, umqtt_wait_ms(&client->core, now_ms(client)));
    }
    if (!is_connected(client)) { /* one try: no other one comes by itself */
        (void)umqtt_send_disconnect(&client->core, now_ms(client), 0, umqtt_bytes(NULL, 0));
        return client->error;
    }
    if (session_present)
        *session_present = client->session_present;
    return UMQTT_OK;
}

enum umqtt_error umqtt_publish(struct umqtt_client *client, const char *topic,
                               struct umqtt_bytes payload, bool retain, uint8_t qos)
{
    struct umqtt_publication publication = {
        .topic = umqtt_text(topic), .payload = payload, .qos = qos, .retain = retain};
    bool online = is_connected(client);
    if (!client->is_ready || (qos == 0 && !online))
        return UMQTT_NOT_CONNECTED;
    uint16_t packet_id;
    uint32_t since_ms = now_ms(client);
    enum umqtt_error error;
    while ((error = umqtt_send_publish(&client->core, &publication, &packet_id)) == UMQTT_FULL) {
        uint32_t passed_ms = now_ms(client) - since_ms;
        if (client->in_callback || !is_connected(client) || passed_ms >= client->timeout_ms)
            return UMQTT_FULL;
        if (!step(client))
            wait_ms(client, client->timeout_ms - passed_ms);
    }
    if (error != UMQTT_OK || client->in_callback)
        return error;
    if (!online)
        return UMQTT_NOT_CONNECTED;
    return qos == 0 ? wait_written(client) : wait_for(client, packet_id);
}

enum umqtt_error umqtt_subscribe(struct umqtt_client *client, const char *filter, uint8_t qos)
{
    if (!is_connected(client))
        return UMQTT_NOT_CONNECTED;
    forget_subscription(client, filter);
    if (client->subscription_count == UMQTT_CLIENT_SUBSCRIPTION_MAX)
        return UMQTT_FULL;
    struct umqtt_subscription subscription = {.filter = umqtt_text(filter), .qos = qos};
    uint16_t packet_id;
    enum umqtt_error error =
        umqtt_send_subscribe(&client->core, &subscription, 1, umqtt_bytes(NULL, 0), &packet_id);
    if (error != UMQTT_OK)
        return error;
    bool none_waiting = client->subscribed_again == client->subscription_count;
    client->subscribed_filters[client->subscription_count] = filter;
    client->subscribed_qos[client->subscription_count++] = qos;
    if (none_waiting)
        client->subscribed_again = client->subscription_count;
    if (client->in_callback)
        return UMQTT_OK;
    error = wait_for(client, packet_id);
    if (error == UMQTT_REFUSED)
        forget_subscription(client, filter);
    return error;
}

enum umqtt_error umqtt_unsubscribe(struct umqtt_client *client, const char *filter)
{
    forget_subscription(client, filter);
    if (!is_connected(client))
        return UMQTT_NOT_CONNECTED;
    struct umqtt_bytes text = umqtt_text(filter);
    uint16_t packet_id;
    enum umqtt_error error =
        umqtt_send_unsubscribe(&client->core, &text, 1, umqtt_bytes(NULL, 0), &packet_id);
    if (error != UMQTT_OK || client->in_callback)
        return error;
    return wait_for(client, packet_id);
}

enum umqtt_error umqtt_check_msg(struct umqtt_client *client)
{
    return umqtt_wait_msg(client, 0);
}

enum umqtt_error umqtt_wait_msg(struct umqtt_client *client, uint32_t timeout_ms)
{
    if (!client->is_ready || client->in_callback)
        return UMQTT_NOT_CONNECTED;
    if (!step(client) && timeout_ms > 0) {
        wait_ms(client, timeout_ms);
        (void)step(client);
    }
    return is_connected(client) ? UMQTT_OK : UMQTT_NOT_CONNECTED;
}

enum umqtt_error umqtt_ping(struct umqtt_client *client)
{
    if (!client->is_ready)
        return UMQTT_NOT_CONNECTED;
    enum umqtt_error error = umqtt_send_ping(&client->core, now_ms(client));
    if (error == UMQTT_OK && !client->in_callback)
        write_all(client);
    return error;
}

void umqtt_disconnect(struct umqtt_client *client)
{
    assert(!client->in_callback);
    if (!client->is_ready)
        return;
    if (is_connected(client))
        (void)wait_written(client);
    (void)umqtt_send_disconnect(&client->core, now_ms(client), 0, umqtt_bytes(NULL, 0));
    while (umqtt_state(&client->core) != UMQTT_IDLE) {
        (void)step(client);
        if (umqtt_state(&client->core) != UMQTT_IDLE)
            wait_ms(client, umqtt_wait_ms(&client->core, now_ms(client)));
    }
}

/* Parts the memory, now that the size of CONNECT is known. */
static bool make_ready(struct umqtt_client *client)
{
    struct umqtt_options *options = &client->options;
    uint8_t *data = client->memory.data;
    size_t left = client->memory.size;
    if ((uintptr_t)data % 2 != 0)
        data++, left--;
    size_t receipts = left / 32;
    receipts = receipts < RECEIPTS_MAX ? receipts : RECEIPTS_MAX;
    size_t control = connect_packet_size(options);
    control = control > UMQTT_CONTROL_MIN ? control : UMQTT_CONTROL_MIN;
    if (control + receipts * 2 + 3 * UMQTT_INPUT_MIN > left)
        return false;
    options->receipts = (uint16_t *)(void *)data;
    options->receipt_count_max = (uint16_t)receipts;
    data += receipts * 2, left -= receipts * 2;
    options->control = (struct umqtt_memory){data, control};
    data += control, left -= control;
    options->input = (struct umqtt_memory){data, left / 3};
    options->outbox = (struct umqtt_memory){data + left / 3, left - left / 3};
    options->on_event = on_event;
    options->context = client;
    umqtt_init(&client->core, options);
    client->is_ready = true;
    return true;
}

static void on_event(struct umqtt *core, const struct umqtt_event *event, void *context)
{
    struct umqtt_client *client = context;
    bool is_awaited = event->packet_id != 0 && event->packet_id == client->waiting_id;
    (void)core;
    switch (event->type) {
    case UMQTT_EVENT_CONNECTED:
        client->session_present = event->session_present;
        client->subscribed_again = event->session_present ? client->subscription_count : 0;
        break;
    case UMQTT_EVENT_MESSAGE:
        if (client->on_message) {
            client->in_callback = true;
            client->on_message(&event->message, client->on_message_context);
            client->in_callback = false;
        }
        break;
    case UMQTT_EVENT_ACKNOWLEDGED:
        if (is_awaited) {
            client->waiting_id = 0;
            client->waiting_error = event->error;
        }
        break;
    case UMQTT_EVENT_SUBSCRIBED:
    case UMQTT_EVENT_UNSUBSCRIBED:
        if (is_awaited) {
            client->waiting_id = 0;
            bool refused = event->reasons.size > 0 && event->reasons.data[0] >= 0x80;
            client->waiting_error = refused ? UMQTT_REFUSED : UMQTT_OK;
        }
        break;
    case UMQTT_EVENT_DISCONNECTED:
        client->error = event->error;
        client->reason = event->reason;
        break;
    case UMQTT_EVENT_SKIPPED:
    case UMQTT_EVENT_ENDING:
    case UMQTT_EVENT_AUTH: break;
    }
}

/* True when something has been read. */
static bool step(struct umqtt_client *client)
{
    umqtt_tick(&client->core, now_ms(client));
    move_transport(client);
    subscribe_again(client);
    write_all(client);
    bool has_read = read_some(client);
    move_transport(client);
    return has_read;
}

static void move_transport(struct umqtt_client *client)
{
    const struct umqtt_transport *transport = client->transport;
    switch (umqtt_wants(&client->core)) {
    case UMQTT_WANTS_NOTHING: break;
    case UMQTT_WANTS_CLOSE: close_transport(client); break;
    case UMQTT_WANTS_OPEN:
        switch (transport->open(transport->self)) {
        case UMQTT_AGAIN: break;
        case UMQTT_LOST: close_transport(client); break;
        case UMQTT_DONE:
            client->is_open = true;
            umqtt_opened(&client->core, now_ms(client));
            break;
        }
        break;
    }
}

static void write_all(struct umqtt_client *client)
{
    while (client->is_open) {
        struct umqtt_bytes bytes = umqtt_output(&client->core);
        if (bytes.size == 0)
            return;
        int written = client->transport->write(client->transport->self, bytes.data, bytes.size);
        if (written == 0)
            return;
        if (written > 0)
            umqtt_output_sent(&client->core, now_ms(client), (size_t)written);
        else
            close_transport(client);
    }
}

static bool read_some(struct umqtt_client *client)
{
    bool has_read = false;
    for (unsigned i = 0; i < READS_MAX && client->is_open; i++) {
        if (client->read_begin == client->read_end) {
            int size =
                client->transport->read(client->transport->self, client->read, sizeof client->read);
            if (size < 0)
                close_transport(client);
            if (size <= 0)
                break;
            client->read_begin = 0;
            client->read_end = (uint8_t)size;
            has_read = true;
        }
        size_t taken = umqtt_receive(&client->core, now_ms(client),
                                     umqtt_bytes(client->read + client->read_begin,
                                                 (size_t)client->read_end - client->read_begin));
        client->read_begin = (uint8_t)(client->read_begin + taken);
        write_all(client); /* acknowledgements, and what the callback has queued */
        if (client->read_begin != client->read_end && taken == 0)
            break; /* ending, or the transport takes no more */
    }
    return has_read;
}

static void close_transport(struct umqtt_client *client)
{
    client->transport->close(client->transport->self);
    client->is_open = false;
    client->read_begin = client->read_end = 0;
    umqtt_closed(&client->core, now_ms(client));
}

/* What a server has forgotten, as the outbox has room. */
static void subscribe_again(struct umqtt_client *client)
{
    while (is_connected(client) && client->subscribed_again < client->subscription_count) {
        struct umqtt_subscription subscription = {
            .filter = umqtt_text(client->subscribed_filters[client->subscribed_again]),
            .qos = client->subscribed_qos[client->subscribed_again]};
        if (umqtt_send_subscribe(&client->core, &subscription, 1, umqtt_bytes(NULL, 0), NULL) !=
            UMQTT_OK)
            return;
        client->subscribed_again++;
    }
}

static enum umqtt_error wait_for(struct umqtt_client *client, uint16_t packet_id)
{
    client->waiting_id = packet_id;
    uint32_t since_ms = now_ms(client);
    while (client->waiting_id != 0) {
        if (step(client) || client->waiting_id == 0)
            continue;
        uint32_t passed_ms = now_ms(client) - since_ms;
        if (passed_ms >= client->timeout_ms)
            break;
        wait_ms(client, client->timeout_ms - passed_ms);
    }
    if (client->waiting_id == 0)
        return client->waiting_error;
    client->waiting_id = 0;
    return UMQTT_TIMEOUT;
}

/* Until everything that may be sent has been written. */
static enum umqtt_error wait_written(struct umqtt_client *client)
{
    uint32_t since_ms = now_ms(client);
    for (;;) {
        write_all(client);
        if (!is_connected(client))
            return UMQTT_TRANSPORT;
        if (umqtt_output(&client->core).size == 0)
            return UMQTT_OK;
        uint32_t passed_ms = now_ms(client) - since_ms;
        if (passed_ms >= client->timeout_ms)
            return UMQTT_TIMEOUT;
        if (!step(client)) /* also reads: a server that waits for us to read takes nothing */
            wait_ms(client, client->timeout_ms - passed_ms);
    }
}

/* At most until the core has something to do. */
static void wait_ms(struct umqtt_client *client, uint32_t timeout_ms)
{
    uint32_t due_ms = umqtt_wait_ms(&client->core, now_ms(client));
    bool for_write = umqtt_state(&client->core) == UMQTT_OPENING ||
                     (client->is_open && umqtt_output(&client->core).size > 0);
    client->transport->wait(client->transport->self, for_write,
                            due_ms < timeout_ms ? due_ms : timeout_ms);
}

static void forget_subscription(struct umqtt_client *client, const char *filter)
{
    for (uint8_t i = 0; i < client->subscription_count; i++) {
        if (strcmp(client->subscribed_filters[i], filter) != 0)
            continue;
        uint8_t last = --client->subscription_count;
        for (uint8_t j = i; j < last; j++) {
            client->subscribed_filters[j] = client->subscribed_filters[j + 1];
            client->subscribed_qos[j] = client->subscribed_qos[j + 1];
        }
        if (client->subscribed_again > i)
            client->subscribed_again--;
        return;
    }
}
