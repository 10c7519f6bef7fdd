/* link_counts.c - see link_counts.h. A counted struct is a row of numbers and two histograms: its own memory is what
 * is sent. */
#include "net/link_counts.h"

#include <string.h>

enum { N_COUNTS = offsetof(sl_link_counts, observation_ages) / sizeof(uint64_t) };
_Static_assert(offsetof(sl_link_counts, sent) == 0 &&
                   offsetof(sl_link_counts, action_ages) == (N_COUNTS + SL_LINKS_AGES) * sizeof(uint64_t) &&
                   sizeof(sl_link_counts) == (N_COUNTS + 2 * SL_LINKS_AGES) * sizeof(uint64_t),
               "the numbers, then the ages of observations, then those of actions");

void sl_link_counts_add(const sl_link_counts *counts, sl_learn_message *message) {
    sl_learn_add(message, SL_TENSOR_LINK_AGES, counts->observation_ages, SL_SHAPE(2, SL_LINKS_AGES));
    sl_learn_add(message, SL_TENSOR_LINK_COUNTS, counts, SL_SHAPE(N_COUNTS));
}

sl_status sl_link_counts_take(const sl_learn_message *message, bool *found, sl_link_counts *out) {
    const sl_wire_tensor *ages, *counts;
    *found = false;
    if (!sl_learn_tensor(message, SL_TENSOR_LINK_AGES) && !sl_learn_tensor(message, SL_TENSOR_LINK_COUNTS))
        return SL_OK;
    SL_TRY(sl_learn_take(message, SL_TENSOR_LINK_AGES, SL_SHAPE(2, SL_LINKS_AGES), &ages));
    SL_TRY(sl_learn_take(message, SL_TENSOR_LINK_COUNTS, SL_SHAPE(N_COUNTS), &counts));
    memcpy(out, counts->data, counts->n_bytes);
    memcpy(out->observation_ages, ages->data, sizeof out->observation_ages);
    memcpy(out->action_ages, (const uint8_t *)ages->data + sizeof out->observation_ages, sizeof out->action_ages);
    *found = true;
    return SL_OK;
}
