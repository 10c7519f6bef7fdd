/* decide.h - what agents compute for one decision. Any thread. */
#ifndef SL_NN_DECIDE_H
#define SL_NN_DECIDE_H

#include "nn/layout.h"

/* The decision path: B rows, one step, h (B, H) updated in place (ignored, may be NULL, without a cell). No BLAS, no
 * allocation; bits equal those of agent/ on every machine and do not depend on B. scratch: 8 * H floats. In float32,
 * each operation rounded (no fused multiply-add), for one row:
 *   linear   y_j = b_j, then y_j = y_j + x_i * W_ij for i = 0, 1, ...
 *   act      relu: y > 0 ? y : 0; tanh: sl_tanhf
 *   norm     s = 0, s += x_i for i = 0, 1, ...; mean = s / n; q = 0, q += (x_i - mean) * (x_i - mean) likewise;
 *            c = 1 / sqrtf(q / n + 1e-5f); y_i = ((x_i - mean) * c) * w_i + b_i
 *   GRU      gi = linear(x, W_ih, b_ih), gh = linear(h, W_hh, b_hh); r = sl_sigmoidf(gi_r + gh_r), z likewise,
 *            n = sl_tanhf(gi_n + r * gh_n); h = (1 - z) * n + z * h */
void sl_net_decide(const sl_net_def *def, const float *params, int B, const float *x, float *h, float *out,
                   float *scratch);

#endif
