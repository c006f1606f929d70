/* fuzz_mosquitto_db.c — a persistence file of mosquitto's that may be anything.
 *
 * All that the reader shows lies in the file, chunk behind chunk. What moves in is a store of which
 * nothing is damaged and nothing is left over, and which holds exactly what was counted. */
#include <stdlib.h>

#include "store/mosquitto_db.h"
#include "store/moving_in.h"
#include "store/store_inspect.h"
#include "store/store_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void demand_inside(struct bytes file, struct bytes view)
{
    demand(view.size == 0 || (view.data >= file.data && view.size <= file.size &&
                              (size_t)(view.data - file.data) <= file.size - view.size));
}

static void demand_views(struct bytes file, const struct mosquitto_db_chunk *chunk)
{
    switch ((enum mosquitto_db_kind)chunk->kind) {
    case MOSQUITTO_DB_CONFIG:
    case MOSQUITTO_DB_RETAINED: break;
    case MOSQUITTO_DB_MESSAGE:
        demand_inside(file, chunk->message.source_id);
        demand_inside(file, chunk->message.source_user_name);
        demand_inside(file, chunk->message.body);
        demand_inside(file, chunk->message.properties);
        demand(chunk->message.payload.data ==
               chunk->message.topic.data + chunk->message.topic.size);
        demand(chunk->message.qos <= 2);
        break;
    case MOSQUITTO_DB_DELIVERY:
        demand_inside(file, chunk->delivery.client_id);
        demand_inside(file, chunk->delivery.properties);
        demand(chunk->delivery.qos <= 2);
        break;
    case MOSQUITTO_DB_SUBSCRIPTION:
        demand_inside(file, chunk->subscription.client_id);
        demand_inside(file, chunk->subscription.filter);
        demand(chunk->subscription.qos <= 2);
        break;
    case MOSQUITTO_DB_CLIENT:
        demand_inside(file, chunk->client.client_id);
        demand_inside(file, chunk->client.user_name);
        break;
    }
}

static void read_all(struct bytes file)
{
    struct mosquitto_db db;
    struct mosquitto_db_chunk chunk;
    enum mosquitto_db_result result;
    size_t last = 0;
    if (mosquitto_db_open(&db, file) != MOSQUITTO_DB_OPEN) {
        return;
    }
    while ((result = mosquitto_db_next(&db, &chunk)) != MOSQUITTO_DB_END) {
        demand(chunk.offset > last && chunk.offset < file.size);
        last = chunk.offset;
        if (result == MOSQUITTO_DB_CHUNK) {
            demand_views(file, &chunk);
        }
    }
    demand(mosquitto_db_next(&db, &chunk) == MOSQUITTO_DB_END);
}

static uint32_t home_of_all(void *context, struct bytes name)
{
    (void)context;
    (void)name;
    return 0;
}

static void move_in(struct moving_in *plan, struct memory_disk *disk)
{
    struct store_birth birth = {.worker_count = 1, .home = home_of_all};
    struct store_found found;
    char words[STORE_WORDS_SIZE];
    struct store *store = store_open(store_memory_open(disk), &birth, 1, &found, words);
    demand(store != NULL);
    demand(moving_in_write(plan, store, &found, words));
    store_close(store, true);
}

static void look(const struct moving_in_counts *counts, struct memory_disk *disk)
{
    struct store_summary summary;
    struct store_item item;
    uint64_t kinds[ENTRY_KIND_COUNT] = {0};
    char words[STORE_WORDS_SIZE] = "";
    struct store_inspection *inspection =
        store_inspect_open(store_memory_open(disk), &summary, words);
    demand(inspection != NULL && !summary.is_head_damaged);
    while (store_inspect_next(inspection, &item, words)) {
        demand(item.kind == STORE_ITEM_ENTRY);
        kinds[item.entry.kind]++;
    }
    demand(words[0] == '\0');
    store_inspect_close(inspection);
    demand(kinds[ENTRY_SESSION] == counts->sessions);
    demand(kinds[ENTRY_SUBSCRIPTION] == counts->subscriptions);
    demand(kinds[ENTRY_DELIVERY] == counts->deliveries);
    demand(kinds[ENTRY_RELEASING] == counts->releasing);
    demand(kinds[ENTRY_RECEIVED] == counts->received);
    demand(kinds[ENTRY_RETAINED] == counts->retained);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char words[STORE_WORDS_SIZE] = "";
    struct bytes file = bytes_of(data, size);
    read_all(file);
    struct moving_in *plan = moving_in_read(file, 1, words);
    demand(plan != NULL || words[0] != '\0');
    if (!plan) {
        return 0;
    }
    struct memory_disk *disk = memory_disk_new(0);
    demand(disk != NULL);
    move_in(plan, disk);
    look(moving_in_counts(plan), disk);
    memory_disk_free(disk);
    moving_in_free(plan);
    return 0;
}
