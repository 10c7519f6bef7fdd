/* latency.c - the histogram behind every p50 and p99. */
#include "common/latency.h"

enum { SUB = 16, SUB_BITS = 4 };

// below 16 ns a bin is a nanosecond; above, the four bits behind the leading one choose the bin
static int bin_of(uint64_t ns) {
    if (ns < SUB) return (int)ns;
    int exponent = 63 - __builtin_clzll(ns);
    int bin = (exponent - SUB_BITS + 1) * SUB + (int)((ns >> (exponent - SUB_BITS)) & (SUB - 1));
    return bin < SL_LATENCY_BINS ? bin : SL_LATENCY_BINS - 1;
}

static double middle_of(int bin) {
    if (bin < SUB) return bin;
    int exponent = bin / SUB + SUB_BITS - 1;
    double width = (double)(UINT64_C(1) << (exponent - SUB_BITS));
    return width * (SUB + bin % SUB) + (width - 1) / 2;
}

void sl_latency_add(sl_latency *self, int64_t ns) {
    int64_t kept = ns > 0 ? ns : 0;
    self->n++;
    self->sum_ns += (uint64_t)kept;
    self->max_ns = kept > self->max_ns ? kept : self->max_ns;
    self->bins[bin_of((uint64_t)kept)]++;
}

void sl_latency_subtract(sl_latency *self, const sl_latency *earlier) {
    self->n -= earlier->n;
    self->sum_ns -= earlier->sum_ns;
    for (int i = 0; i < SL_LATENCY_BINS; i++) self->bins[i] -= earlier->bins[i];
}

double sl_latency_percentile(const sl_latency *self, double q) {
    double wanted = q * (double)self->n;
    uint64_t seen = 0;
    for (int i = 0; i < SL_LATENCY_BINS; i++) {
        seen += self->bins[i];
        if (!self->bins[i] || (double)seen < wanted) continue;
        double middle = middle_of(i), max = (double)self->max_ns;
        return middle < max ? middle : max;
    }
    return 0;
}

uint64_t sl_latency_count_below(const sl_latency *self, int64_t ns) {
    uint64_t below = 0;
    int end = ns > 0 ? bin_of((uint64_t)ns) : 0;
    for (int i = 0; i < end; i++) below += self->bins[i];
    return below;
}
