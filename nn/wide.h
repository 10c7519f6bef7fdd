/* wide.h - internal to nn/: the elementwise passes in AVX-512 with fused multiply-adds, beside which layers.c and
 * gru.c are the twins for other CPUs (the arguments are theirs). Results differ from the twins' by a few units in the
 * last place. The decision path (decide.c) does not come here: it has the same bits everywhere. Any thread. */
#ifndef SL_NN_WIDE_H
#define SL_NN_WIDE_H

#include <stdbool.h>
#include <stddef.h>

/* Widest row that the layer norms here take. */
enum { SL_WIDE_NORM_MAX = 64 };

/* Whether this CPU can run what follows; callers ask first. */
bool sl_wide_suits(void);

/* y = tanh(y), n values; 4e-7 relative. NaN stays NaN. */
void sl_wide_tanh(size_t n, float *y);
/* As in layers.h, of ReLU or else tanh. */
void sl_wide_activation_backward(int R, int H, bool relu, const float *y, float *dy, float *db);
/* As in gru.h. */
void sl_wide_gates_forward(int R, int H, float *gates, const float *gh, const float *hm, float *h,
                           const float *next_not_first, float *next_hm);
/* As in layers.h, H at most SL_WIDE_NORM_MAX. */
void sl_wide_norm_forward(int R, int H, const float *x, const float *w, const float *b, float *y, float *stats);
void sl_wide_norm_backward(int R, int H, const float *x, const float *stats, const float *w, float *dy, float *dw,
                           float *db);

#endif
