/* kernel.h - the student's decision on a small computer: [input norm] (linear [norm] act) x layers, [GRU], linear
 * head, with the hidden size H = SL_HIDDEN fixed when compiled. All weights and the recurrent state lie in one struct
 * without pointers, so nothing is allocated after start; the arithmetic is common/decision.h's, so that every machine
 * gets the bits of nn/'s sl_net_decide (tests/agent/test_kernel.c). One thread owns a kernel. */
#ifndef SL_AGENT_KERNEL_H
#define SL_AGENT_KERNEL_H

#include "common/agent_size.h"

#include <stdbool.h>
#include <stdint.h>

#ifndef SL_HIDDEN
#error "SL_HIDDEN, the hidden size, is given by agent/CMakeLists.txt"
#endif
#if SL_HIDDEN % 16
#error "SL_HIDDEN is a multiple of 16: the loops over it have no remainder"
#endif

/* the largest of each */
enum { SL_KERNEL_OBS = SL_AGENT_MAX_OBS, SL_KERNEL_ACTIONS = SL_AGENT_MAX_ACTIONS, SL_KERNEL_LAYERS = 4 };
/* Outputs that are summed together, of a layer, of the GRU (units, of three gates each) and of the head. */
enum {
    SL_KERNEL_BLOCK = SL_HIDDEN % 64 ? SL_HIDDEN % 32 ? 16 : 32 : 64,
    SL_KERNEL_UNITS = SL_HIDDEN % 32 ? 16 : 32,
    SL_KERNEL_COLUMNS = 16
};

/* gain * (x - mean) / sqrt(variance + 1e-5) + bias */
typedef struct sl_kernel_norm {
    _Alignas(64) float gain[SL_HIDDEN], bias[SL_HIDDEN];
} sl_kernel_norm;

/* Weights lie in blocks of outputs, (blocks, in, out of a block); with the GRU's gates r, z, n of a unit in one. The
 * head is padded to whole blocks. */
typedef struct sl_kernel {
    int obs_dim, n_actions, n_layers;
    bool gru, tanh, layer_norm;
    _Alignas(64) float input_gain[SL_KERNEL_OBS], input_bias[SL_KERNEL_OBS];
    _Alignas(64) float first_weight[SL_HIDDEN / SL_KERNEL_BLOCK][SL_KERNEL_OBS][SL_KERNEL_BLOCK];
    _Alignas(64) float layer_weight[SL_KERNEL_LAYERS - 1] /* of layers 1, 2, 3 */
                                   [SL_HIDDEN / SL_KERNEL_BLOCK][SL_HIDDEN][SL_KERNEL_BLOCK];
    _Alignas(64) float layer_bias[SL_KERNEL_LAYERS][SL_HIDDEN];
    sl_kernel_norm layer_norms[SL_KERNEL_LAYERS];
    _Alignas(64) float gru_weight_ih[SL_HIDDEN / SL_KERNEL_UNITS][SL_HIDDEN][3 * SL_KERNEL_UNITS];
    _Alignas(64) float gru_weight_hh[SL_HIDDEN / SL_KERNEL_UNITS][SL_HIDDEN][3 * SL_KERNEL_UNITS];
    _Alignas(64) float gru_bias_ih[SL_HIDDEN / SL_KERNEL_UNITS][3 * SL_KERNEL_UNITS];
    _Alignas(64) float gru_bias_hh[SL_HIDDEN / SL_KERNEL_UNITS][3 * SL_KERNEL_UNITS];
    sl_kernel_norm gru_norm;
    _Alignas(64) float head_weight[SL_KERNEL_ACTIONS / SL_KERNEL_COLUMNS][SL_HIDDEN][SL_KERNEL_COLUMNS];
    _Alignas(64) float head_bias[SL_KERNEL_ACTIONS];
    _Alignas(64) float h[SL_HIDDEN]; /* the recurrent state */
} sl_kernel;

/* Zeroes the recurrent state: before an episode's first observation. */
void sl_kernel_reset(sl_kernel *self);
/* obs (obs_dim) -> logits (n_actions); the state moves one step. logits has room for SL_KERNEL_ACTIONS. */
void sl_kernel_decide(sl_kernel *self, const float *obs, float *logits);
/* The first maximum among legal actions (legal[a] != 0; NULL = all); 0 when none is legal. */
int sl_kernel_choose(const float *logits, const uint8_t *legal, int n_actions);

#endif
