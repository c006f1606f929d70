/* listener_options.c — a door as it stands when nobody says more about it: every interface, every
 * family, no limit, small packets sent at once. */
#include "net/listener_options.h"

void listener_options_default(struct listener_options *options)
{
    *options = (struct listener_options){
        .port = 1883,
        .family = LISTENER_ANY,
        .tcp_no_delay = true, /* waiting to fill a segment costs a slow client 40 ms a message */
    };
}
