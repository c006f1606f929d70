/* connection.h — the broker's end of a line: bytes from it into a core, and back. */
#ifndef MIDGE_SIM_CONNECTION_H
#define MIDGE_SIM_CONNECTION_H

#include "sim/workforce.h"

/* A connection (given) for that line. */
struct connection *connection_new(struct line *line);
/* Gives it a link at `worker`; bytes that were read elsewhere are offered. */
void connection_adopt(struct worker *worker, struct connection *connection);
/* Something may have arrived, or there may be room. */
void connection_be_ready(struct connection *connection);
/* Offers again what the core left. */
void connection_resume(struct connection *connection);
void connection_flush(struct connection *connection);
/* The core wants it to end: it does when its outbox is out. */
void connection_leave(struct connection *connection);
/* Takes it from its worker, to be sent to another. */
void connection_part(struct connection *connection);
/* Frees it and tells nobody; returns its line, whose end is now the caller's to close. */
struct line *connection_free(struct connection *connection);

#endif
