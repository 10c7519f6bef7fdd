/* delay.c - the kinds of delay: draws and closed forms, in the delay's own unit. Any thread. */
#include "links/delay.h"

#include <math.h>
#include <stddef.h>

/* quantile 0.99 of the standard normal */
#define Z99 2.3263478740408408

/* of a cumulated share */
#define ROUNDING 1e-12

/* Phi, the standard normal's distribution function */
static double normal_below(double z) {
    return 0.5 * erfc(-z * 0.70710678118654752);
}

/* its inverse, by halving: no draw calls it */
static double normal_quantile(double p) {
    double low = -40.0, high = 40.0;
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        if (normal_below(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static double fixed_draw(const sl_delay *d, sl_rng *rng, int64_t *next) {
    (void)rng, (void)next;
    return d->a;
}

static double fixed_mean(const sl_delay *d) {
    return d->a;
}

static double fixed_percentile(const sl_delay *d, double p) {
    (void)p;
    return d->a;
}

static double uniform_draw(const sl_delay *d, sl_rng *rng, int64_t *next) {
    (void)next;
    return sl_rng_between(rng, d->a, d->b);
}

static double uniform_mean(const sl_delay *d) {
    return 0.5 * (d->a + d->b);
}

static double uniform_percentile(const sl_delay *d, double p) {
    return d->a + (d->b - d->a) * p;
}

static double uniform_most(const sl_delay *d) {
    return d->b;
}

static bool is_rising(double a, double b) {
    return a <= b;
}

static double normal_draw(const sl_delay *d, sl_rng *rng, int64_t *next) {
    (void)next;
    double delay = d->a + d->b * sl_rng_normal(rng);
    return delay > 0.0 ? delay : 0.0;
}

// E max(0, X) = a Phi(a / b) + b phi(a / b)
static double normal_mean(const sl_delay *d) {
    if (d->b == 0.0) return d->a;
    double z = d->a / d->b;
    return d->a * normal_below(z) + d->b * exp(-0.5 * z * z) * 0.39894228040143268;
}

static double normal_percentile(const sl_delay *d, double p) {
    double delay = d->a + d->b * normal_quantile(p);
    return delay > 0.0 ? delay : 0.0;
}

static double no_bound(const sl_delay *d) {
    (void)d;
    return (double)INFINITY;
}

// ln X is normal with mean ln a and deviation ln(b / a) / z99, so that X = a (b / a)^(z / z99)
static double lognormal_draw(const sl_delay *d, sl_rng *rng, int64_t *next) {
    (void)next;
    return d->a * pow(d->b / d->a, sl_rng_normal(rng) / Z99);
}

static double lognormal_mean(const sl_delay *d) {
    double deviation = log(d->b / d->a) / Z99;
    return d->a * exp(0.5 * deviation * deviation);
}

static double lognormal_percentile(const sl_delay *d, double p) {
    return d->a * pow(d->b / d->a, normal_quantile(p) / Z99);
}

static bool is_rising_from_above_0(double a, double b) {
    return a > 0.0 && a <= b;
}

// P(X > x) = (a / x)^b
static double pareto_draw(const sl_delay *d, sl_rng *rng, int64_t *next) {
    (void)next;
    return d->a * pow(1.0 - sl_rng_uniform(rng), -1.0 / d->b);
}

static double pareto_mean(const sl_delay *d) {
    return d->b > 1.0 ? d->a * d->b / (d->b - 1.0) : (double)NAN;
}

static double pareto_percentile(const sl_delay *d, double p) {
    return d->a * pow(1.0 - p, -1.0 / d->b);
}

static bool are_above_0(double a, double b) {
    return a > 0.0 && b > 0.0;
}

// the first value whose cumulated weight is above u
static double histogram_at(const sl_delay *d, double u) {
    int low = 0, high = d->n - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (d->weights[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return d->values[low];
}

static double histogram_draw(const sl_delay *d, sl_rng *rng, int64_t *next) {
    (void)next;
    return histogram_at(d, sl_rng_uniform(rng));
}

// the least value that a share p of all is not above; sums of weights are rounded
static double histogram_percentile(const sl_delay *d, double p) {
    int k = 0;
    while (k < d->n - 1 && d->weights[k] < p - ROUNDING) k++;
    return d->values[k];
}

static double histogram_mean(const sl_delay *d) {
    double mean = 0.0;
    for (int k = 0; k < d->n; k++) mean += d->values[k] * (d->weights[k] - (k > 0 ? d->weights[k - 1] : 0.0));
    return mean;
}

static double histogram_most(const sl_delay *d) {
    return d->values[d->n - 1];
}

static double trace_draw(const sl_delay *d, sl_rng *rng, int64_t *next) {
    (void)rng;
    double delay = d->values[*next];
    *next = *next + 1 < d->n ? *next + 1 : 0;
    return delay;
}

static double trace_mean(const sl_delay *d) {
    double sum = 0.0;
    for (int k = 0; k < d->n; k++) sum += d->values[k];
    return sum / d->n;
}

static double trace_percentile(const sl_delay *d, double p) {
    int k = (int)ceil(p * d->n - ROUNDING * d->n) - 1;
    return d->weights[k > 0 ? k : 0];
}

static double trace_most(const sl_delay *d) {
    return d->weights[d->n - 1];
}

static const sl_delay_class classes[] = {
    [SL_DELAY_FIXED] = {"fixed", "DELAY", SL_DELAY_NUMBERS, 1, NULL, NULL, fixed_draw, fixed_mean, fixed_percentile,
                        fixed_mean},
    [SL_DELAY_UNIFORM] = {"uniform", "LEAST MOST", SL_DELAY_NUMBERS, 2, "MOST is at least LEAST", is_rising,
                          uniform_draw, uniform_mean, uniform_percentile, uniform_most},
    [SL_DELAY_NORMAL] = {"normal", "MEAN DEVIATION", SL_DELAY_NUMBERS, 2, NULL, NULL, normal_draw, normal_mean,
                         normal_percentile, no_bound},
    [SL_DELAY_LOGNORMAL] = {"lognormal", "MEDIAN P99", SL_DELAY_NUMBERS, 2, "MEDIAN is above 0, P99 at least MEDIAN",
                            is_rising_from_above_0, lognormal_draw, lognormal_mean, lognormal_percentile, no_bound},
    [SL_DELAY_PARETO] = {"pareto", "LEAST SHAPE", SL_DELAY_NUMBERS, 2, "LEAST and SHAPE are above 0", are_above_0,
                         pareto_draw, pareto_mean, pareto_percentile, no_bound},
    [SL_DELAY_HISTOGRAM] = {"histogram", "DELAY:WEIGHT ...", SL_DELAY_BINS, 0, NULL, NULL, histogram_draw,
                            histogram_mean, histogram_percentile, histogram_most},
    [SL_DELAY_TRACE] = {"trace", "FILE", SL_DELAY_FILE, 0, NULL, NULL, trace_draw, trace_mean, trace_percentile,
                        trace_most},
};

const sl_delay_class *sl_delay_class_of(int kind) {
    return kind >= 0 && kind < (int)(sizeof classes / sizeof classes[0]) ? &classes[kind] : NULL;
}

double sl_delay_draw(const sl_delay *self, sl_rng *rng, int64_t *next) {
    return classes[self->kind].draw(self, rng, next);
}

double sl_delay_mean(const sl_delay *self) {
    return classes[self->kind].mean(self);
}

double sl_delay_percentile(const sl_delay *self, double p) {
    return classes[self->kind].percentile(self, p);
}

double sl_delay_most(const sl_delay *self) {
    return classes[self->kind].most(self);
}
