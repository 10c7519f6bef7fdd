/* statistics.c - see statistics.h. */
#include "starling/report/statistics.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;

double sl_mean(int n, const double *x) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    return n > 0 ? sum / n : 0;
}

double sl_sd(int n, const double *x) {
    if (n < 2) return NAN;
    double mean = sl_mean(n, x), sum = 0;
    for (int i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sqrt(sum / (n - 1));
}

// how much of Student's distribution lies within -t and t: Abramowitz & Stegun 26.7.3 and 26.7.4, sin and cos of
// atan(t / sqrt(df)) being t / r and sqrt(df) / r
static double student_inside(int df, double t) {
    double r = sqrt(df + t * t), sine = t / r, square = df / (r * r);
    bool odd = df % 2 == 1;
    double term = odd ? sqrt(square) : 1, sum = df == 1 ? 0 : term;
    for (int k = odd ? 3 : 2; k <= df - 2; k += 2) {
        term *= square * (k - 1) / k;
        sum += term;
    }
    return odd ? 2 / pi * (atan(t / sqrt(df)) + sine * sum) : sine * sum;
}

double sl_student95(int df) {
    SL_ASSERT(df > 0);
    double low = 0, high = 16;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (student_inside(df, middle) < 0.95)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double sl_ci95(int n, const double *x) {
    if (n < 2) return NAN;
    return (n < SL_MANY_EPISODES ? sl_student95(n - 1) : 1.96) * sl_sd(n, x) / sqrt(n);
}

sl_interval sl_wilson95(int n_won, int n) {
    if (n == 0) return (sl_interval){0};
    const double z = 1.96;
    double p = (double)n_won / n, scale = 1 + z * z / n, middle = (p + z * z / (2.0 * n)) / scale;
    double half = z / scale * sqrt(p * (1 - p) / n + z * z / (4.0 * n * n));
    // none and all: the end is exact
    return (sl_interval){p, n_won > 0 ? middle - half : 0, n_won < n ? middle + half : 1};
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sl_sort(int n, double *x) {
    if (n > 1) qsort(x, (size_t)n, sizeof *x, ascending);
}

double sl_percentile(int n, const double *sorted, double p) {
    SL_ASSERT(n > 0);
    int rank = (int)ceil(p / 100 * n);
    rank = rank < 1 ? 1 : rank;
    return sorted[(rank > n ? n : rank) - 1];
}

sl_status sl_bootstrap_mean(int n, const double *x, int n_resamples, sl_rng *rng, sl_interval *out) {
    if (n == 0) {
        *out = (sl_interval){0};
        return SL_OK;
    }
    double *means = sl_alloc_array((size_t)n_resamples, sizeof *means);
    if (!means) return sl_fail(SL_MEMORY, NULL, "no memory for %d bootstrap samples", n_resamples);
    for (int r = 0; r < n_resamples; r++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += x[sl_rng_below(rng, (uint32_t)n)];
        means[r] = sum / n;
    }
    sl_sort(n_resamples, means);
    *out =
        (sl_interval){sl_mean(n, x), sl_percentile(n_resamples, means, 2.5), sl_percentile(n_resamples, means, 97.5)};
    sl_free(means);
    return SL_OK;
}

sl_status sl_mean_over_seeds(int n, const double *x, int n_resamples, sl_rng *rng, sl_interval *out) {
    if (n == 0 || n >= SL_MANY_SEEDS) return sl_bootstrap_mean(n, x, n_resamples, rng, out);
    double mean = sl_mean(n, x), half = n < 2 ? NAN : sl_student95(n - 1) * sl_sd(n, x) / sqrt(n);
    *out = (sl_interval){mean, mean - half, mean + half};
    return SL_OK;
}
