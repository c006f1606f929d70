/* shrink.c — see shrink.h. */
#include "sim/shrink.h"

static bool is_same_kind(const char *words, const char *other_words);
static const char *cited(const char *words);
static bool fails(const struct play *shorter, struct outcome *outcome);
static void shrink_steps(struct play *play, struct outcome *outcome);
static void leave_people_out(struct play *play, struct outcome *outcome);
static void leave_faults_out(struct play *play, struct outcome *outcome);

void play_shrink(struct play *play, struct outcome *outcome)
{
    shrink_steps(play, outcome);
    leave_people_out(play, outcome);
    leave_faults_out(play, outcome);
    shrink_steps(play, outcome);
}

static bool fails(const struct play *shorter, struct outcome *outcome)
{
    struct outcome found;
    play(shorter, &found, NULL);
    if (!found.wrong[0] || !is_same_kind(found.wrong, outcome->wrong)) {
        return false;
    }
    *outcome = found;
    return true;
}

/* Told apart by the statements they cite; without any, by nothing. */
static bool is_same_kind(const char *words, const char *other_words)
{
    return strcmp(cited(words), cited(other_words)) == 0;
}

static const char *cited(const char *words)
{
    const char *bracket = strchr(words, '[');
    return bracket ? bracket : "";
}

static void shrink_steps(struct play *play, struct outcome *outcome)
{
    uint64_t low = 0, high = outcome->steps < play->steps_max ? outcome->steps : play->steps_max;
    play->steps_max = high;
    while (low + 1 < high) {
        struct play shorter = *play;
        shorter.steps_max = low + (high - low) / 2;
        if (fails(&shorter, outcome)) {
            *play = shorter;
            high = shorter.steps_max;
        } else {
            low = shorter.steps_max;
        }
    }
}

static void leave_people_out(struct play *play, struct outcome *outcome)
{
    uint32_t people = outcome->people;
    for (uint32_t i = 0; i < people; i++) {
        struct play smaller = *play;
        smaller.plan.left_out |= UINT64_C(1) << i;
        if (fails(&smaller, outcome)) {
            *play = smaller;
        }
    }
}

static void leave_faults_out(struct play *play, struct outcome *outcome)
{
    for (uint32_t i = 0; i < FAULT_KIND_COUNT; i++) {
        struct play smaller = *play;
        smaller.plan.faults_out |= 1u << i;
        if (fails(&smaller, outcome)) {
            *play = smaller;
        }
    }
}
