/* link_sample.h - what a channel does over many messages, beside what its closed forms say. main thread only. */
#ifndef SL_STARLING_COMMANDS_LINK_SAMPLE_H
#define SL_STARLING_COMMANDS_LINK_SAMPLE_H

#include "links/links.h"

#include <jansson.h>
#include <stdint.h>

/* Delays in the channel's own unit, without what order and rate add; burst: messages lost in a row. NaN: there is no
 * such number; INFINITY: no bound. */
typedef struct sl_link_figures {
    double mean, p50, p90, p99, p999, most, loss_rate, burst;
} sl_link_figures;

enum { SL_LINK_BINS = 16 };
/* Shares of the delays in [from, to), the last up to the longest; where they are few values, a bin each. */
typedef struct sl_link_sample {
    sl_link_figures figures;
    int n_bins;
    bool has_values; /* from is the only delay of its bin */
    double from[SL_LINK_BINS], to[SL_LINK_BINS], share[SL_LINK_BINS];
} sl_link_sample;

sl_link_figures sl_link_closed_form(const sl_channel_def *def);
/* Of n messages, n > 0; the same for the same seed. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_link_measure(const sl_channel_def *def, int64_t n, uint64_t seed, sl_link_sample *out);

#endif
