/* play.c — see play.h. */
#include "sim/play.h"

void play(const struct play *play, struct outcome *outcome, FILE *story)
{
    struct world *world = world_new(&play->plan);
    bool is_well = true;
    while (is_well && world->agenda.steps < play->steps_max &&
           (play->crashes_max == 0 || world->faults.crashes < play->crashes_max)) {
        is_well = world_step(world);
    }
    if (world->wrong[0] == '\0') {
        world_settle(world);
    }
    if (world->wrong[0] == '\0' && play->plan.point != POINT_NONE) {
        world_stop(world);
    }
    *outcome = (struct outcome){.steps = world->agenda.steps,
                                .crashes = world->faults.crashes,
                                .stops = world->faults.stops,
                                .checks = world->checks,
                                .simulated_us = world->agenda.now_us,
                                .digest = world->node.force.digest,
                                .messages = world->stage.messages,
                                .points = world_points(world),
                                .people = world->actor_count + world->hostile_count};
    memcpy(outcome->wrong, world->wrong, sizeof outcome->wrong);
    judge_tally(world->stage.judge, &outcome->tally);
    if (story && world->wrong[0]) {
        judge_print_last_events(world->stage.judge, story, play->story_max);
    }
    world_free(world);
}
