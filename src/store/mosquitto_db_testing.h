/* mosquitto_db_testing.h — files as mosquitto writes them, by hand. */
#ifndef MIDGE_STORE_MOSQUITTO_DB_TESTING_H
#define MIDGE_STORE_MOSQUITTO_DB_TESTING_H

#include "store/mosquitto_db.h"

enum { MADE_SIZE = 64 * 1024 };

struct made {
    uint32_t version;
    size_t size;
    uint8_t bytes[MADE_SIZE];
};

/* The head and a CONFIG chunk. */
void made_begin(struct made *made, uint32_t version);
void made_message(struct made *made, const struct mosquitto_db_message *message);
void made_client(struct made *made, const struct mosquitto_db_client *client);
void made_delivery(struct made *made, const struct mosquitto_db_delivery *delivery);
void made_subscription(struct made *made, const struct mosquitto_db_subscription *subscription);
void made_retained(struct made *made, uint64_t message);
/* A chunk of any kind. */
void made_chunk(struct made *made, uint32_t kind, struct bytes body);

static inline struct bytes made_file(const struct made *made)
{
    return bytes_of(made->bytes, made->size);
}

#endif
