/* kd_loss.h - what a student learns from its teacher: the losses of KD-MARL between agents and on embeddings, eq. 9
 * to 11, on rows, with gradients. R rows, N agents, D the common size of eq. 9, K roles of eq. 11. weight (R) is a
 * row's share of the mean. Functions return their weighted loss and add to gradients, scaled by `scale`; a NULL
 * gradient is not wanted. Any thread. */
#ifndef SL_TRAINER_KD_LOSS_H
#define SL_TRAINER_KD_LOSS_H

#include "common/rng.h"

#include <stdint.h>

enum { SL_KD_MAX_ROLES = 256 };

/* The teacher's side of eq. 9, of R steps: cosines (R, N (N - 1) / 2) of the pairs i < j, in the order (0, 1), (0,
 * 2), ... c holds N rows a step, `stride` floats apart, of which D are read. A vector of length zero has cosine 0
 * with everything. */
void sl_kd_cosines(int64_t R, int N, int D, int stride, const float *c, float *cosines);
/* Eq. 9 on embeddings that were mapped to D: row r's loss is the mean over pairs i < j that are both alive of
 * (cosines_ij - cos(cs_i, cs_j))^2; returns sum_r weight_r of it. cs[i], dcs[i] (R, D); alive[i] (R), or alive NULL =
 * all. A vector of length zero has gradient 0. */
double sl_kd_relation(int R, int N, int D, const float *cosines, const float *const *cs, const float *const *alive,
                      const float *weight, double scale, float *const *dcs);
/* Eq. 10 and 11: sum_r weight_r KL(softmax(lt / tau) || softmax(ls / tau)), lt = W_T z^T, ls = W_S,i z^S. dls and dlt
 * (R, K): student's and teacher's side. */
double sl_kd_role(int R, int K, const float *lt, const float *ls, double tau, const float *weight, double scale,
                  float *dls, float *dlt);

#endif
