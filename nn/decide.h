/* decide.h - what agents compute for one decision. Any thread. */
#ifndef SL_NN_DECIDE_H
#define SL_NN_DECIDE_H

#include "nn/layout.h"

/* The decision path: B rows, one step, h (B, H) updated in place (ignored, may be NULL, without a cell). No BLAS, no
 * allocation; bits equal those of agent/ on every machine and do not depend on B. scratch: 8 * H floats. In the
 * arithmetic of common/decision.h, for one row:
 *   linear   y_j = (s0 + s1) + (s2 + s3); s0 = b_j, the others 0, then s_(i mod 4) = fma(x_i, W_ij, s_(i mod 4)) for
 *            i = 0, 1, ...
 *   act      relu: y > 0 ? y : 0; tanh: sl_tanhf
 *   norm     mean = s / n, c = 1 / sqrtf(q / n + 1e-5f), y_i = fma((x_i - mean) * c, w_i, b_i); s is the total of x,
 * q that of fma(d, d, .) with d = x_i - mean, each in sixteen partial sums, halves added onto halves GRU      a =
 * linear(x, W_ih, b_ih), b = linear(h, W_hh, b_hh); r = sl_sigmoidf(a_r + b_r), z likewise, n = sl_tanhf(fma(r, b_n,
 * a_n)); h = fma(z, h - n, n) */
void sl_net_decide(const sl_net_def *def, const float *params, int B, const float *x, float *h, float *out,
                   float *scratch);

#endif
