/* store_check.c — midge store check: every record is read once, counted by its kind. What is
 * damaged gets a line of its own, up to a bound; beyond it only the number goes on. */
#include "cli/store_check.h"

#include <stdio.h>

#include "cli/store_size.h"
#include "store/store_inspect.h"
#include "store/store_lmdb.h"

enum { LINES_MAX = 1000 };

struct tally {
    uint64_t kinds[ENTRY_KIND_COUNT];
    uint64_t owed_size; /* bytes of the messages that are owed, each as often as it is */
    uint64_t damaged, aside, leftover;
};

static void count(struct tally *tally, const struct store_item *item);
static void tell(const struct store_arguments *arguments, const struct store_summary *summary,
                 const struct tally *tally);

int store_check(const struct store_arguments *arguments)
{
    const struct voice *voice = &arguments->voice;
    char failure[STORE_WORDS_SIZE] = "";
    struct store_backend *backend = store_lmdb_open_to_read(arguments->path, failure);
    struct store_summary summary = {0};
    struct store_inspection *inspection =
        backend ? store_inspect_open(backend, &summary, failure) : NULL;
    if (!inspection) {
        say_mistake(voice, "%s", failure);
        return STORE_EXIT_NOT_DONE;
    }
    struct tally tally = {0};
    struct store_item item;
    failure[0] = '\0';
    while (store_inspect_next(inspection, &item, failure)) {
        count(&tally, &item);
    }
    store_inspect_close(inspection);
    tell(arguments, &summary, &tally);
    if (failure[0]) {
        say_mistake(voice, "%s", failure);
        return STORE_EXIT_NOT_DONE;
    }
    bool is_whole = tally.damaged + tally.aside == 0 && !summary.is_head_damaged;
    if (is_whole) {
        printf("Nothing is damaged.\n");
    } else {
        printf("%llu damaged, %llu set aside by a broker%s. Everything else is served.\n",
               (unsigned long long)tally.damaged, (unsigned long long)tally.aside,
               summary.is_head_damaged ? ", and the store's head" : "");
    }
    return is_whole ? STORE_EXIT_OK : STORE_EXIT_DAMAGED;
}

static void count(struct tally *tally, const struct store_item *item)
{
    switch (item->kind) {
    case STORE_ITEM_ENTRY:
        tally->kinds[item->entry.kind]++;
        if (item->entry.kind == ENTRY_DELIVERY) {
            const struct delivery_entry *delivery = item->entry.fixed;
            tally->owed_size += delivery->message.topic_size + delivery->message.payload_size +
                                delivery->message.properties_size;
        }
        return;
    case STORE_ITEM_LEFTOVER: tally->leftover++; return;
    case STORE_ITEM_DAMAGED: tally->damaged++; break;
    case STORE_ITEM_ASIDE: tally->aside++; break;
    }
    if (tally->damaged + tally->aside <= LINES_MAX) {
        printf("%s: %s\n", item->kind == STORE_ITEM_ASIDE ? "set aside" : "damaged", item->words);
    } else if (tally->damaged + tally->aside == LINES_MAX + 1) {
        printf("… and more\n");
    }
}

static void tell(const struct store_arguments *arguments, const struct store_summary *summary,
                 const struct tally *tally)
{
    char used[STORE_SIZE_TEXT], file[STORE_SIZE_TEXT], owed[STORE_SIZE_TEXT];
    printf("%s: ", arguments->path);
    if (summary->is_head_damaged) {
        printf("its head is damaged\n");
    } else {
        printf("format %u, opened %llu time%s, %s\n", summary->version,
               (unsigned long long)summary->start, summary->start == 1 ? "" : "s",
               summary->was_stopped ? "the last broker ended in order"
                                    : "the last broker did not end in order");
    }
    printf("  %llu sessions with %llu subscriptions\n",
           (unsigned long long)tally->kinds[ENTRY_SESSION],
           (unsigned long long)tally->kinds[ENTRY_SUBSCRIPTION]);
    printf("  %llu messages owed to them (%s), %llu more to be released by PUBREL\n",
           (unsigned long long)tally->kinds[ENTRY_DELIVERY],
           store_size_text(tally->owed_size, owed),
           (unsigned long long)tally->kinds[ENTRY_RELEASING]);
    printf("  %llu QoS 2 identifiers of publishers\n",
           (unsigned long long)tally->kinds[ENTRY_RECEIVED]);
    printf("  %llu retained messages\n", (unsigned long long)tally->kinds[ENTRY_RETAINED]);
    if (tally->leftover > 0) {
        printf("  %llu leftovers that a broker will clear away\n",
               (unsigned long long)tally->leftover);
    }
    printf("  %s used of a file of %s\n", store_size_text(summary->size.bytes_used, used),
           store_size_text(summary->size.bytes_file, file));
}
