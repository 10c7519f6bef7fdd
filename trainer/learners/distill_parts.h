/* distill_parts.h - inside the distillation learner: what it is made of. distill_parts.c makes and frees it,
 * distill.c learns. */
#ifndef SL_TRAINER_LEARNERS_DISTILL_PARTS_H
#define SL_TRAINER_LEARNERS_DISTILL_PARTS_H

#include "common/array_pool.h"
#include "setup/lessons.h"
#include "trainer/gather.h"
#include "trainer/group_step.h"
#include "trainer/kd_loss.h"
#include "trainer/learners/distill.h"
#include "trainer/logit_loss.h"
#include "trainer/slices.h"

/* One student: its network, and the training-time maps of eq. 9 (D, H) and eq. 11 (K, H). */
typedef struct sl_distill_student {
    sl_net_def def;
    char name[24], maps_name[24];
    sl_parameter_group net, maps;
} sl_distill_student;

/* What a thread holds of one student on one block of R rows. */
typedef struct sl_distill_view {
    sl_net_workspace *ws;
    float *x, *logits, *dlogits, *z, *dz;
    float *common, *dcommon; /* (R, D) eq. 9 */
    float *roles, *droles;   /* (R, K) eq. 11 */
    float *alive, *weight, *advantage, *old_logp;
    float *lt, *rt; /* the teacher's logits (R, A), roles (R, K) */
    float *drt;     /* (R, K) */
    int32_t *action;
    uint8_t *avail;
} sl_distill_view;

typedef struct sl_distill_sums {
    sl_logit_sums logits;
    double sr, role;
} sl_distill_sums;

/* What a thread works with: activations of all students on a block of rows. */
typedef struct sl_distill_scratch {
    sl_distill_view *views;    /* (N) */
    float *not_first, *zt;     /* (R), (R, H_teacher) */
    float *pair_weight;        /* (R) */
    float *cosines;            /* (R, pairs): the teacher's side of eq. 9 */
    const float **cs, **alive; /* (N) for eq. 9 */
    float **dcs;
    /* the slice at work: where its gradients go, and its losses so far */
    int slice;
    sl_distill_sums sums;
} sl_distill_scratch;

typedef struct sl_distill {
    sl_learner base;
    sl_distill_stats stats;
    const sl_setup *setup;
    const sl_exp_distill *options;
    int *n_actions; /* (N) */
    sl_pool *pool;
    int N, D, K, n_slices, n_chunks, block_chunks;
    sl_array_pool arrays; /* all that is allocated, but for workspaces */
    sl_distill_student *students;
    float *params; /* all that is trained: students, maps, W_T */
    size_t n_students, n_params;
    sl_parameter_group teacher_role; /* W_T (K, H_teacher), moves every teacher_role_period-th minibatch */
    sl_group_step *step;             /* of all of them */
    float *teacher_common;           /* (D, H_teacher), fixed */
    sl_lessons lessons;
    /* the teacher's side of eq. 11: rows of K, role_stride apart, for each (T, B, N) */
    const float *role_t;
    int role_stride;
    float *common_t, *own_role_t; /* (T, B, N, D), (T, B, N, K): mapped here, where W_T moves */
    float *cosines_t;             /* (T, B, pairs): of common_t */
    float *advantage;             /* (T, B, M) normalised */
    sl_distill_sums *sums;        /* (n_slices) of the minibatch */
    sl_distill_scratch *scratch;  /* (threads) */
    int *order;
    int64_t steps;
    sl_rng minibatch;
    int64_t skipped_losses;
    /* of the minibatch at work */
    const sl_batch *batch;
    const int *chunks;
    int n_minibatch;
    double row_share, pair_share;
} sl_distill;

SL_MUST_CHECK sl_status sl_distill_create(const sl_learner_def *def, sl_learner **out); /* SL_MEMORY, SL_CONFIG */
void sl_distill_destroy(sl_learner *learner);

#endif
