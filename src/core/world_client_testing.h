/* world_client_testing.h — a client of the tests' world: its link, and the bytes on both ways. */
#ifndef MIDGE_CORE_WORLD_CLIENT_TESTING_H
#define MIDGE_CORE_WORLD_CLIENT_TESTING_H

#include "wire/packet.h"

struct link;

enum { WORLD_NAME_SIZE = 40 };

/* Bytes that grow at the end and are taken from the front. */
struct world_bytes {
    uint8_t *bytes;
    size_t start, end, capacity;
};

struct world_client {
    char name[WORLD_NAME_SIZE];
    uint32_t worker;
    struct link *link; /* NULL: not connected */
    enum protocol_version version;
    struct world_bytes to_server, from_server;
    size_t appetite; /* bytes it still takes; SIZE_MAX: any number */
    uint16_t last_id;
    uint32_t ending_to; /* worker that takes it over, or its own: it is closed */
    bool is_ending;
    bool is_at_other_listener;
    bool is_closed_by_server;
    bool wants_turn;  /* bytes of it may be offered */
    bool is_flushing; /* bytes for it may be fetched */
};

void world_bytes_append(struct world_bytes *to, const void *data, size_t size);
void world_bytes_fini(struct world_bytes *bytes);

void world_write(struct world_client *client, struct bytes bytes); /* not read before a turn */
/* The next whole packet that came, or false. Its views hold until the client's next packet. */
bool world_read(struct world_client *client, struct packet *packet);
bool world_peek(const struct world_client *client, struct packet *packet);

#endif
