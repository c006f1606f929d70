/* access.c — see access.h. */
#include "access/access.h"

static bool is_under(struct bytes topic, struct bytes root);

bool access_may_publish(struct bytes topic)
{
    return !is_under(topic, BYTES("$SYS")) && !is_under(topic, BYTES("$CONTROL"));
}

bool access_may_subscribe(struct bytes filter)
{
    return !is_under(filter, BYTES("$CONTROL"));
}

static bool is_under(struct bytes topic, struct bytes root)
{
    return bytes_start_with(topic, root) &&
           (topic.size == root.size || topic.data[root.size] == '/');
}
