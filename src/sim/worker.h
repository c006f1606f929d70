/* worker.h — a simulated worker: a real core, a mailbox and connections, but no thread. Its turn is
 * that of the real one, cut into small steps between which others may act:
 *
 *   hear mail · read links · deadlines      in a drawn order, any number
 *   batches go to the keeper, then parcels are posted, one by one
 *   end links · flush links                 one by one
 *
 * Between small steps passes a drawn time, so that each seed is another interleaving. */
#ifndef MIDGE_SIM_WORKER_H
#define MIDGE_SIM_WORKER_H

#include "sim/workforce.h"

/* `birth` is for its core. */
void worker_init(struct worker *worker, struct workforce *force, const struct core_birth *birth);
/* Everything is freed, and the lines of its connections go as `part` lets them. */
void worker_fini(struct worker *worker, void (*part)(void *context, struct line *line),
                 void *context);

/* Takes the server's end of a line. */
void worker_accept(struct worker *worker, struct line *line);
/* Puts mail (taken) into its box. */
void worker_post(struct worker *worker, struct mail *mail);
/* What its core wants written goes to the keeper; with `all`, what could wait, too. */
void worker_give_batches(struct worker *worker, bool all);
/* Nothing is to be done now, and nothing to be said. */
bool worker_is_quiet(const struct worker *worker);
/* After MAIL_STOP: all connections are gone. */
bool worker_is_done(const struct worker *worker);

#endif
