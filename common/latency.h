/* latency.h - a histogram of times with a fixed size: 16 bins per power of two, so a percentile is exact to 3 %.
 * Plain data; zero-initialised is empty. One owner. */
#ifndef SL_COMMON_LATENCY_H
#define SL_COMMON_LATENCY_H

#include <stdint.h>

enum { SL_LATENCY_BINS = 16 * 44 };

typedef struct sl_latency {
    uint64_t n;
    int64_t max_ns;
    uint64_t sum_ns;
    uint64_t bins[SL_LATENCY_BINS];
} sl_latency;

void sl_latency_add(sl_latency *self, int64_t ns); /* negative counts as 0 */
/* What was added since self was as earlier says; max_ns stays that of all. */
void sl_latency_subtract(sl_latency *self, const sl_latency *earlier);
/* The time in ns below which the share q of the samples lies (0 < q <= 1): the middle of its bin, but
 * no more than max_ns; 0 when empty. */
double sl_latency_percentile(const sl_latency *self, double q);

/* How many of the samples are shorter; exact where a bin begins, as at every 2^k and 1.5 * 2^k ns. */
uint64_t sl_latency_count_below(const sl_latency *self, int64_t ns);

#endif
