/* measure.h - the evaluations of a study that its store lacks, asked of one coordinator a run, which works on all
 * cores; each is kept as soon as it is there. One progress line tells of all runs together. main thread only. */
#ifndef SL_STARLING_STUDY_MEASURE_H
#define SL_STARLING_STUDY_MEASURE_H

#include "starling/run/process_group.h"
#include "starling/study/study.h"

/* Evaluations of one run and execution: how many are still to be made, were made in this call, and how long those
 * took. */
typedef struct sl_study_pace {
    int left, done;
    double seconds;
} sl_study_pace;

typedef struct sl_study_work {
    const sl_args *args; /* borrowed, as all below */
    sl_study *study;
    sl_study_store *store;
    sl_run *runs[SL_STUDY_MAX_RUNS]; /* of the sections, their policies loaded */
    int n_kept, n_missing;           /* evaluations: in the store from earlier calls, to be made */
    /* while it works */
    sl_run_progress progress;
    int section;
    sl_study_execution execution;
    sl_study_pace pace[SL_STUDY_MAX_RUNS][SL_STUDY_EXECUTIONS];
} sl_study_work;

/* Gives the rows of all sections their keys and counts what is kept and missing. A key says all that an evaluation
 * depends on: version, experiment, networks, who acts, episodes, seed, links. SL_IO, SL_NOT_FOUND: a model's file. */
SL_MUST_CHECK sl_status sl_study_prepare(sl_study_work *self);
/* Makes what is missing, and gives all rows their results. SL_INTERRUPTED, SL_NO_SPACE, SL_NETWORK, ...: what was
 * made is kept. */
SL_MUST_CHECK sl_status sl_study_measure(sl_study_work *self);
/* Then: the rows that fly are repeated by agent processes on the virtual clock, unless the store has them, and their
 * returns compared bit for bit. As sl_study_measure. */
SL_MUST_CHECK sl_status sl_study_fly(sl_study_work *self);

#endif
