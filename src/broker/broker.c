/* broker.c — see broker.h. */
#include "broker/broker.h"

#include "broker/keeper.h"
#include "broker/mail.h"
#include "store/store_lmdb.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

struct broker {
    const struct config *config;
    const struct log *log;
    struct workforce force;
    struct store_place store_place;
    struct listener **listeners; /* [worker][listener]; each worker takes its row */
    uint64_t *turns_seen;        /* [worker] */
    uint32_t workers_made;
    bool is_running;
};

enum { LOG_BACKLOG_MAX = 10000, LAST_ROUNDS_MAX = 10000 };

/* Without store_size_max: a file has holes, addresses cost nothing where there are many. */
#define STORE_SIZE_LARGE (UINT64_C(16) << 30)
#define STORE_SIZE_SMALL (UINT64_C(1) << 30)

static bool make_workers(struct broker *broker, const struct store_found *found,
                         const uint64_t *seeds, char *error, size_t error_size);
static bool open_store(struct broker *broker, uint64_t random, struct store_found *found,
                       char *error, size_t error_size);
static uint64_t choose_store_size(const struct config *config);
static struct keeper_options keeper_options(const struct broker *broker);
static bool start_threads(struct broker *broker, char *error, size_t error_size);
static void give_last_words(struct broker *broker);
static bool open_doors(struct broker *broker, char *error, size_t error_size);
static bool draw_seeds(uint64_t *seeds, size_t count);
static uint32_t post_to_all(struct broker *broker, enum mail_kind kind);

struct broker *broker_new(const struct config *config, const struct log *log, char *error,
                          size_t error_size)
{
    struct broker *broker = aligned_alloc(64, (sizeof *broker + 63) & ~63UL);
    if (!broker) {
        snprintf(error, error_size, "no memory");
        return NULL;
    }
    memset(broker, 0, sizeof *broker);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    broker->config = config;
    broker->log = log;
    broker->force.count = config->threads != 0 ? config->threads : cores > 0 ? (uint32_t)cores : 1;
    if (broker->force.count > PEERS_MAX) {
        broker->force.count = PEERS_MAX;
    }
    pthread_mutex_init(&broker->force.status_mutex, NULL);
    broker->listeners =
        calloc(broker->force.count * config->listener_count, sizeof(struct listener *));
    broker->force.workers =
        aligned_alloc(64, (broker->force.count * sizeof(struct worker) + 63) & ~63UL);
    broker->turns_seen = calloc(broker->force.count, sizeof *broker->turns_seen);
    if (!broker->listeners || !broker->force.workers || !broker->turns_seen) {
        snprintf(error, error_size, "no memory");
    } else if (open_doors(broker, error, error_size) &&
               (!config->persistence ||
                store_place_prepare(config, &broker->store_place, error, error_size))) {
        return broker;
    }
    broker_free(broker);
    return NULL;
}

bool broker_start(struct broker *broker, char *error, size_t error_size)
{
    uint64_t seeds[1 + PEERS_MAX];
    struct store_found found = {0};
    if (!draw_seeds(seeds, broker->force.count + 1)) {
        snprintf(error, error_size, "the system gives no random numbers: %s", strerror(errno));
        return false;
    }
    found.hash_seed = seeds[0];
    broker->is_running =
        (!broker->config->persistence || open_store(broker, seeds[0], &found, error, error_size)) &&
        make_workers(broker, &found, seeds + 1, error, error_size) &&
        start_threads(broker, error, error_size);
    return broker->is_running;
}

void broker_configure(struct broker *broker)
{
    const struct config *config = broker->config;
    if (broker->force.keeper) {
        struct keeper_options wanted = keeper_options(broker);
        keeper_configure(broker->force.keeper, &wanted);
    }
    for (uint32_t i = 0; i < broker->force.count; i++) {
        struct worker_mail *mail = mail_new(MAIL_CONFIGURE);
        struct mail_options *options =
            calloc(1, sizeof *options + config->listener_count * sizeof options->links[0]);
        if (!mail || !options) {
            log_write(broker->log, LOG_KIND_ERROR, "No memory to pass new options on.");
            free(mail);
            free(options);
            return;
        }
        options->core = config->core;
        options->log_kinds = broker->log->kinds;
        options->link_count = (uint32_t)config->listener_count;
        for (size_t j = 0; j < config->listener_count; j++) {
            options->links[j] = config->listeners[j].link;
        }
        mail->options = options;
        mail_post(&broker->force.workers[i], mail);
    }
}

void broker_log_status(struct broker *broker)
{
    struct workforce *force = &broker->force;
    pthread_mutex_lock(&force->status_mutex);
    if (force->status_awaited == 0) { /* otherwise one is on its way already */
        force->status_awaited = post_to_all(broker, MAIL_STATUS);
    }
    pthread_mutex_unlock(&force->status_mutex);
}

void broker_publish_log(struct broker *broker, enum log_kind kind, const char *line)
{
    struct worker *first = &broker->force.workers[0];
    struct worker_mail *mail =
        mailbox_backlog(&first->mailbox) < LOG_BACKLOG_MAX ? mail_new(MAIL_LOGGED) : NULL;
    if (mail) {
        mail->logged.kind = (uint32_t)kind;
        mail->logged.line = strdup(line);
        if (mail->logged.line) {
            mail_post(first, mail);
        } else {
            mail_free(mail);
        }
    }
}

bool broker_is_alive(struct broker *broker)
{
    bool all_turned = true;
    for (uint32_t i = 0; i < broker->force.count; i++) {
        uint64_t turns = atomic_load(&broker->force.workers[i].turn_count);
        all_turned &= turns != broker->turns_seen[i];
        broker->turns_seen[i] = turns;
    }
    post_to_all(broker, MAIL_WAKE);
    return all_turned;
}

void broker_stop(struct broker *broker)
{
    if (!broker->is_running) {
        return;
    }
    for (uint32_t i = 0; i < broker->force.count; i++) {
        worker_stop(&broker->force.workers[i]);
    }
    for (uint32_t i = 0; i < broker->force.count; i++) {
        worker_join(&broker->force.workers[i]);
    }
    broker->is_running = false;
    give_last_words(broker);
    keeper_stop(broker->force.keeper);
    broker->force.keeper = NULL;
}

void broker_free(struct broker *broker)
{
    if (!broker) {
        return;
    }
    assert(!broker->is_running);
    keeper_stop(broker->force.keeper);
    for (uint32_t i = 0; i < broker->workers_made; i++) {
        worker_fini(&broker->force.workers[i]);
    }
    for (size_t i = 0;
         broker->listeners && i < broker->force.count * broker->config->listener_count; i++) {
        listener_close(broker->listeners[i]);
    }
    pthread_mutex_destroy(&broker->force.status_mutex);
    free(broker->listeners);
    free(broker->force.workers);
    free(broker->turns_seen);
    free(broker);
}

uint32_t broker_worker_count(const struct broker *broker)
{
    return broker->force.count;
}

const struct listener *broker_listener(const struct broker *broker, size_t index)
{
    assert(index < broker->config->listener_count);
    return broker->workers_made > 0 ? broker->force.workers[0].doors[index].listener
                                    : broker->listeners[index];
}

const struct store_place *broker_store_place(const struct broker *broker)
{
    return &broker->store_place;
}

void broker_give_files(struct broker *broker, uint32_t user_id, uint32_t group_id)
{
    const struct store_place *place = &broker->store_place;
    for (size_t i = 0; i < broker->config->listener_count; i++) {
        if (!listener_give(broker->listeners[i], user_id, group_id)) {
            log_write(broker->log, LOG_KIND_WARNING, "A unix socket stays root's: %s.",
                      strerror(errno));
        }
    }
    if (place->is_ours && (chown(place->directory, user_id, group_id) < 0 ||
                           (chown(place->path, user_id, group_id) < 0 && errno != ENOENT))) {
        log_write(broker->log, LOG_KIND_WARNING, "The directory %s stays another's: %s.",
                  place->directory, strerror(errno));
    }
}

static bool make_workers(struct broker *broker, const struct store_found *found,
                         const uint64_t *seeds, char *error, size_t error_size)
{
    size_t door_count = broker->config->listener_count;
    for (uint32_t i = 0; i < broker->force.count; i++) {
        struct worker_birth birth = {.force = &broker->force,
                                     .index = i,
                                     .config = broker->config,
                                     .log = broker->log,
                                     .listeners = broker->listeners + i * door_count,
                                     .hash_seed = found->hash_seed,
                                     .random_seed = seeds[i],
                                     .start = found->start};
        broker->workers_made++;
        bool is_made = worker_init(&broker->force.workers[i], &birth);
        memset(broker->listeners + i * door_count, 0, door_count * sizeof(struct listener *));
        if (!is_made) {
            snprintf(error, error_size, "no memory or descriptors for worker %u", i);
            return false;
        }
    }
    return true;
}

static bool open_store(struct broker *broker, uint64_t random, struct store_found *found,
                       char *error, size_t error_size)
{
    const struct config *config = broker->config;
    const struct store_place *place = &broker->store_place;
    struct store_lmdb_options options = {.path = place->path,
                                         .size_max = choose_store_size(config)};
    struct keeper_birth birth = {.force = &broker->force,
                                 .log = broker->log,
                                 .path = place->path,
                                 .random = random,
                                 .options = keeper_options(broker)};
    char failure[STORE_WORDS_SIZE];
    if (!store_place_check(place, error, error_size)) {
        return false;
    }
    struct store_backend *backend = store_lmdb_open(&options, failure);
    if (!backend) {
        snprintf(error, error_size, "%s", failure);
        return false;
    }
    broker->force.keeper = keeper_open(backend, &birth, found, error, error_size);
    return broker->force.keeper;
}

static uint64_t choose_store_size(const struct config *config)
{
    struct rlimit addresses;
    if (config->store_size_max != 0) {
        return config->store_size_max;
    }
    uint64_t size = sizeof(void *) < 8 ? STORE_SIZE_SMALL : STORE_SIZE_LARGE;
    if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY &&
        addresses.rlim_cur / 4 < size) {
        size = addresses.rlim_cur / 4 & ~UINT64_C(0xfffff);
        size = size < CONFIG_STORE_SIZE_MIN ? CONFIG_STORE_SIZE_MIN : size;
    }
    return size;
}

static struct keeper_options keeper_options(const struct broker *broker)
{
    return (struct keeper_options){.durability = broker->config->core.durability,
                                   .interval_s = broker->config->durability_interval_s,
                                   .log_kinds = broker->log->kinds};
}

static bool start_threads(struct broker *broker, char *error, size_t error_size)
{
    if (broker->force.keeper && !keeper_start(broker->force.keeper)) {
        snprintf(error, error_size, "the store's thread cannot start: %s", strerror(errno));
        return false;
    }
    for (uint32_t i = 0; i < broker->force.count; i++) {
        if (!worker_start(&broker->force.workers[i])) {
            snprintf(error, error_size, "worker %u cannot start: %s", i, strerror(errno));
            for (uint32_t j = 0; j < i; j++) {
                worker_stop(&broker->force.workers[j]);
                worker_join(&broker->force.workers[j]);
            }
            return false;
        }
    }
    return true;
}

/* No worker's thread runs any more. What they still have for each other is heard until nobody has
 * anything more to say; then everything that is to be written goes to the keeper. */
static void give_last_words(struct broker *broker)
{
    bool is_quiet = false;
    for (int round = 0; round < LAST_ROUNDS_MAX && !is_quiet; round++) {
        is_quiet = true;
        for (uint32_t i = 0; i < broker->force.count; i++) {
            is_quiet &= !worker_settle(&broker->force.workers[i]);
        }
    }
    for (uint32_t i = 0; i < broker->force.count; i++) {
        worker_give_last(&broker->force.workers[i]);
    }
}

static bool open_doors(struct broker *broker, char *error, size_t error_size)
{
    size_t door_count = broker->config->listener_count;
    for (size_t i = 0; i < door_count; i++) {
        struct listener *first =
            listener_open(&broker->config->listeners[i].listener, error, error_size);
        if (!first) {
            return false;
        }
        broker->listeners[i] = first;
        for (uint32_t worker = 1; worker < broker->force.count; worker++) {
            struct listener *share = listener_share(first, error, error_size);
            if (!share) {
                return false;
            }
            broker->listeners[worker * door_count + i] = share;
        }
    }
    return true;
}

static bool draw_seeds(uint64_t *seeds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (getrandom(&seeds[i], sizeof seeds[i], 0) != sizeof seeds[i]) {
            return false;
        }
    }
    return true;
}

/* Returns how many workers will get it: with no memory, it may be fewer than all. */
static uint32_t post_to_all(struct broker *broker, enum mail_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < broker->force.count; i++) {
        struct worker_mail *mail = mail_new(kind);
        if (mail) {
            mail_post(&broker->force.workers[i], mail);
            count++;
        }
    }
    return count;
}
