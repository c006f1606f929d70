/* connection.h — a stream and its link: bytes from one to the other, both ways.
 *
 *   accepted ──▶ open ──▶ (handed over to its session's worker, once) ──▶ … ──▶ leaving ──▶ closed
 *
 * What the core does not take at once (half a packet; everything, while the link is held) is kept
 * here, and while the link is held nothing more is read. So an idle connection costs no buffer. */
#ifndef MIDGE_BROKER_CONNECTION_H
#define MIDGE_BROKER_CONNECTION_H

#include "broker/workforce.h"

struct connection;

/* A new connection at `door`; `fd` is taken. */
void connection_accept(struct worker_door *door, int fd);
/* One that another worker hands over (taken). */
void connection_adopt(struct worker *worker, struct connection *connection);
/* Its link may be read again. */
void connection_resume(struct connection *connection);
/* Sends what is in its link's outbox. */
void connection_flush(struct connection *connection);
/* Its link ends: last words, then it is closed. */
void connection_leave(struct connection *connection);
/* Takes it out of this worker, ready to be adopted by another. */
void connection_part(struct connection *connection);
/* Cuts off those that have been leaving for too long. *deadline_us: when to look again, if sooner.
 * */
void connection_cut_late(struct worker *worker, uint64_t *deadline_us);
/* Closes it at once, whatever is left to say. */
void connection_close(struct connection *connection);
/* The first of a worker's list. */
struct connection *connection_first(struct list *connections);

#endif
