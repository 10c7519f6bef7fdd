/* link_sample.c - see link_sample.h. */
#include "starling/commands/link_sample.h"

#include "common/alloc.h"

#include <math.h>
#include <stdlib.h>

sl_link_figures sl_link_closed_form(const sl_channel_def *def) {
    const sl_delay *delay = &def->delay;
    return (sl_link_figures){.mean = sl_delay_mean(delay),
                             .p50 = sl_delay_percentile(delay, 0.5),
                             .p90 = sl_delay_percentile(delay, 0.9),
                             .p99 = sl_delay_percentile(delay, 0.99),
                             .p999 = sl_delay_percentile(delay, 0.999),
                             .most = sl_delay_most(delay),
                             .loss_rate = sl_loss_rate(&def->loss),
                             .burst = sl_loss_mean_burst(&def->loss)};
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_losses(const sl_channel_def *def, const sl_rng *stream, int64_t n, sl_link_figures *out) {
    sl_channel_def own = *def;
    // an outage is of a moment, and no share of anything
    own.n_outages = 0;
    sl_channel channel;
    sl_channel_begin(&own, stream, &channel);
    int64_t n_lost = 0, n_bursts = 0;
    bool was_lost = false;
    for (int64_t i = 0; i < n; i++) {
        bool lost = sl_channel_send(&own, &channel, 1.0, (double)i).n == 0;
        n_lost += lost;
        n_bursts += lost && !was_lost;
        was_lost = lost;
    }
    out->loss_rate = (double)n_lost / (double)n;
    out->burst = n_bursts > 0 ? (double)n_lost / (double)n_bursts : (double)NAN;
}

// the different values, if they are no more than bins
static bool fill_values(const double *rising, int64_t n, sl_link_sample *out) {
    out->n_bins = 0;
    for (int64_t i = 0; i < n; i++) {
        if (out->n_bins == 0 || rising[i] != out->from[out->n_bins - 1]) {
            if (out->n_bins == SL_LINK_BINS) return false;
            out->from[out->n_bins] = out->to[out->n_bins] = rising[i];
            out->share[out->n_bins++] = 0.0;
        }
        out->share[out->n_bins - 1] += 1.0 / (double)n;
    }
    return true;
}

// equal steps up to the 99th percentile, and one bin for what is above
static void fill_bins(const double *rising, int64_t n, sl_link_sample *out) {
    double least = rising[0], most = out->figures.p99;
    out->n_bins = SL_LINK_BINS;
    for (int b = 0; b < SL_LINK_BINS; b++) {
        out->from[b] = least + (most - least) * b / (SL_LINK_BINS - 1);
        out->to[b] = b + 1 < SL_LINK_BINS ? least + (most - least) * (b + 1) / (SL_LINK_BINS - 1) : rising[n - 1];
        out->share[b] = 0.0;
    }
    int b = 0;
    for (int64_t i = 0; i < n; i++) {
        while (b + 1 < SL_LINK_BINS && rising[i] >= out->from[b + 1]) b++;
        out->share[b] += 1.0 / (double)n;
    }
}

static double quantile(const double *rising, int64_t n, double p) {
    return rising[(int64_t)(p * (double)(n - 1))];
}

sl_status sl_link_measure(const sl_channel_def *def, int64_t n, uint64_t seed, sl_link_sample *out) {
    double *delays = sl_alloc_array((size_t)n, sizeof *delays), sum = 0.0;
    if (!delays) return sl_fail(SL_MEMORY, "a smaller --n", "no memory for %lld delays", (long long)n);
    sl_rng root = sl_rng_seed(seed), rng = sl_rng_split_name(&root, "delays"),
           losses = sl_rng_split_name(&root, "losses");
    int64_t next = 0;
    if (def->delay.kind == SL_DELAY_TRACE) next = (int64_t)(sl_rng_uniform(&rng) * def->delay.n);
    for (int64_t i = 0; i < n; i++) sum += delays[i] = sl_delay_draw(&def->delay, &rng, &next);
    qsort(delays, (size_t)n, sizeof *delays, compare);
    *out = (sl_link_sample){.figures = {.mean = sum / (double)n,
                                        .p50 = quantile(delays, n, 0.5),
                                        .p90 = quantile(delays, n, 0.9),
                                        .p99 = quantile(delays, n, 0.99),
                                        .p999 = quantile(delays, n, 0.999),
                                        .most = delays[n - 1]}};
    measure_losses(def, &losses, n, &out->figures);
    out->has_values = fill_values(delays, n, out);
    if (!out->has_values) fill_bins(delays, n, out);
    sl_free(delays);
    return SL_OK;
}
