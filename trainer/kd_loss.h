/* kd_loss.h - what a student learns from its teacher: the losses of KD-MARL, eq. 7 to 11, on rows, with gradients.
 * R rows, A actions, N agents, D the common size of eq. 9, K roles of eq. 11. weight (R) is a row's share of the
 * mean. Functions return their weighted loss and add to gradients, scaled by `scale`; a NULL gradient is not wanted.
 * Any thread. */
#ifndef SL_TRAINER_KD_LOSS_H
#define SL_TRAINER_KD_LOSS_H

#include "common/rng.h"

#include <stdint.h>

enum { SL_KD_MAX_ROLES = 256 };

/* Eq. 7: sum_r weight_r tau^2 KL(softmax(lt / tau) || softmax(ls / tau)) over the legal actions. scratch: 2 R. */
double sl_kd_kl(int R, int A, const float *lt, const float *ls, const uint8_t *avail, double tau, const float *weight,
                double scale, float *scratch, float *dls);
/* Eq. 8: sum_r weight_r (-log pi_S(argmax_a pi_T(a))). logp (R, A): the student's. best (R) is written: the teacher's
 * most probable legal action. scratch: R. */
double sl_kd_ce(int R, int A, const float *lt, const float *logp, const uint8_t *avail, const float *weight,
                double scale, float *scratch, int32_t *best, float *dls);
/* Eq. 9 on embeddings that were mapped to D: row r's loss is the mean over pairs i < j that are both alive of
 * (cos(ct_i, ct_j) - cos(cs_i, cs_j))^2; returns sum_r weight_r of it. ct[i], cs[i], dcs[i] (R, D); alive[i] (R), or
 * alive NULL = all. A vector of length zero has cosine 0 with everything and gradient 0. */
double sl_kd_relation(int R, int N, int D, const float *const *ct, const float *const *cs, const float *const *alive,
                      const float *weight, double scale, float *const *dcs);
/* Eq. 10 and 11: sum_r weight_r KL(softmax(lt / tau) || softmax(ls / tau)), lt = W_T z^T, ls = W_S,i z^S. dls and dlt
 * (R, K): student's and teacher's side. */
double sl_kd_role(int R, int K, const float *lt, const float *ls, double tau, const float *weight, double scale,
                  float *dls, float *dlt);
/* A random matrix W (rows, cols) with orthonormal rows, or orthonormal columns when rows > cols: the fixed maps of
 * eq. 9 and 11. */
void sl_kd_orthogonal(int rows, int cols, sl_rng *stream, float *W);

#endif
