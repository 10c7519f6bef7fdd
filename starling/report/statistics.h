/* statistics.h - means and intervals of returns. Any thread. */
#ifndef SL_STARLING_REPORT_STATISTICS_H
#define SL_STARLING_REPORT_STATISTICS_H

#include "common/rng.h"
#include "common/status.h"

typedef struct sl_interval {
    double mean, low, high; /* 95 % */
} sl_interval;

double sl_mean(int n, const double *x); /* 0 when n is 0 */
double sl_sd(int n, const double *x);   /* of a sample: divided by n - 1; NaN when n < 2: there is none */
/* Within how many standard errors of the mean 95 % of Student's distribution lie: 12.7 with one degree of freedom,
 * 1.98 with 99. df > 0. */
double sl_student95(int df);
/* From how many on the normal distribution and the bootstrap serve; Student's below, which supposes values that are
 * roughly normal and is right for two of them on. */
enum { SL_MANY_EPISODES = 100, SL_MANY_SEEDS = 20 };
/* Half-width of the mean's 95 % interval over n independent episodes: sl_student95(n - 1) sd / sqrt(n), from
 * SL_MANY_EPISODES on 1.96 sd / sqrt(n). NaN when n < 2: there is none. */
double sl_ci95(int n, const double *x);
/* Wilson's 95 % interval of a share of which n_won of n were seen (1927), z = 1.96: inside [0, 1] and wide for few
 * trials, also when all or none were. n = 0 gives zeros. */
sl_interval sl_wilson95(int n_won, int n);
/* The percentile bootstrap of the mean (Efron 1979), for few values such as seeds: n_resamples times n values are
 * drawn with replacement; low and high are the 2.5th and 97.5th percentile of their means (nearest rank). rng
 * advances. n = 0 gives zeros. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_bootstrap_mean(int n, const double *x, int n_resamples, sl_rng *rng, sl_interval *out);
/* The 95 % interval of a mean over seeds: Student's, from SL_MANY_SEEDS on the bootstrap. One seed has none: low and
 * high are NaN. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_mean_over_seeds(int n, const double *x, int n_resamples, sl_rng *rng, sl_interval *out);
/* The p-th percentile (0..100) of sorted values, nearest rank; n > 0. */
double sl_percentile(int n, const double *sorted, double p);
void sl_sort(int n, double *x); /* ascending */

#endif
