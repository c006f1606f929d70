/* access.h — may they? Pure rules about users and topics.
 *
 * Today's rules: whether anonymous clients are welcome is the listener's word; `$SYS` and
 * `$CONTROL` are the broker's own, to read but not to write. */
#ifndef MIDGE_ACCESS_ACCESS_H
#define MIDGE_ACCESS_ACCESS_H

#include "base/bytes.h"

/* May a client that nobody has authenticated connect? */
static inline bool access_may_connect(bool allow_anonymous)
{
    return allow_anonymous;
}

/* May a client publish to `topic` (a legal topic name), or have its will published there? */
bool access_may_publish(struct bytes topic);

/* May a client subscribe to `filter` (a legal filter, without `$share`)? */
bool access_may_subscribe(struct bytes filter);

#endif
