/* mail.h — what is posted to a worker. */
#ifndef MIDGE_BROKER_MAIL_H
#define MIDGE_BROKER_MAIL_H

#include "broker/workforce.h"

struct connection;

enum mail_kind {
    MAIL_PARCEL,     /* from another worker's core */
    MAIL_CONNECTION, /* handed over: its session is at home here */
    MAIL_CONFIGURE,  /* new options */
    MAIL_STATUS,     /* add your counters; the last one logs the sum */
    MAIL_LOGGED,     /* a line of the log, for $SYS/broker/log */
    MAIL_RESTORED,   /* from the keeper: what was stored here */
    MAIL_PERSISTED,  /* … up to which batch of this worker all is written */
    MAIL_FETCHED,    /* … what ENTRY_FETCH asked for */
    MAIL_STORE,      /* … how the store is now */
    MAIL_WAKE,       /* nothing: show that you turn */
    MAIL_STOP,
};

/* New options for one worker, as its core and its doors take them over. */
struct mail_options {
    struct core_options core;
    uint32_t log_kinds;
    uint32_t link_count;
    struct link_options links[];
};

struct worker_mail {
    struct mail mail; /* first */
    enum mail_kind kind;
    struct worker_mail *next; /* set aside */
    union {
        struct parcel *parcel;
        struct connection *connection;
        struct mail_options *options;
        struct {
            uint32_t kind;
            char *line;
        } logged;
        struct {
            enum restore_phase phase;
            struct batch *batch; /* NULL: RESTORE_DONE */
        } restored;
        uint64_t persisted;
        struct batch *fetched;
        struct {
            enum store_state state;
            char *words;
        } store;
    };
};

/* A mail of `kind` (given). NULL: no memory. */
struct worker_mail *mail_new(enum mail_kind kind);
/* The same for what may not be lost: without memory the process ends. */
struct worker_mail *mail_new_surely(enum mail_kind kind);
/* Posts `mail` (taken) and wakes the worker when it sleeps. Any thread. */
void mail_post(struct worker *to, struct worker_mail *mail);
/* Hears all parcels that are here; sets the rest aside. The worker's own thread. */
void mail_hear(struct worker *worker);
/* The next mail that was set aside (given), or NULL. */
struct worker_mail *mail_next_set_aside(struct worker *worker);
/* Frees a mail and what it carries, but a connection. */
void mail_free(struct worker_mail *mail);

/* One step of the worker's core at this turn's time. */
void mail_step(struct worker *worker, struct event *event, struct effects *effects);

#endif
