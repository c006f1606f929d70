#include "sim/judge.h"

#include <stdlib.h>

struct judge *judge_new(const struct judge_options *options)
{
    (void)options;
    return calloc(1, 1);
}

void judge_free(struct judge *judge)
{
    free(judge);
}

void judge_connect_sent(struct judge *judge, uint64_t now_us, uint32_t client,
                        const struct judge_connect *connect)
{
    (void)judge;
    (void)now_us;
    (void)client;
    (void)connect;
}

void judge_publish_sent(struct judge *judge, uint64_t now_us, const struct judge_publish *publish)
{
    (void)judge;
    (void)now_us;
    (void)publish;
}

void judge_ack_sent(struct judge *judge, uint64_t now_us, uint64_t link, enum judge_ack kind,
                    uint16_t packet_id, uint8_t reason)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)kind;
    (void)packet_id;
    (void)reason;
}

void judge_subscribe_sent(struct judge *judge, uint64_t now_us, uint64_t link, uint16_t packet_id,
                          const struct judge_filter *filters, size_t count)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)packet_id;
    (void)filters;
    (void)count;
}

void judge_unsubscribe_sent(struct judge *judge, uint64_t now_us, uint64_t link, uint16_t packet_id,
                            const char *const *filters, size_t count)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)packet_id;
    (void)filters;
    (void)count;
}

void judge_disconnect_sent(struct judge *judge, uint64_t now_us, uint64_t link, uint8_t reason,
                           bool has_expiry, uint32_t expiry_s)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)reason;
    (void)has_expiry;
    (void)expiry_s;
}

void judge_connack_received(struct judge *judge, uint64_t now_us, uint64_t link,
                            const struct judge_connack *connack)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)connack;
}

void judge_publish_received(struct judge *judge, uint64_t now_us,
                            const struct judge_received *received)
{
    (void)judge;
    (void)now_us;
    (void)received;
}

void judge_ack_received(struct judge *judge, uint64_t now_us, uint64_t link, enum judge_ack kind,
                        uint16_t packet_id, uint8_t reason)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)kind;
    (void)packet_id;
    (void)reason;
}

void judge_suback_received(struct judge *judge, uint64_t now_us, uint64_t link, uint16_t packet_id,
                           const uint8_t *reasons, size_t count)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)packet_id;
    (void)reasons;
    (void)count;
}

void judge_unsuback_received(struct judge *judge, uint64_t now_us, uint64_t link,
                             uint16_t packet_id, const uint8_t *reasons, size_t count)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)packet_id;
    (void)reasons;
    (void)count;
}

void judge_disconnect_received(struct judge *judge, uint64_t now_us, uint64_t link, uint8_t reason)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)reason;
}

void judge_nonsense_received(struct judge *judge, uint64_t now_us, uint64_t link, const char *words)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)words;
}

void judge_other_received(struct judge *judge, uint64_t now_us, uint64_t link, const char *words)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)words;
}

void judge_link_left(struct judge *judge, uint64_t now_us, uint64_t link)
{
    (void)judge;
    (void)now_us;
    (void)link;
}

void judge_link_lost(struct judge *judge, uint64_t now_us, uint64_t link, bool all_arrived)
{
    (void)judge;
    (void)now_us;
    (void)link;
    (void)all_arrived;
}

void judge_broker_idle(struct judge *judge, uint64_t now_us)
{
    (void)judge;
    (void)now_us;
}

void judge_crashed(struct judge *judge, uint64_t now_us)
{
    (void)judge;
    (void)now_us;
}

void judge_stopped(struct judge *judge, uint64_t now_us)
{
    (void)judge;
    (void)now_us;
}

void judge_started(struct judge *judge, uint64_t now_us)
{
    (void)judge;
    (void)now_us;
}

void judge_disk_changed(struct judge *judge, uint64_t now_us, const char *words)
{
    (void)judge;
    (void)now_us;
    (void)words;
}

void judge_clock_jumped(struct judge *judge, uint64_t now_us, int64_t by_us)
{
    (void)judge;
    (void)now_us;
    (void)by_us;
}

void judge_counters_seen(struct judge *judge, uint64_t now_us,
                         const struct judge_counters *counters)
{
    (void)judge;
    (void)now_us;
    (void)counters;
}

void judge_settled(struct judge *judge, uint64_t now_us)
{
    (void)judge;
    (void)now_us;
}

const char *judge_verdict(const struct judge *judge)
{
    (void)judge;
    return NULL;
}

void judge_print_last_events(const struct judge *judge, FILE *out, size_t count_max)
{
    (void)judge;
    (void)out;
    (void)count_max;
}

void judge_tally(const struct judge *judge, struct judge_tally *tally)
{
    (void)judge;
    *tally = (struct judge_tally){0};
}
