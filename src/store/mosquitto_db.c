/* mosquitto_db.c — see mosquitto_db.h. Each chunk is read by one function, from its first byte to
 * its last; a reader that ran out, or has bytes left where there is no padding, means damage. */
#include "store/mosquitto_db.h"

#include "wire/reader.h"

enum { HEAD_SIZE = 23, VERSION_MIN = 5, VERSION_MAX = 6 };

/* Bits of a subscription's options, as in SUBSCRIBE (MQTT 5.0 section 3.8.3.1). */
enum { OPTION_NO_LOCAL = 0x04, OPTION_RETAIN_AS_PUBLISHED = 0x08 };

static const struct bytes magic = {(const uint8_t *)"\0\xB5\0mosquitto db", 15};

static bool read_chunk(uint32_t version, struct bytes body, struct mosquitto_db_chunk *chunk);
static bool read_config(struct reader *reader, struct mosquitto_db_config *config);
static bool read_message(struct reader *reader, struct mosquitto_db_message *message);
static bool read_delivery(struct reader *reader, struct mosquitto_db_delivery *delivery);
static bool read_retained(struct reader *reader, struct mosquitto_db_retained *retained);
static bool read_subscription(struct reader *reader, struct mosquitto_db_subscription *found);
static bool read_client(uint32_t version, struct reader *reader,
                        struct mosquitto_db_client *client);
static struct bytes read_properties(struct reader *reader);
static uint64_t read_native(struct reader *reader);
static uint64_t read_time(struct reader *reader);

enum mosquitto_db_opening mosquitto_db_open(struct mosquitto_db *db, struct bytes file)
{
    *db = (struct mosquitto_db){.file = file, .at = HEAD_SIZE};
    if (file.size < HEAD_SIZE || !bytes_start_with(file, magic)) {
        return MOSQUITTO_DB_OF_ANOTHER_KIND;
    }
    struct reader reader = reader_of(bytes_of(file.data + magic.size, HEAD_SIZE - magic.size));
    reader_take(&reader, 4); /* mosquitto never fills in the checksum */
    db->version = reader_four_bytes(&reader);
    if (db->version < VERSION_MIN) {
        return MOSQUITTO_DB_TOO_OLD;
    }
    return db->version > VERSION_MAX ? MOSQUITTO_DB_TOO_NEW : MOSQUITTO_DB_OPEN;
}

void mosquitto_db_rewind(struct mosquitto_db *db)
{
    db->at = HEAD_SIZE;
}

enum mosquitto_db_result mosquitto_db_next(struct mosquitto_db *db,
                                           struct mosquitto_db_chunk *chunk)
{
    *chunk = (struct mosquitto_db_chunk){.offset = db->at};
    if (db->at >= db->file.size) {
        return MOSQUITTO_DB_END;
    }
    struct reader reader = reader_of(bytes_of(db->file.data + db->at, db->file.size - db->at));
    chunk->kind = reader_four_bytes(&reader);
    uint32_t size = reader_four_bytes(&reader);
    struct bytes body = reader_take(&reader, size);
    if (reader.failed) {
        db->at = db->file.size;
        return MOSQUITTO_DB_CUT_OFF;
    }
    db->at += 8 + (size_t)size;
    if (chunk->kind < MOSQUITTO_DB_CONFIG || chunk->kind > MOSQUITTO_DB_CLIENT) {
        return MOSQUITTO_DB_UNKNOWN;
    }
    return read_chunk(db->version, body, chunk) ? MOSQUITTO_DB_CHUNK : MOSQUITTO_DB_DAMAGED;
}

static bool read_chunk(uint32_t version, struct bytes body, struct mosquitto_db_chunk *chunk)
{
    struct reader reader = reader_of(body);
    switch ((enum mosquitto_db_kind)chunk->kind) {
    case MOSQUITTO_DB_CONFIG: return read_config(&reader, &chunk->config);
    case MOSQUITTO_DB_MESSAGE: return read_message(&reader, &chunk->message);
    case MOSQUITTO_DB_DELIVERY: return read_delivery(&reader, &chunk->delivery);
    case MOSQUITTO_DB_RETAINED: return read_retained(&reader, &chunk->retained);
    case MOSQUITTO_DB_SUBSCRIPTION: return read_subscription(&reader, &chunk->subscription);
    case MOSQUITTO_DB_CLIENT: return read_client(version, &reader, &chunk->client);
    }
    return false;
}

static bool read_config(struct reader *reader, struct mosquitto_db_config *config)
{
    config->message_last = read_native(reader);
    config->was_stopped = reader_byte(reader) != 0;
    config->number_size = reader_byte(reader);
    return !reader->failed && config->number_size == 8; /* then 6 bytes of padding */
}

static bool read_message(struct reader *reader, struct mosquitto_db_message *message)
{
    message->number = read_native(reader);
    message->expires_s = read_time(reader);
    uint32_t payload_size = reader_four_bytes(reader);
    message->source_packet_id = reader_two_bytes(reader);
    uint16_t source_id_size = reader_two_bytes(reader);
    uint16_t source_user_name_size = reader_two_bytes(reader);
    uint16_t topic_size = reader_two_bytes(reader);
    message->source_port = reader_two_bytes(reader);
    message->qos = reader_byte(reader);
    message->retain = reader_byte(reader) != 0;
    message->source_id = reader_take(reader, source_id_size);
    message->source_user_name = reader_take(reader, source_user_name_size);
    message->topic = reader_take(reader, topic_size);
    message->payload = reader_take(reader, payload_size);
    message->body = bytes_of(message->topic.data, message->topic.size + message->payload.size);
    message->properties = read_properties(reader);
    return reader_is_finished(reader) && message->qos <= 2;
}

static bool read_delivery(struct reader *reader, struct mosquitto_db_delivery *delivery)
{
    delivery->message = read_native(reader);
    delivery->packet_id = reader_two_bytes(reader);
    uint16_t client_id_size = reader_two_bytes(reader);
    delivery->qos = reader_byte(reader);
    delivery->state = reader_byte(reader);
    uint8_t retain_and_duplicate = reader_byte(reader);
    delivery->retain = retain_and_duplicate >> 4 != 0;
    delivery->duplicate = (retain_and_duplicate & 0x0F) != 0;
    uint8_t direction = reader_byte(reader);
    delivery->is_outgoing = direction == 1;
    delivery->client_id = reader_take(reader, client_id_size);
    delivery->properties = read_properties(reader);
    return reader_is_finished(reader) && delivery->qos <= 2 && direction <= 1;
}

static bool read_retained(struct reader *reader, struct mosquitto_db_retained *retained)
{
    retained->message = read_native(reader);
    return reader_is_finished(reader);
}

static bool read_subscription(struct reader *reader, struct mosquitto_db_subscription *found)
{
    found->id = reader_four_bytes(reader);
    uint16_t client_id_size = reader_two_bytes(reader);
    uint16_t filter_size = reader_two_bytes(reader);
    found->qos = reader_byte(reader);
    uint8_t options = reader_byte(reader);
    found->no_local = (options & OPTION_NO_LOCAL) != 0;
    found->retain_as_published = (options & OPTION_RETAIN_AS_PUBLISHED) != 0;
    reader_take(reader, 2); /* padding */
    found->client_id = reader_take(reader, client_id_size);
    found->filter = reader_take(reader, filter_size);
    return reader_is_finished(reader) && found->qos <= 2;
}

static bool read_client(uint32_t version, struct reader *reader, struct mosquitto_db_client *client)
{
    client->expires_s = read_time(reader);
    client->expiry_s = reader_four_bytes(reader);
    client->packet_id_last = reader_two_bytes(reader);
    uint16_t client_id_size = reader_two_bytes(reader);
    uint16_t user_name_size = 0;
    if (version >= 6) {
        client->listener_port = reader_two_bytes(reader);
        user_name_size = reader_two_bytes(reader);
        reader_take(reader, 4); /* padding */
    }
    client->client_id = reader_take(reader, client_id_size);
    client->user_name = reader_take(reader, user_name_size);
    return reader_is_finished(reader);
}

/* The rest of a chunk: nothing, or a property section with its length. */
static struct bytes read_properties(struct reader *reader)
{
    if (reader_left(reader) == 0) {
        return (struct bytes){0};
    }
    return reader_section(reader);
}

static uint64_t read_native(struct reader *reader)
{
    struct bytes bytes = reader_take(reader, 8);
    uint64_t number = 0;
    for (size_t i = bytes.size; i-- > 0;) {
        number = number << 8 | bytes.data[i];
    }
    return number;
}

/* Seconds since 1970. Before that there was no MQTT: such a time counts as none. */
static uint64_t read_time(struct reader *reader)
{
    uint64_t time_s = read_native(reader);
    return time_s > INT64_MAX ? 0 : time_s;
}
