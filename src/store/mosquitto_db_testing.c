/* mosquitto_db_testing.c — see mosquitto_db_testing.h. A chunk's size is filled in at its end. */
#include "store/mosquitto_db_testing.h"

#include <assert.h>

static void put(struct made *made, struct bytes bytes);
static void put_number(struct made *made, uint64_t number, size_t size);
static void put_native(struct made *made, uint64_t number);
static void put_properties(struct made *made, struct bytes properties);
static size_t begin_chunk(struct made *made, uint32_t kind);
static void end_chunk(struct made *made, size_t begin);

void made_begin(struct made *made, uint32_t version)
{
    *made = (struct made){.version = version};
    put(made, bytes_of("\0\xB5\0mosquitto db", 15));
    put_number(made, 0, 4);
    put_number(made, version, 4);
    size_t begin = begin_chunk(made, MOSQUITTO_DB_CONFIG);
    put_native(made, 99);
    put_number(made, 1, 1);
    put_number(made, 8, 1);
    put_number(made, 0, 6);
    end_chunk(made, begin);
}

void made_message(struct made *made, const struct mosquitto_db_message *message)
{
    size_t begin = begin_chunk(made, MOSQUITTO_DB_MESSAGE);
    put_native(made, message->number);
    put_native(made, message->expires_s);
    put_number(made, message->payload.size, 4);
    put_number(made, message->source_packet_id, 2);
    put_number(made, message->source_id.size, 2);
    put_number(made, message->source_user_name.size, 2);
    put_number(made, message->topic.size, 2);
    put_number(made, message->source_port, 2);
    put_number(made, message->qos, 1);
    put_number(made, message->retain, 1);
    put(made, message->source_id);
    put(made, message->source_user_name);
    put(made, message->topic);
    put(made, message->payload);
    put_properties(made, message->properties);
    end_chunk(made, begin);
}

void made_client(struct made *made, const struct mosquitto_db_client *client)
{
    size_t begin = begin_chunk(made, MOSQUITTO_DB_CLIENT);
    put_native(made, client->expires_s);
    put_number(made, client->expiry_s, 4);
    put_number(made, client->packet_id_last, 2);
    put_number(made, client->client_id.size, 2);
    if (made->version >= 6) {
        put_number(made, client->listener_port, 2);
        put_number(made, client->user_name.size, 2);
        put_number(made, 0, 4);
    }
    put(made, client->client_id);
    put(made, made->version >= 6 ? client->user_name : (struct bytes){0});
    end_chunk(made, begin);
}

void made_delivery(struct made *made, const struct mosquitto_db_delivery *delivery)
{
    size_t begin = begin_chunk(made, MOSQUITTO_DB_DELIVERY);
    put_native(made, delivery->message);
    put_number(made, delivery->packet_id, 2);
    put_number(made, delivery->client_id.size, 2);
    put_number(made, delivery->qos, 1);
    put_number(made, delivery->state, 1);
    put_number(made, (uint64_t)(delivery->retain << 4 | delivery->duplicate), 1);
    put_number(made, delivery->is_outgoing, 1);
    put(made, delivery->client_id);
    put_properties(made, delivery->properties);
    end_chunk(made, begin);
}

void made_subscription(struct made *made, const struct mosquitto_db_subscription *subscription)
{
    size_t begin = begin_chunk(made, MOSQUITTO_DB_SUBSCRIPTION);
    put_number(made, subscription->id, 4);
    put_number(made, subscription->client_id.size, 2);
    put_number(made, subscription->filter.size, 2);
    put_number(made, subscription->qos, 1);
    put_number(made,
               (uint64_t)(subscription->no_local << 2 | subscription->retain_as_published << 3), 1);
    put_number(made, 0, 2);
    put(made, subscription->client_id);
    put(made, subscription->filter);
    end_chunk(made, begin);
}

void made_retained(struct made *made, uint64_t message)
{
    size_t begin = begin_chunk(made, MOSQUITTO_DB_RETAINED);
    put_native(made, message);
    end_chunk(made, begin);
}

void made_chunk(struct made *made, uint32_t kind, struct bytes body)
{
    size_t begin = begin_chunk(made, kind);
    put(made, body);
    end_chunk(made, begin);
}

static void put(struct made *made, struct bytes bytes)
{
    assert(made->size + bytes.size <= MADE_SIZE);
    if (bytes.size > 0) {
        memcpy(made->bytes + made->size, bytes.data, bytes.size);
    }
    made->size += bytes.size;
}

/* Most significant byte first. */
static void put_number(struct made *made, uint64_t number, size_t size)
{
    while (size-- > 0) {
        uint8_t byte = (uint8_t)(number >> size * 8);
        put(made, bytes_of(&byte, 1));
    }
}

static void put_native(struct made *made, uint64_t number)
{
    for (size_t i = 0; i < 8; i++) {
        uint8_t byte = (uint8_t)(number >> i * 8);
        put(made, bytes_of(&byte, 1));
    }
}

static void put_properties(struct made *made, struct bytes properties)
{
    assert(properties.size < 128);
    if (properties.size > 0) {
        put_number(made, properties.size, 1);
        put(made, properties);
    }
}

static size_t begin_chunk(struct made *made, uint32_t kind)
{
    put_number(made, kind, 4);
    put_number(made, 0, 4);
    return made->size;
}

static void end_chunk(struct made *made, size_t begin)
{
    size_t end = made->size;
    made->size = begin - 4;
    put_number(made, end - begin, 4);
    made->size = end;
}
