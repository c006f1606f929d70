/* faults.h — what goes wrong with the broker's process, its disk and its clock, and when. */
#ifndef MIDGE_SIM_FAULTS_H
#define MIDGE_SIM_FAULTS_H

#include "sim/stage.h"

enum fault_kind {
    FAULT_KILL,  /* the process ends at once; the network says so */
    FAULT_POWER, /* so does the machine; some clients hear nothing */
    FAULT_STOP,  /* an orderly stop and start */
    FAULT_DISK_FULL,
    FAULT_DISK_FAILING,
    FAULT_WRITE,  /* one write fails */
    FAULT_COMMIT, /* one transaction fails, or seems to */
    FAULT_KIND_COUNT
};

struct faults {
    struct stage *stage;
    struct random random;
    uint32_t out;     /* bits of kinds that do not happen */
    uint32_t workers; /* at each start; 0: drawn */
    uint64_t rarity;  /* steps between two, about */
    uint64_t next;    /* step of the agenda */
    uint64_t heal;    /* step in which the disk is well again; 0: it is */
    uint64_t crashes, stops;
    struct appointment rise; /* the broker starts again */
};

void faults_init(struct faults *faults, struct stage *stage, uint64_t seed);
/* After each step: whatever is due happens. */
void faults_look(struct faults *faults);
/* The broker was asked to stop, and may be down now. */
void faults_let_stop_end(struct faults *faults);
/* Everything works again, and the broker is up or will be soon. */
void faults_heal(struct faults *faults);
/* The broker could not start: it tries again. */
void faults_start_later(struct faults *faults);
void faults_fini(struct faults *faults);
const char *fault_words(enum fault_kind kind);
/* What all cores say together, for the judge. */
void faults_show_counters(struct stage *stage);

#endif
