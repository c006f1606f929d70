/* options.c — see options.h. */
#include "sim/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: midge-sim [OPTIONS]\n"
    "  --seed N           play one world (1)\n"
    "  --seeds A..B       play many, one after another\n"
    "  --seeds-file FILE  play the seeds of a file: SEED STEPS RARITY, then words\n"
    "  --steps M          steps in each (20000)\n"
    "  --crashes N        stop after that many crashes, all worlds together\n"
    "  --workers N        always that many workers (drawn anew at each start)\n"
    "  --rarity N         about that many steps between two faults (drawn)\n"
    "  --no-store         nothing survives a crash, and nobody expects it\n"
    "  --hasty            acknowledge first and write later (durability interval)\n"
    "  --without BITS     leave out clients, by bits\n"
    "  --no-faults BITS   leave out kinds of faults, by bits\n"
    "  --story N          so many of the last events are told (40)\n"
    "  --fault-points K   alloc, put or commit: each of them fails in a life of its own\n"
    "  --from N           begin with the nth point (1)\n"
    "  --twice            play each seed again: the same bytes must come of it\n"
    "  --long             do not look for a shorter story\n"
    "  --go-on            go on after a violation\n";

static bool read_number(const char *text, uint64_t *number);
static bool read_range(const char *text, uint64_t *first, uint64_t *last);
static bool take(struct options *options, const char *name, const char *value);
static bool take_flag(struct options *options, const char *name);

bool options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .seed_first = 1,
        .point_first = 1,
        .seed_last = 1,
        .play = {.plan = {.has_store = true}, .steps_max = 20000, .story_max = 40}};
    for (int i = 1; i < argc; i++) {
        if (take_flag(options, argv[i])) {
            continue;
        }
        if (i + 1 >= argc || !take(options, argv[i], argv[i + 1])) {
            fprintf(stderr, "midge-sim: what is %s?\n%s", argv[i], usage);
            return false;
        }
        i++;
    }
    return true;
}

static bool take_flag(struct options *options, const char *name)
{
    if (strcmp(name, "--no-store") == 0) {
        options->play.plan.has_store = false;
    } else if (strcmp(name, "--hasty") == 0) {
        options->play.plan.is_hasty = true;
    } else if (strcmp(name, "--twice") == 0) {
        options->is_twice = true;
    } else if (strcmp(name, "--long") == 0) {
        options->is_long = true;
    } else if (strcmp(name, "--go-on") == 0) {
        options->goes_on = true;
    } else {
        return false;
    }
    return true;
}

static bool take(struct options *options, const char *name, const char *value)
{
    uint64_t number = 0;
    struct plan *plan = &options->play.plan;
    if (strcmp(name, "--seeds-file") == 0) {
        options->seeds_file = value;
        return true;
    }
    if (strcmp(name, "--fault-points") == 0) {
        options->point = strcmp(value, "alloc") == 0    ? POINT_ALLOCATION
                         : strcmp(value, "put") == 0    ? POINT_PUT
                         : strcmp(value, "commit") == 0 ? POINT_COMMIT
                                                        : POINT_NONE;
        return options->point != POINT_NONE;
    }
    if (strcmp(name, "--seeds") == 0) {
        return read_range(value, &options->seed_first, &options->seed_last);
    }
    if (!read_number(value, &number)) {
        return false;
    }
    if (strcmp(name, "--seed") == 0) {
        options->seed_first = options->seed_last = number;
    } else if (strcmp(name, "--steps") == 0) {
        options->play.steps_max = number;
    } else if (strcmp(name, "--crashes") == 0) {
        options->crashes_max = number;
    } else if (strcmp(name, "--from") == 0) {
        options->point_first = number;
    } else if (strcmp(name, "--story") == 0) {
        options->play.story_max = number;
    } else if (strcmp(name, "--workers") == 0 && number >= 1 && number <= NODE_WORKERS_MAX) {
        plan->workers = (uint32_t)number;
    } else if (strcmp(name, "--rarity") == 0) {
        plan->crash_rarity = (uint32_t)number;
    } else if (strcmp(name, "--without") == 0) {
        plan->left_out = number;
    } else if (strcmp(name, "--no-faults") == 0) {
        plan->faults_out = (uint32_t)number;
    } else {
        return false;
    }
    return true;
}

static bool read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0';
}

static bool read_range(const char *text, uint64_t *first, uint64_t *last)
{
    char *end;
    *first = strtoull(text, &end, 0);
    return end != text && end[0] == '.' && end[1] == '.' && read_number(end + 2, last) &&
           *first <= *last;
}
