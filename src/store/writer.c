/* writer.c — see writer.h. */
#include "store/writer.h"

static enum backend_result write_entry(struct writer *writer, const struct entry *entry);
static enum backend_result write_session_gone(struct writer *writer, uint64_t session);
static enum backend_result write_delivery(struct writer *writer, const struct entry *entry);
static enum backend_result write_releasing(struct writer *writer,
                                           const struct delivery_entry *releasing);
static enum backend_result read_delivery(struct writer *writer, const struct delivery_entry *which,
                                         struct delivery_entry *found);
static enum backend_result drop_body(struct writer *writer, uint64_t body);
static enum backend_result is_orphan(struct writer *writer, const struct entry *entry, bool *is_so);

enum backend_result writer_write(struct writer *writer, const struct piece *piece)
{
    struct entry entry;
    size_t index = 0;
    for (size_t at = piece->from; piece_next(piece, &at, &entry); index++) {
        bool is_lost = piece->has_waited && piece->holding.is_late[index];
        if (entry.kind == ENTRY_FETCH || is_lost) {
            continue;
        }
        enum backend_result result =
            piece->has_waited ? is_orphan(writer, &entry, &is_lost) : BACKEND_OK;
        if (result == BACKEND_OK && !is_lost) {
            result = write_entry(writer, &entry);
            writer->entries++;
        }
        if (result != BACKEND_OK) {
            return result;
        }
    }
    return BACKEND_OK;
}

static enum backend_result write_entry(struct writer *writer, const struct entry *entry)
{
    struct records *records = writer->records;
    struct record record = {.rest = entry->rest};
    switch (entry->kind) {
    case ENTRY_SESSION:
        record.kind = RECORD_SESSION;
        record.session = *(const struct session_entry *)entry->fixed;
        return records_put(records, TABLE_SESSIONS, record.session.number, 0, &record);
    case ENTRY_SESSION_GONE:
        return write_session_gone(writer, ((const struct session_entry *)entry->fixed)->number);
    case ENTRY_SUBSCRIPTION:
        record.kind = RECORD_SUBSCRIPTION;
        record.subscription = *(const struct subscription_entry *)entry->fixed;
        return records_put(records, TABLE_SUBSCRIPTIONS, record.subscription.session,
                           record.subscription.number, &record);
    case ENTRY_SUBSCRIPTION_GONE:
        record.subscription = *(const struct subscription_entry *)entry->fixed;
        return records_remove(records, TABLE_SUBSCRIPTIONS, record.subscription.session,
                              record.subscription.number);
    case ENTRY_MESSAGE:
        record.kind = RECORD_MESSAGE;
        record.message = *(const struct message_entry *)entry->fixed;
        return records_put(records, TABLE_MESSAGES, record.message.number, 0, &record);
    case ENTRY_DELIVERY: return write_delivery(writer, entry);
    case ENTRY_RELEASING: return write_releasing(writer, entry->fixed);
    case ENTRY_DELIVERY_GONE: {
        const struct delivery_entry *gone = entry->fixed;
        enum backend_result result = read_delivery(writer, gone, &record.delivery);
        result = result == BACKEND_OK ? drop_body(writer, record.delivery.body) : result;
        return result == BACKEND_OK
                   ? records_remove(records, TABLE_QUEUE, gone->session, gone->place)
                   : result;
    }
    case ENTRY_RECEIVED:
        record.kind = RECORD_RECEIVED;
        record.received = *(const struct received_entry *)entry->fixed;
        return records_put(records, TABLE_RECEIVED, record.received.session,
                           record.received.packet_id, &record);
    case ENTRY_RECEIVED_GONE:
        record.received = *(const struct received_entry *)entry->fixed;
        return records_remove(records, TABLE_RECEIVED, record.received.session,
                              record.received.packet_id);
    case ENTRY_RETAINED:
        record.kind = RECORD_RETAINED;
        record.retained = *(const struct retained_entry *)entry->fixed;
        return records_put(records, TABLE_RETAINED, record.retained.number, 0, &record);
    case ENTRY_RETAINED_GONE:
        return records_remove(records, TABLE_RETAINED,
                              ((const struct retained_entry *)entry->fixed)->number, 0);
    default: return BACKEND_OK; /* about the batch */
    }
}

static enum backend_result write_session_gone(struct writer *writer, uint64_t session)
{
    enum backend_result result = records_remove(writer->records, TABLE_SESSIONS, session, 0);
    bool is_all = true;
    if (result == BACKEND_OK) {
        result = sweep_session(writer->sweep, writer->records, writer->shelf, session, &is_all);
    }
    if (!is_all) {
        sweep_note(writer->sweep, session);
    }
    return result;
}

/* The new body is referred to before the old one is let go: it may be the same. */
static enum backend_result write_delivery(struct writer *writer, const struct entry *entry)
{
    struct record record = {.kind = RECORD_DELIVERY};
    record.delivery = *(const struct delivery_entry *)entry->fixed;
    size_t ids_size = 4 * (size_t)record.delivery.id_count;
    record.ids = bytes_of(entry->rest.data, ids_size);
    record.rest = bytes_of(entry->rest.data + ids_size, entry->rest.size - ids_size);

    struct delivery_entry old;
    enum backend_result result = read_delivery(writer, &record.delivery, &old);
    if (result == BACKEND_OK && record.delivery.body) {
        result = records_refer(writer->records, record.delivery.body);
    }
    if (result == BACKEND_OK) {
        result = drop_body(writer, old.body);
    }
    return result == BACKEND_OK ? records_put(writer->records, TABLE_QUEUE, record.delivery.session,
                                              record.delivery.place, &record)
                                : result;
}

static enum backend_result write_releasing(struct writer *writer,
                                           const struct delivery_entry *releasing)
{
    struct delivery_entry old;
    enum backend_result result = read_delivery(writer, releasing, &old);
    if (result == BACKEND_OK) {
        result = drop_body(writer, old.body);
    }
    if (result != BACKEND_OK) {
        return result;
    }
    struct record record = {.kind = RECORD_RELEASING, .delivery = *releasing};
    if (old.bytes_before > 0) {
        record.delivery.bytes_before = old.bytes_before;
    }
    return records_put(writer->records, TABLE_QUEUE, releasing->session, releasing->place, &record);
}

/* What lies at the place of `which`; nothing there gives zeros. */
static enum backend_result read_delivery(struct writer *writer, const struct delivery_entry *which,
                                         struct delivery_entry *found)
{
    struct record record;
    enum backend_result result =
        records_get(writer->records, TABLE_QUEUE, which->session, which->place, &record);
    *found = result == BACKEND_OK ? record.delivery : (struct delivery_entry){.session = 0};
    return result == BACKEND_NOT_FOUND ? BACKEND_OK : result;
}

static enum backend_result drop_body(struct writer *writer, uint64_t body)
{
    return body ? records_unrefer(writer->records, body,
                                  part_shelf_holds(writer->shelf, TABLE_MESSAGES, body, 0))
                : BACKEND_OK;
}

/* Whether what the entry adds is for a session that is not there. */
static enum backend_result is_orphan(struct writer *writer, const struct entry *entry, bool *is_so)
{
    uint64_t session;
    switch (entry->kind) {
    case ENTRY_SUBSCRIPTION:
        session = ((const struct subscription_entry *)entry->fixed)->session;
        break;
    case ENTRY_DELIVERY:
    case ENTRY_RELEASING: session = ((const struct delivery_entry *)entry->fixed)->session; break;
    case ENTRY_RECEIVED: session = ((const struct received_entry *)entry->fixed)->session; break;
    default: return BACKEND_OK;
    }
    struct store_backend *backend = writer->records->backend;
    struct store_key key = key_of(TABLE_SESSIONS, session, 0);
    struct bytes value;
    enum backend_result result = backend->get(backend, TABLE_SESSIONS, key_bytes(&key), &value);
    *is_so = result == BACKEND_NOT_FOUND;
    return *is_so ? BACKEND_OK : result;
}
