/* receipt.c — see receipt.h. */
#include "core/receipt.h"

#include "core/journal.h"
#include "core/links.h"
#include "core/received.h"
#include "core/send.h"
#include "core/waiting.h"

#include <assert.h>
#include <stdlib.h>

enum { NOBODY = UINT32_MAX };

struct receipt {
    struct list place;       /* in journal.receipts, until its batch is persisted */
    struct message *message; /* one reference, until then; message->receipt is this */
    uint64_t number;         /* 0: no other worker knows of it */
    uint64_t body;           /* number of the body that its deliveries share; 0: none */
    uint64_t batch;          /* what is owed here will be in this one */
    uint32_t owed, awaited;
    bool needs_batch, is_addressed;
    uint8_t qos, reason;
    uint16_t packet_id;
    uint32_t worker; /* who is told: a worker, its number for it … */
    uint64_t worker_number;
    struct link_ref link; /* … or a link here */
};

static struct receipt *receipt_of(struct core *core, struct message *message);
static bool is_done(const struct receipt *receipt);
static void close_if_done(struct core *core, struct receipt *receipt);
static void forget(struct core *core, struct receipt *receipt);
static void detach(struct core *core, struct receipt *receipt);
static void tell(struct core *core, const struct receipt *receipt);
static void tell_link(struct core *core, const struct receipt *receipt);
static bool refuse_for_good(struct core *core, struct link *link, const struct receipt *receipt);
static uint64_t number_hash(uint64_t number);
static bool has_number(const void *item, const void *key);

void receipt_await_batch(struct core *core, struct message *message)
{
    receipt_of(core, message)->needs_batch = true;
}

void receipt_owe(struct core *core, struct message *message)
{
    receipt_of(core, message)->owed++;
}

void receipt_pay(struct core *core, struct message *message)
{
    struct receipt *receipt = message->receipt;
    if (receipt && receipt->owed > 0) {
        receipt->owed--;
        close_if_done(core, receipt);
    }
}

uint64_t receipt_expect(struct core *core, struct message *message)
{
    struct receipt *receipt = receipt_of(core, message);
    if (receipt->number == 0) {
        receipt->number = ++core->receipt_number;
        if (!map_add(&core->receipts, number_hash(receipt->number), receipt)) {
            abort(); /* its publisher would wait for ever */
        }
    }
    receipt->awaited++;
    return receipt->number;
}

uint64_t *receipt_body_number(struct message *message)
{
    assert(message->receipt);
    return &message->receipt->body;
}

bool receipt_address_link(struct core *core, struct message *message, const struct link_ref *link,
                          uint16_t packet_id, enum reason_code reason)
{
    struct receipt *receipt = message->receipt;
    if (!receipt) {
        return false;
    }
    assert(!receipt->is_addressed && packet_id != 0);
    if (is_done(receipt)) {
        forget(core, receipt);
        return false;
    }
    receipt->is_addressed = true;
    receipt->worker = NOBODY;
    receipt->link = *link;
    receipt->packet_id = packet_id;
    receipt->qos = message->qos;
    receipt->reason = (uint8_t)reason;
    return true;
}

void receipt_address_worker(struct core *core, struct message *message, uint32_t worker,
                            uint64_t number, enum reason_code reason)
{
    struct receipt *receipt = message->receipt;
    if (number == 0) {
        receipt_address_nobody(core, message);
        return;
    }
    if (!receipt || is_done(receipt)) {
        if (receipt) {
            forget(core, receipt);
        }
        receipt_tell(core, worker, number, reason);
        return;
    }
    assert(!receipt->is_addressed);
    receipt->is_addressed = true;
    receipt->worker = worker;
    receipt->worker_number = number;
    receipt->reason = (uint8_t)reason;
}

void receipt_address_nobody(struct core *core, struct message *message)
{
    struct receipt *receipt = message->receipt;
    if (receipt) {
        assert(!receipt->is_addressed);
        receipt->is_addressed = true;
        receipt->worker = NOBODY;
        receipt->link = LINK_REF_NOBODY;
        close_if_done(core, receipt);
    }
}

/* Late: who hears of it may tell others, who must not miss what was said before. */
void receipt_tell(struct core *core, uint32_t worker, uint64_t number, enum reason_code reason)
{
    if (number == 0) {
        return;
    }
    if (worker == core->worker) {
        receipt_settled(core, number, reason);
        return;
    }
    struct settled_record record = {.receipt = number, .reason = (uint8_t)reason};
    if (!peers_say_late(&core->peers, worker, RECORD_SETTLED, &record, (struct bytes){0},
                        (struct bytes){0})) {
        abort(); /* a publisher would wait for ever */
    }
}

void receipt_settled(struct core *core, uint64_t number, enum reason_code reason)
{
    struct receipt *receipt = map_find(&core->receipts, number_hash(number), has_number, &number);
    if (!receipt) {
        return;
    }
    assert(receipt->awaited > 0);
    receipt->awaited--;
    if (reason >= REASON_UNSPECIFIED_ERROR || receipt->reason == REASON_NO_MATCHING_SUBSCRIBERS) {
        receipt->reason = (uint8_t)reason;
    }
    close_if_done(core, receipt);
}

bool receipts_wait_for(const struct core *core, uint64_t batch)
{
    const struct list *receipts = &core->journal.receipts;
    return !list_is_empty(receipts) &&
           LIST_ITEM(receipts->previous, struct receipt, place)->batch == batch;
}

void receipts_note_persisted(struct core *core, uint64_t batch)
{
    struct list *receipts = &core->journal.receipts;
    while (!list_is_empty(receipts)) {
        struct receipt *receipt = LIST_ITEM(receipts->next, struct receipt, place);
        if (receipt->batch > batch) {
            return;
        }
        detach(core, receipt);
        receipt->owed = 0;
        receipt->needs_batch = false;
        close_if_done(core, receipt);
    }
}

void receipts_free(struct core *core)
{
    while (!list_is_empty(&core->journal.receipts)) {
        forget(core, LIST_ITEM(core->journal.receipts.next, struct receipt, place));
    }
    uint32_t cursor = 0;
    struct receipt *receipt;
    while ((receipt = map_next(&core->receipts, &cursor)) != NULL) {
        free(receipt);
    }
    map_fini(&core->receipts);
}

/* The message's receipt, made when there is none. Without memory the process ends: the publisher
 * was not told anything yet. */
static struct receipt *receipt_of(struct core *core, struct message *message)
{
    if (message->receipt) {
        return message->receipt;
    }
    struct receipt *receipt = calloc(1, sizeof *receipt);
    if (!receipt) {
        abort();
    }
    receipt->message = message_ref(message);
    receipt->batch = core->journal.number;
    list_append(&core->journal.receipts, &receipt->place);
    message->receipt = receipt;
    return receipt;
}

static bool is_done(const struct receipt *receipt)
{
    return receipt->awaited == 0 && receipt->owed == 0 && !receipt->needs_batch;
}

static void close_if_done(struct core *core, struct receipt *receipt)
{
    if (receipt->is_addressed && is_done(receipt)) {
        tell(core, receipt);
        forget(core, receipt);
    }
}

static void forget(struct core *core, struct receipt *receipt)
{
    detach(core, receipt);
    if (receipt->number != 0) {
        map_remove(&core->receipts, number_hash(receipt->number), receipt);
    }
    free(receipt);
}

/* It no longer waits for what is here. */
static void detach(struct core *core, struct receipt *receipt)
{
    list_remove(&receipt->place);
    if (receipt->message) {
        receipt->message->receipt = NULL;
        message_unref(receipt->message, &core->counters);
        receipt->message = NULL;
    }
}

static void tell(struct core *core, const struct receipt *receipt)
{
    if (receipt->worker != NOBODY) {
        receipt_tell(core, receipt->worker, receipt->worker_number,
                     (enum reason_code)receipt->reason);
    } else {
        tell_link(core, receipt);
    }
}

/* [MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] [MQTT-4.3.2-4] [MQTT-4.3.3-8] */
static void tell_link(struct core *core, const struct receipt *receipt)
{
    struct link *link = links_find(core, &receipt->link);
    if (!link || !link->session || receipt->packet_id == 0) {
        return; /* who comes back sends it again */
    }
    const char *words = NULL;
    if (receipt->reason >= REASON_UNSPECIFIED_ERROR) {
        core->counters.publish_refused++;
        words = receipt->reason == REASON_QUOTA_EXCEEDED
                    ? "a queue is full, or no more retained messages are kept"
                    : NULL;
    }
    if (receipt->qos == 2 && receipt->reason >= REASON_UNSPECIFIED_ERROR &&
        refuse_for_good(core, link, receipt)) {
        return;
    }
    send_ack(core, link, receipt->qos == 2 ? PACKET_PUBREC : PACKET_PUBACK, receipt->packet_id,
             (enum reason_code)receipt->reason, words);
}

/* Frees the identifier. True: told later, when that is written; after a crash, whoever was told
 * would use it for another message, which must not be taken for this one. [MQTT-4.3.3-9] */
static bool refuse_for_good(struct core *core, struct link *link, const struct receipt *receipt)
{
    received_free(core, link->session, receipt->packet_id);
    return link->session->durable &&
           waiting_add(core, link, WAITING_PUBREC, receipt->packet_id,
                       (enum reason_code)receipt->reason, (struct bytes){0});
}

static uint64_t number_hash(uint64_t number)
{
    return number * UINT64_C(0x9e3779b97f4a7c15);
}

static bool has_number(const void *item, const void *key)
{
    const struct receipt *receipt = item;
    return receipt->number == *(const uint64_t *)key;
}
