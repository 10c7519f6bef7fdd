/* net_ref.h - the naive twins of nn/net.h: plain loops, no BLAS, same contract. */
#ifndef SL_TESTS_SUPPORT_NET_REF_H
#define SL_TESTS_SUPPORT_NET_REF_H

#include "nn/layout.h"

void sl_net_forward_ref(const sl_net_def *def, const float *params, int T, int B, const float *x, const float *h0,
                        const float *not_first, float *out, float *z);
void sl_net_backward_ref(const sl_net_def *def, const float *params, int T, int B, const float *x, const float *h0,
                         const float *not_first, const float *dout, const float *dz, float *grads);

#endif
