/* broker.h — all workers together: started in order, told what changes, stopped in reverse. */
#ifndef MIDGE_BROKER_BROKER_H
#define MIDGE_BROKER_BROKER_H

#include "broker/store_place.h"
#include "broker/worker.h"

struct broker;

/* Opens every configured door, for every worker, and finds the store's place; nothing runs yet
 * (given). NULL: `error` says why.
 * `config` and `log` are borrowed for the broker's life. */
MUST_USE struct broker *broker_new(const struct config *config, const struct log *log, char *error,
                                   size_t error_size);
/* After privileges were given up: opens the store, makes the workers and starts them. False:
 * `error` says why. */
MUST_USE bool broker_start(struct broker *broker, char *error, size_t error_size);
/* Tells every worker what the configuration now says. The main thread alone changes the
 * configuration. */
void broker_configure(struct broker *broker);
void broker_log_status(struct broker *broker);
/* Publishes a line of the log under $SYS/broker/log. Any thread, while the broker runs. */
void broker_publish_log(struct broker *broker, enum log_kind kind, const char *line);
/* True when every worker has turned since the last call; wakes those that sleep. */
bool broker_is_alive(struct broker *broker);
/* Says goodbye to every client, waits for the workers, writes what is to be written. */
void broker_stop(struct broker *broker);
void broker_free(struct broker *broker);

uint32_t broker_worker_count(const struct broker *broker);
/* The door of the configured listener `index`. */
const struct listener *broker_listener(const struct broker *broker, size_t index);
/* With persistence: where the store lies. */
const struct store_place *broker_store_place(const struct broker *broker);
/* Unix sockets, and the store if nobody else chose its place, will belong to this user. */
void broker_give_files(struct broker *broker, uint32_t user_id, uint32_t group_id);

#endif
