/* umqtt_session.c — the life of a client: wanting a connection, having it, losing it, wanting it
 * again.
 *
 *   IDLE ──start──▶ OPENING ──opened──▶ CONNECTING ──CONNACK──▶ CONNECTED
 *                      ▲                     └────────┬─────────────┘ anything goes wrong
 *                   WAITING ◀──closed── CLOSING ◀─────┘
 *
 * Whatever ends a connection leads through CLOSING: the last bytes go out, the transport is closed,
 * and only then the program is told. A transport that closes by itself skips that. */
#include "umqtt.h"

#include <assert.h>

#include "umqtt/connect.h"
#include "umqtt/control.h"
#include "umqtt/outbox.h"
#include "umqtt/v5.h"
#include "wire/reason_code.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    PING_TIMEOUT_MS = 10000, /* of a ping without keep alive */
    RECONNECT_MIN_MS = 1000,
    LINGER_MS = 1000, /* how long the last bytes may take */
    ATTEMPTS_MAX = 31,
};

static void set_state(struct umqtt *client, enum umqtt_state state, uint32_t now_ms);
static void begin_closing(struct umqtt *client, uint32_t now_ms, enum umqtt_error error,
                          uint8_t reason);
static void append_disconnect(struct umqtt *client, uint8_t reason, struct bytes section);
static uint32_t pause_before_next(struct umqtt *client);
static uint32_t keep_alive_due_ms(const struct umqtt *client, uint32_t now_ms);
static uint32_t connect_timeout_ms(const struct umqtt *client);
static uint32_t ping_timeout_ms(const struct umqtt *client);
static uint32_t left_ms(uint32_t since_ms, uint32_t span_ms, uint32_t now_ms);

void umqtt_init(struct umqtt *client, const struct umqtt_options *options)
{
    assert(options->control.size >= UMQTT_CONTROL_MIN);
    assert(options->input.size >= UMQTT_INPUT_MIN);
    assert(options->on_event);
    *client = (struct umqtt){.options = options};
    outbox_init(&client->outbox, options->outbox);
    client->control.memory = options->control;
    client->random = options->seed;
    for (size_t i = 0; i < options->client_id.size; i++) /* FNV: no two devices alike */
        client->random = (client->random ^ options->client_id.data[i]) * 16777619u;
    client->random |= 1;
}

enum umqtt_error umqtt_start(struct umqtt *client, uint32_t now_ms)
{
    if (client->state != UMQTT_IDLE && client->state != UMQTT_WAITING)
        return UMQTT_OK;
    enum umqtt_error error = connect_check(client->options);
    if (error != UMQTT_OK)
        return error;
    size_t size = connect_packet_size(client->options);
    if (size == 0 || size > client->options->control.size)
        return UMQTT_TOO_LARGE;
    if (client->state == UMQTT_IDLE)
        client->flags &= (uint16_t)~FLAG_RESUME;
    client->flags &= (uint16_t)~FLAG_STOP;
    set_state(client, UMQTT_OPENING, now_ms);
    return UMQTT_OK;
}

enum umqtt_wants umqtt_wants(const struct umqtt *client)
{
    if (client->state == UMQTT_OPENING)
        return UMQTT_WANTS_OPEN;
    if (client->state != UMQTT_CLOSING)
        return UMQTT_WANTS_NOTHING;
    bool all_out = client->control.begin == client->control.end && client->outbox.sent == 0;
    return all_out || client_has(client, FLAG_LINGERED) ? UMQTT_WANTS_CLOSE : UMQTT_WANTS_NOTHING;
}

enum umqtt_state umqtt_state(const struct umqtt *client)
{
    return (enum umqtt_state)client->state;
}

void umqtt_opened(struct umqtt *client, uint32_t now_ms)
{
    if (client->state != UMQTT_OPENING)
        return;
    const struct umqtt_options *options = client->options;
    bool clean = options->clean_start && !client_has(client, FLAG_RESUME);
    client->flags &= (uint16_t) ~(FLAG_CLEAN_SENT | FLAG_RETAIN_REFUSED);
    client->flags |= clean ? FLAG_CLEAN_SENT : 0;
    client->keep_alive_s = options->keep_alive_s;
    client->received_at_ms = client->sent_at_ms = now_ms;
    /* What a server of 3.x grants, and one of 5.0 that says nothing else. */
    client->server_receive_max = UINT16_MAX;
    client->server_packet_size_max = UINT32_MAX;
    client->server_alias_max = 0; /* [MQTT-3.2.2-18] */
    client->server_qos_max = 2;
    /* The state that CONNACK is waited for in began with OPENING: one time-out for both. */
    client->state = UMQTT_CONNECTING;
    enum umqtt_error error = connect_check(options); /* they may have been changed */
    if (error == UMQTT_OK)                           /* [MQTT-3.1.0-1] [v3 MQTT-3.1.0-1] */
        error = connect_append(&client->control, options, clean);
    if (error != UMQTT_OK)
        begin_closing(client, now_ms, error, 0);
}

void umqtt_closed(struct umqtt *client, uint32_t now_ms)
{
    if (client->state == UMQTT_IDLE || client->state == UMQTT_WAITING)
        return;
    if (client->state != UMQTT_CLOSING) {
        client->error = UMQTT_TRANSPORT;
        client->reason = 0;
    }
    /* Bytes of this connection must not leak into the next. The outbox and the receipts stay: the
     * session is longer than its connections. [MQTT-4.1.0-1] [v3 MQTT-4.1.0-1] [v3 MQTT-4.1.0-2] */
    control_clear(&client->control);
    outbox_interrupt(&client->outbox);
    client->input_size = client->stream_left = client->aliases_size = 0; /* [MQTT-3.3.2-7] */
    client->input_state = INPUT_PACKETS;
    client->flags &= (uint16_t) ~(FLAG_PING_WAITING | FLAG_LINGERED | FLAG_CONTROL_OUT);

    bool again = client->options->reconnect_max_ms > 0 && !client_has(client, FLAG_STOP);
    if (again)
        client->pause_ms = pause_before_next(client);
    set_state(client, again ? UMQTT_WAITING : UMQTT_IDLE, now_ms);
    client_raise(client, &(struct umqtt_event){.type = UMQTT_EVENT_DISCONNECTED,
                                               .error = (enum umqtt_error)client->error,
                                               .reason = client->reason});
}

void umqtt_tick(struct umqtt *client, uint32_t now_ms)
{
    if (umqtt_wait_ms(client, now_ms) > 0)
        return;
    switch ((enum umqtt_state)client->state) {
    case UMQTT_WAITING: set_state(client, UMQTT_OPENING, now_ms); break;
    case UMQTT_OPENING:
    case UMQTT_CONNECTING: begin_closing(client, now_ms, UMQTT_TIMEOUT, 0); break;
    case UMQTT_CONNECTED:
        if (client_has(client, FLAG_PING_WAITING) &&
            left_ms(client->ping_at_ms, ping_timeout_ms(client), now_ms) == 0)
            begin_closing(client, now_ms, UMQTT_TIMEOUT, 0);
        else
            (void)umqtt_send_ping(client, now_ms);
        break;
    case UMQTT_CLOSING: client->flags |= FLAG_LINGERED; break;
    case UMQTT_IDLE: break;
    }
}

uint32_t umqtt_wait_ms(const struct umqtt *client, uint32_t now_ms)
{
    switch ((enum umqtt_state)client->state) {
    case UMQTT_WAITING: return left_ms(client->state_since_ms, client->pause_ms, now_ms);
    case UMQTT_OPENING:
    case UMQTT_CONNECTING:
        return left_ms(client->state_since_ms, connect_timeout_ms(client), now_ms);
    case UMQTT_CONNECTED: return keep_alive_due_ms(client, now_ms);
    case UMQTT_CLOSING:
        return client_has(client, FLAG_LINGERED)
                   ? UMQTT_FOREVER
                   : left_ms(client->state_since_ms, LINGER_MS, now_ms);
    case UMQTT_IDLE: break;
    }
    return UMQTT_FOREVER;
}

enum umqtt_error umqtt_send_ping(struct umqtt *client, uint32_t now_ms)
{
    if (client->state != UMQTT_CONNECTED)
        return UMQTT_NOT_CONNECTED;
    if (client_has(client, FLAG_PING_WAITING))
        return UMQTT_OK; /* its answer answers this one, too */
    if (control_room(&client->control) < 2 + CONTROL_DISCONNECT_SIZE)
        return UMQTT_FULL;
    uint8_t *place = control_append(&client->control, 2);
    place[0] = PACKET_PINGREQ << 4;
    place[1] = 0;
    client->ping_at_ms = now_ms;
    client->flags |= FLAG_PING_WAITING;
    return UMQTT_OK;
}

enum umqtt_error umqtt_send_disconnect(struct umqtt *client, uint32_t now_ms, uint8_t reason,
                                       struct umqtt_bytes properties)
{
    if (reason != 0 || properties.size > 0) {
        if (!client_is_v5(client))
            return UMQTT_UNSUPPORTED;
        if (!reason_code_is_allowed((enum reason_code)reason, PACKET_DISCONNECT))
            return UMQTT_INVALID; /* [MQTT-3.14.2-1] */
        if (v5_check_section(bytes_in(properties), PACKET_DISCONNECT) != REASON_SUCCESS)
            return UMQTT_INVALID;
    }
    client->flags |= FLAG_STOP;
    switch ((enum umqtt_state)client->state) {
    case UMQTT_WAITING: set_state(client, UMQTT_IDLE, now_ms); break;
    case UMQTT_CONNECTED:
        append_disconnect(client, reason, bytes_in(properties));
        begin_closing(client, now_ms, UMQTT_ENDED, reason);
        break;
    case UMQTT_CONNECTING: control_clear(&client->control); /* fallthrough */
    case UMQTT_OPENING: begin_closing(client, now_ms, UMQTT_ENDED, reason); break;
    case UMQTT_IDLE:
    case UMQTT_CLOSING: break;
    }
    return UMQTT_OK;
}

bool umqtt_is_settled(const struct umqtt *client)
{
    return client->outbox.begin == client->outbox.end &&
           client->control.begin == client->control.end;
}

void umqtt_forget(struct umqtt *client)
{
    assert(client->state == UMQTT_IDLE);
    outbox_init(&client->outbox, client->options->outbox);
    client->receipt_count = 0;
    client->flags &= (uint16_t) ~(FLAG_RESUME | FLAG_IDS_LAPPED);
}

void client_fail(struct umqtt *client, uint32_t now_ms, enum umqtt_error error, uint8_t reason)
{
    if (client->state == UMQTT_CLOSING)
        return;
    bool says_why = client_is_v5(client) && reason != 0 && client->state == UMQTT_CONNECTED;
    if (error == UMQTT_ENDED_BY_SERVER) {
        control_clear(&client->control);
        client->flags |= FLAG_LINGERED; /* nobody listens any more */
    } else if (says_why) {
        append_disconnect(client, reason, (struct bytes){0}); /* [MQTT-4.13.2-1] */
    }
    begin_closing(client, now_ms, error, reason);
}

/* [v3 MQTT-4.8.0-1] */
void client_refuse(struct umqtt *client, uint32_t now_ms, enum reason_code reason)
{
    enum umqtt_error error =
        reason == REASON_MALFORMED_PACKET ? UMQTT_MALFORMED : UMQTT_PROTOCOL_ERROR;
    client_fail(client, now_ms, error, (uint8_t)reason);
}

static void set_state(struct umqtt *client, enum umqtt_state state, uint32_t now_ms)
{
    client->state = (uint8_t)state;
    client->state_since_ms = now_ms;
}

static void begin_closing(struct umqtt *client, uint32_t now_ms, enum umqtt_error error,
                          uint8_t reason)
{
    if (client->state == UMQTT_CONNECTING) /* nothing can be said before CONNACK */
        control_clear(&client->control);
    client->error = (uint8_t)error;
    client->reason = reason;
    set_state(client, UMQTT_CLOSING, now_ms); /* [MQTT-3.14.4-2] [v3 MQTT-3.14.4-1] */
}

/* Room for its short form is always there. Properties that do not fit, or make it larger than the
 * server takes, are left out. [MQTT-3.14.2-3] [MQTT-3.14.2-4] */
static void append_disconnect(struct umqtt *client, uint8_t reason, struct bytes section)
{
    size_t body = 1 + section_size(section.size);
    size_t size = packet_size(body);
    if (section.size == 0 || size > control_room(&client->control) ||
        size > client->server_packet_size_max)
        section.size = 0, body = reason ? 1 : 0;
    size = packet_size(body);
    uint8_t *place = control_append(&client->control, size);
    assert(place);
    struct writer writer = writer_of(place, size);
    writer_start(&writer, PACKET_DISCONNECT, frame_flags_of(PACKET_DISCONNECT), body);
    if (body > 0)
        writer_byte(&writer, reason);
    if (section.size > 0) {
        writer_variable(&writer, (uint32_t)section.size);
        writer_bytes(&writer, section);
    }
}

/* Doubles up to the longest; the second half of it is by chance, so that a thousand devices do not
 * come back at once. */
static uint32_t pause_before_next(struct umqtt *client)
{
    uint32_t max = client->options->reconnect_max_ms;
    uint32_t pause = client->options->reconnect_min_ms;
    pause = pause ? pause : RECONNECT_MIN_MS;
    if (client->reason == REASON_SESSION_TAKEN_OVER || client->error == UMQTT_REFUSED)
        client->attempts = ATTEMPTS_MAX; /* trying again soon would only disturb */
    for (unsigned i = 0; i < client->attempts && pause < max; i++)
        pause = pause < max / 2 ? pause * 2 : max;
    if (pause > max)
        pause = max;
    if (client->attempts < ATTEMPTS_MAX)
        client->attempts++;
    client->random ^= client->random << 13; /* xorshift32 */
    client->random ^= client->random >> 17;
    client->random ^= client->random << 5;
    return pause / 2 + client->random % (pause / 2 + 1);
}

/* Both sides are heard from within the keep alive, or asked: at three quarters of it, so that
 * PINGREQ is not late and half of it is left for the answer. */
static uint32_t keep_alive_due_ms(const struct umqtt *client, uint32_t now_ms)
{
    if (client_has(client, FLAG_PING_WAITING))
        return left_ms(client->ping_at_ms, ping_timeout_ms(client), now_ms);
    if (client->keep_alive_s == 0)
        return UMQTT_FOREVER;
    uint32_t span = client->keep_alive_s * (uint32_t)750; /* [MQTT-3.1.2-20] [v3 MQTT-3.1.2-23] */
    uint32_t send = left_ms(client->sent_at_ms, span, now_ms);
    uint32_t hear = left_ms(client->received_at_ms, span, now_ms);
    return send < hear ? send : hear;
}

static uint32_t connect_timeout_ms(const struct umqtt *client)
{
    uint32_t timeout = client->options->connect_timeout_ms;
    return timeout ? timeout : CONNECT_TIMEOUT_MS;
}

static uint32_t ping_timeout_ms(const struct umqtt *client)
{
    uint32_t timeout = client->options->ping_timeout_ms;
    uint32_t half_ms = client->keep_alive_s * (uint32_t)500;
    if (half_ms != 0 && (timeout == 0 || timeout > half_ms))
        return half_ms;
    return timeout ? timeout : PING_TIMEOUT_MS;
}

/* Of `span_ms` from `since_ms` on. A `now_ms` before `since_ms` is possible: an event stamped later
 * than the loop's time. */
static uint32_t left_ms(uint32_t since_ms, uint32_t span_ms, uint32_t now_ms)
{
    int32_t passed = (int32_t)(now_ms - since_ms);
    if (passed < 0)
        return span_ms;
    return (uint32_t)passed < span_ms ? span_ms - (uint32_t)passed : 0;
}
