/* receive.h — packet type → function: one file for each packet a client may send.
 *
 * Each of them asks two things: is it legal now, and what does it change? What the packet alone
 * can tell was checked by the decoder. Once a link is closing, nothing more of it is received. */
#ifndef MIDGE_CORE_RECEIVE_H
#define MIDGE_CORE_RECEIVE_H

#include "core/core_state.h"

/* Takes as many whole packets from `input` as may be taken now; returns their size in bytes. */
size_t receive_bytes(struct core *core, struct link *link, struct bytes input);

#endif
