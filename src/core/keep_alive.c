/* keep_alive.c — see keep_alive.h. */
#include "core/keep_alive.h"

#include "core/hold.h"
#include "core/links.h"
#include "core/refuse.h"
#include "core/timers.h"

static uint64_t deadline_us(const struct link *link);

void keep_alive_await_connect(struct core *core, struct link *link)
{
    if (core->options->connect_timeout_s != 0) {
        timer_set(&core->timers, &link->timer, TIMER_LINK,
                  core->now_us +
                      (uint64_t)core->options->connect_timeout_s * MICROSECONDS_A_SECOND);
    }
}

bool keep_alive_is_welcome(const struct core *core, const struct link *link, uint16_t asked_s)
{
    uint16_t granted_s_max = core->options->keep_alive_s_max;
    return link_is_v5(link) || granted_s_max == 0 || (asked_s != 0 && asked_s <= granted_s_max);
}

void keep_alive_begin(struct core *core, struct link *link, uint16_t asked_s)
{
    uint16_t granted_s_max = core->options->keep_alive_s_max;
    link->keep_alive_s = asked_s;
    if (link_is_v5(link) && granted_s_max != 0 && (asked_s == 0 || asked_s > granted_s_max)) {
        link->keep_alive_s = granted_s_max;
    }
    heap_remove(&core->timers, &link->timer);
    if (link->keep_alive_s != 0) {
        link->active_us = core->now_us;
        timer_set(&core->timers, &link->timer, TIMER_LINK, deadline_us(link));
    }
}

void keep_alive_judge(struct core *core, struct link *link)
{
    if (link->is_awaiting_restore && link->state == LINK_WAITING) {
        keep_alive_await_connect(core, link); /* it is we who do not read */
        return;
    }
    if (link->state == LINK_WAITING || link->state == LINK_AUTHENTICATING) {
        log_write(core->log, LOG_KIND_NOTICE, "Client <unknown> from %s sent no CONNECT in time.",
                  link->address);
        links_end(core, link);
        return;
    }
    if (hold_is_on(link)) {
        link->active_us = core->now_us; /* it is we who do not read */
    }
    if (core->now_us < deadline_us(link)) {
        timer_set(&core->timers, &link->timer, TIMER_LINK, deadline_us(link));
        return;
    }
    log_write(core->log, LOG_KIND_NOTICE, "Client %.*s has exceeded timeout, disconnecting.",
              (int)link->session->client_id_size, (const char *)link->session->client_id);
    refuse_link(core, link, REASON_KEEP_ALIVE_TIMEOUT, NULL);
}

/* One and a half times the keep alive after the last packet. [MQTT-3.1.2-22] [v3 MQTT-3.1.2-24] */
static uint64_t deadline_us(const struct link *link)
{
    return link->active_us + (uint64_t)link->keep_alive_s * MICROSECONDS_A_SECOND * 3 / 2;
}
