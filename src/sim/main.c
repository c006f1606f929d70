/* main.c — midge-sim: plays simulated worlds, and tells of the first in which a promise is broken.
 *
 * Exit status: 0 all is well, 1 a violation, 2 it could not be asked. */
#include "sim/allocation.h"
#include "sim/options.h"
#include "sim/points.h"
#include "sim/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct sum {
    uint64_t seeds, violations, steps, crashes, stops, checks, messages, simulated_us;
    struct judge_tally tally;
};

static int play_points(const struct options *options);
static bool play_all(const struct options *options, struct sum *sum);
static bool play_file(const struct options *options, struct sum *sum);
static bool play_one(const struct options *options, struct play *one, struct sum *sum);
static void tell_violation(const struct options *options, struct play *one,
                           struct outcome *outcome);
static void add(struct sum *sum, const struct outcome *outcome);
static void print_sum(const struct sum *sum, double seconds);
static double now_s(void);

int main(int argc, char **argv)
{
    struct options options;
    struct sum sum = {0};
    if (!options_read(&options, argc, argv)) {
        return 2;
    }
    if (options.point != POINT_NONE) {
        return play_points(&options);
    }
    double began_s = now_s();
    bool could_ask = options.seeds_file ? play_file(&options, &sum) : play_all(&options, &sum);
    print_sum(&sum, now_s() - began_s);
    return !could_ask ? 2 : sum.violations > 0;
}

/* One life after another, of each seed; nothing else goes wrong in them. */
static int play_points(const struct options *options)
{
    static const struct allocations allocations = {allocation_begin, allocation_count,
                                                   allocation_watch};
    uint64_t violations = 0;
    for (uint64_t seed = options->seed_first; seed <= options->seed_last; seed++) {
        struct points_outcome outcome;
        struct play one = options->play;
        one.plan.seed = seed;
        one.plan.faults_out = UINT32_MAX;
        one.plan.allocations = &allocations;
        points_play_all(&one, options->point, options->point_first, &outcome);
        printf("seed %llu: %llu points, the broker ended itself at %llu, %llu violations\n",
               (unsigned long long)seed, (unsigned long long)outcome.points,
               (unsigned long long)outcome.aborts, (unsigned long long)outcome.violations);
        violations += outcome.violations;
    }
    return violations > 0;
}

static bool play_all(const struct options *options, struct sum *sum)
{
    for (uint64_t seed = options->seed_first; seed <= options->seed_last; seed++) {
        struct play one = options->play;
        one.plan.seed = seed;
        if (options->crashes_max > 0) {
            if (sum->crashes >= options->crashes_max) {
                return true;
            }
            one.crashes_max = options->crashes_max - sum->crashes;
        }
        if (!play_one(options, &one, sum) && !options->goes_on) {
            return true;
        }
    }
    return true;
}

/* Lines of SEED STEPS RARITY (0: drawn) and words, and comments after '#'. */
static bool play_file(const struct options *options, struct sum *sum)
{
    FILE *file = fopen(options->seeds_file, "r");
    char line[512];
    bool is_well = true;
    if (!file) {
        perror(options->seeds_file);
        return false;
    }
    while (is_well && fgets(line, sizeof line, file)) {
        char *end;
        struct play one = options->play;
        one.plan.seed = strtoull(line, &end, 10);
        if (end == line) {
            continue;
        }
        uint64_t steps = strtoull(end, &end, 10);
        one.steps_max = steps > 0 ? steps : one.steps_max;
        one.plan.crash_rarity = (uint32_t)strtoul(end, &end, 10);
        is_well = play_one(options, &one, sum) || options->goes_on;
        if (!is_well) {
            printf("known as:%s", end);
        }
    }
    fclose(file);
    return true;
}

/* False: a violation. */
static bool play_one(const struct options *options, struct play *one, struct sum *sum)
{
    struct outcome outcome, again;
    play(one, &outcome, NULL);
    add(sum, &outcome);
    if (options->is_twice && !outcome.wrong[0]) {
        play(one, &again, NULL);
        if (again.digest != outcome.digest || again.steps != outcome.steps) {
            snprintf(outcome.wrong, sizeof outcome.wrong,
                     "played again, the clients were sent other bytes");
            sum->violations++;
            printf("seed %llu: %s\n", (unsigned long long)one->plan.seed, outcome.wrong);
            return false;
        }
    }
    if (options->seed_first == options->seed_last && !options->seeds_file) {
        printf("seed %llu: digest %016llx\n", (unsigned long long)one->plan.seed,
               (unsigned long long)outcome.digest);
    }
    if (!outcome.wrong[0]) {
        return true;
    }
    sum->violations++;
    tell_violation(options, one, &outcome);
    return false;
}

static void tell_violation(const struct options *options, struct play *one, struct outcome *outcome)
{
    printf("seed %llu: a promise is broken after %llu steps:\n  %s\n",
           (unsigned long long)one->plan.seed, (unsigned long long)outcome->steps, outcome->wrong);
    fflush(stdout);
    if (!options->is_long) {
        play_shrink(one, outcome);
    }
    play(one, outcome, NULL);
    printf("to see it: midge-sim --long --seed %llu --steps %llu --without 0x%llx --no-faults 0x%x",
           (unsigned long long)one->plan.seed, (unsigned long long)one->steps_max,
           (unsigned long long)one->plan.left_out, (unsigned)one->plan.faults_out);
    if (one->plan.workers > 0) {
        printf(" --workers %u", (unsigned)one->plan.workers);
    }
    if (one->plan.crash_rarity > 0) {
        printf(" --rarity %u", (unsigned)one->plan.crash_rarity);
    }
    printf("%s\nthe last events:\n", one->plan.has_store ? "" : " --no-store");
    play(one, outcome, stdout);
    printf("  %s\n", outcome->wrong);
    fflush(stdout);
}

static void add(struct sum *sum, const struct outcome *outcome)
{
    sum->seeds++;
    sum->steps += outcome->steps;
    sum->crashes += outcome->crashes;
    sum->stops += outcome->stops;
    sum->checks += outcome->checks;
    sum->messages += outcome->messages;
    sum->simulated_us += outcome->simulated_us;
    sum->tally.events += outcome->tally.events;
    sum->tally.accepted += outcome->tally.accepted;
    sum->tally.received += outcome->tally.received;
    sum->tally.owed += outcome->tally.owed;
    sum->tally.owed_met += outcome->tally.owed_met;
    sum->tally.excused += outcome->tally.excused;
    sum->tally.wills_due += outcome->tally.wills_due;
    sum->tally.replays_due += outcome->tally.replays_due;
    sum->tally.sessions_resumed += outcome->tally.sessions_resumed;
}

static void print_sum(const struct sum *sum, double seconds)
{
    double hours = (double)sum->simulated_us / 3.6e9;
    const struct judge_tally *tally = &sum->tally;
    printf("%llu seeds, %llu steps, %llu crashes, %llu stops, %llu settled checks, %llu "
           "violations\n",
           (unsigned long long)sum->seeds, (unsigned long long)sum->steps,
           (unsigned long long)sum->crashes, (unsigned long long)sum->stops,
           (unsigned long long)sum->checks, (unsigned long long)sum->violations);
    printf("%llu messages made, %llu accepted, %llu received; %llu events judged, %llu owed, %llu "
           "met, %llu excused, %llu wills due, %llu replays due, %llu sessions resumed\n",
           (unsigned long long)sum->messages, (unsigned long long)tally->accepted,
           (unsigned long long)tally->received, (unsigned long long)tally->events,
           (unsigned long long)tally->owed, (unsigned long long)tally->owed_met,
           (unsigned long long)tally->excused, (unsigned long long)tally->wills_due,
           (unsigned long long)tally->replays_due, (unsigned long long)tally->sessions_resumed);
    printf("%.1f simulated hours in %.1f s: %.1f hours a second, %.0f steps a second, %.0f crashes "
           "a second\n",
           hours, seconds, hours / seconds, (double)sum->steps / seconds,
           (double)sum->crashes / seconds);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
