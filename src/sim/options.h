/* options.h — the command line of midge-sim. */
#ifndef MIDGE_SIM_OPTIONS_H
#define MIDGE_SIM_OPTIONS_H

#include "sim/play.h"

struct options {
    uint64_t seed_first, seed_last;
    const char *seeds_file; /* NULL: none */
    struct play play;
    uint64_t crashes_max;   /* all seeds together; 0: no end */
    enum fault_point point; /* POINT_NONE: no such mode */
    uint64_t point_first;
    bool is_twice; /* each seed is played again and compared */
    bool is_long;  /* a violation is not shrunk */
    bool goes_on;  /* after a violation */
};

/* False: something was wrong, and told on stderr. */
bool options_read(struct options *options, int argc, char **argv);

#endif
