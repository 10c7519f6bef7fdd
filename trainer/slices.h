/* slices.h - how a minibatch is cut for the threads of a learner. The cut depends on the minibatch's size alone,
 * never on the number of threads: each slice has a gradient of its own, these are summed in the order of slices, and
 * so no bit depends on who worked on which, or when. docs/decisions/0012-slices.md has how the numbers were found. */
#ifndef SL_TRAINER_SLICES_H
#define SL_TRAINER_SLICES_H

#include <stdint.h>

enum { SL_MAX_SLICES = 16 };

/* Into how many slices of about slice_rows a minibatch of n_chunks with `rows` each is cut: at least one, at most one
 * for each chunk. */
static inline int sl_learner_slices(int n_chunks, int rows, int slice_rows) {
    int64_t n = (int64_t)n_chunks * rows / slice_rows;
    if (n > n_chunks) n = n_chunks;
    if (n > SL_MAX_SLICES) n = SL_MAX_SLICES;
    return n > 1 ? (int)n : 1;
}

static inline int sl_learner_slice_begin(int n_chunks, int slice, int n_slices) {
    return (int)((int64_t)n_chunks * slice / n_slices);
}

#endif
