/* figures.h - what starling bench all measures: a row is a command of starling and the numbers of its JSON that are
 * figures. A new one is a row of figures.c. main thread only. */
#ifndef SL_STARLING_COMMANDS_FIGURES_H
#define SL_STARLING_COMMANDS_FIGURES_H

#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SL_FIGURES_MAX = 48,
    SL_FIGURES_ROUNDS = 99,
    SL_FIGURES_SIDES = 2,
    SL_MEASURE_FIGURES = 8,
    SL_MEASURE_WORDS = 12
};

typedef struct sl_figure {
    const char *path; /* in the command's JSON; NULL: no more figures */
    const char *name; /* what it is, beside the measure's name */
    const char *unit;
    bool less_is_better;
} sl_figure;

typedef struct sl_measure {
    const char *name;
    /* of the command, up to NULL. A word "experiments/..." becomes the path of that shipped file, the same for both
     * builds; "@seconds" what --seconds says, "@folder" a new folder, removed afterwards. --json comes on top. */
    const char *words[SL_MEASURE_WORDS];
    sl_figure figures[SL_MEASURE_FIGURES];
    bool only_once; /* in the first round alone: it takes minutes */
} sl_measure;

/* The rows; static memory. */
const sl_measure *sl_figures_measures(int *n);

typedef struct sl_figures_result {
    const sl_measure *measure;
    const sl_figure *figure;
    int n[SL_FIGURES_SIDES];                            /* values that were measured */
    double values[SL_FIGURES_SIDES][SL_FIGURES_ROUNDS]; /* by round */
} sl_figures_result;

typedef struct sl_figures {
    /* given by the caller */
    const char *programs[SL_FIGURES_SIDES]; /* paths of starling; [1] NULL: there is one build */
    const char *only;                       /* measures whose name holds it; NULL: all */
    int n_rounds;
    double seconds; /* of one measure */
    /* what sl_figures_run finds */
    int n, n_failed; /* measures that failed: their figures lack a value */
    sl_figures_result results[SL_FIGURES_MAX];
} sl_figures;

/* In every round each measure runs once with each build, the one that is first taking turns. SL_USAGE: only names
 * none; SL_INTERRUPTED. A command that fails is warned of and counted. */
SL_MUST_CHECK sl_status sl_figures_run(sl_figures *self);
/* of a side's values; NaN without one */
double sl_figures_median(const sl_figures_result *result, int side);
/* How many times better side 0 is than side 1, round by round: median, smallest, largest; NaN without a pair. */
void sl_figures_gain(const sl_figures_result *result, double out[3]);

#endif
