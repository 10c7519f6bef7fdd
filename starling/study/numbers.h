/* numbers.h - what a study says of a point, and where two executions cross. Intervals are the percentile bootstrap's
 * over episodes, 95 %, SL_STUDY_RESAMPLES resamples of a fixed stream: the same results give the same numbers. Any
 * thread. */
#ifndef SL_STARLING_STUDY_NUMBERS_H
#define SL_STARLING_STUDY_NUMBERS_H

#include "starling/report/statistics.h"
#include "starling/study/result.h"

enum { SL_STUDY_RESAMPLES = 2000 };

/* Of ages in steps. NaN: there are none; INFINITY: at that percentile it never came. max: the oldest that came. */
typedef struct sl_study_ages {
    double p50, p90, p99, p999, max;
    double never; /* the share that never came */
} sl_study_ages;

typedef struct sl_study_numbers {
    sl_interval mean_return, won; /* won: NaN where there is nothing to win */
    sl_study_ages observation, action;
    double miss_rate; /* agent-steps (on board: of each block) in which nothing newer had come; NaN: nothing could */
    double longest_run;   /* of misses, in steps */
    double fallback_rate; /* agent-steps in which the fallback acted; NaN: it never has to, on board */
    double divergence;    /* decisions that the links changed, of those compared; NaN: none was */
} sl_study_numbers;

/* SL_MEMORY. */
SL_MUST_CHECK sl_status sl_study_numbers_of(const sl_study_result *result, sl_study_numbers *out);

/* Where the upper curve falls below the lower one, linear between two points: 0 when it is below from the start,
 * INFINITY when it never is. low and high are the 2.5th and 97.5th percentile over resamples of the episodes, the
 * same ones for both curves and at every point: episodes of one seed begin alike everywhere. */
typedef struct sl_study_crossover {
    bool is_known; /* both curves are there */
    double at, low, high;
} sl_study_crossover;

/* K points x, ascending, of results with as many episodes each; of the shares won with wins, else of the returns.
 * SL_MEMORY. */
SL_MUST_CHECK sl_status sl_study_cross(int K, const double *x, const sl_study_result *const *upper,
                                       const sl_study_result *const *lower, bool wins, sl_study_crossover *out);

#endif
