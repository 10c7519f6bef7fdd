/* statistics.h - means and intervals of returns. Any thread. */
#ifndef SL_STARLING_STATISTICS_H
#define SL_STARLING_STATISTICS_H

#include "common/rng.h"
#include "common/status.h"

typedef struct sl_interval {
    double mean, low, high; /* 95 % */
} sl_interval;

double sl_mean(int n, const double *x); /* 0 when n is 0 */
double sl_sd(int n, const double *x);   /* of a sample: divided by n - 1; 0 when n < 2 */
/* Half-width of the mean's 95 % interval over n independent episodes, 1.96 sd / sqrt(n); 0 when n < 2. */
double sl_ci95(int n, const double *x);
/* Wilson's 95 % interval of a share of which n_won of n were seen (1927), z = 1.96: inside [0, 1] and wide for few
 * trials, also when all or none were. n = 0 gives zeros. */
sl_interval sl_wilson95(int n_won, int n);
/* The percentile bootstrap of the mean (Efron 1979), for few values such as seeds: n_resamples times n values are
 * drawn with replacement; low and high are the 2.5th and 97.5th percentile of their means (nearest rank). rng
 * advances. n = 0 gives zeros. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_bootstrap_mean(int n, const double *x, int n_resamples, sl_rng *rng, sl_interval *out);
/* The p-th percentile (0..100) of sorted values, nearest rank; n > 0. */
double sl_percentile(int n, const double *sorted, double p);
void sl_sort(int n, double *x); /* ascending */

#endif
