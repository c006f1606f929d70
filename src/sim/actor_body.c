/* actor_body.c — see actor_body.h. */
#include "sim/actor_body.h"

enum { READ_MAX = 4096 };

bool actor_read_some(struct actor *actor)
{
    if (!actor->line || actor->is_dozing) {
        return false;
    }
    struct bytes arrived = line_view(actor->line, LINE_CLIENT);
    if (arrived.size == 0) {
        return false;
    }
    arrived.size = arrived.size < READ_MAX ? arrived.size : READ_MAX;
    size_t taken =
        umqtt_receive(&actor->umqtt, actor_now_ms(actor), umqtt_bytes(arrived.data, arrived.size));
    tap_received(&actor->tap, bytes_of(arrived.data, taken));
    if (umqtt_state(&actor->umqtt) == UMQTT_CLOSING) {
        taken = arrived.size; /* nobody wants to hear the rest */
    }
    line_take(actor->line, LINE_CLIENT, taken);
    return taken > 0;
}

bool actor_write_some(struct actor *actor)
{
    bool moved = false;
    while (actor->line) {
        struct umqtt_bytes view = umqtt_output(&actor->umqtt);
        struct bytes out = bytes_of(view.data, view.size);
        if (out.size == 0) {
            break;
        }
        out.size = line_write(actor->line, LINE_CLIENT, out);
        if (out.size == 0) {
            break;
        }
        tap_sent(&actor->tap, out);
        umqtt_output_sent(&actor->umqtt, actor_now_ms(actor), out.size);
        moved = true;
    }
    return moved;
}

void actor_drop_line(struct actor *actor)
{
    agenda_cancel(actor->stage->agenda, &actor->dial);
    if (actor->line) {
        struct line *line = actor->line;
        actor->line = NULL;
        tap_end(&actor->tap);
        line_close(line, LINE_CLIENT);
    }
    actor->is_dozing = false;
    umqtt_closed(&actor->umqtt, actor_now_ms(actor));
}

uint32_t actor_now_ms(const struct actor *actor)
{
    return (uint32_t)(actor->stage->agenda->now_us / 1000);
}
