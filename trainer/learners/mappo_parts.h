/* mappo_parts.h - inside the MAPPO learner: what it is made of. mappo_parts.c makes and frees it, mappo.c learns. */
#ifndef SL_TRAINER_LEARNERS_MAPPO_PARTS_H
#define SL_TRAINER_LEARNERS_MAPPO_PARTS_H

#include "common/array_pool.h"
#include "trainer/gather.h"
#include "trainer/group_step.h"
#include "trainer/learners/mappo.h"
#include "trainer/ppo_loss.h"
#include "trainer/slices.h"

/* An actor or the critic: what it is, which rows of a step are its own, and its training state. */
typedef struct sl_mappo_net {
    sl_net_def def;
    sl_rows rows;
    int used, n_id; /* an actor: features read of an observation, one-hot length */
    int n_slices, block_chunks;
    char name[24];
    sl_parameter_group trained;
} sl_mappo_net;

/* A network's slice of the minibatch: what one thread does without a pause. */
typedef struct sl_mappo_slice {
    int net, index;
    sl_ppo_sums sums;
} sl_mappo_slice;

/* What a thread works with: activations for a block of rows, for the largest of the networks. */
typedef struct sl_mappo_scratch {
    sl_net_workspace **workspaces; /* (n_nets + 1): the critic's is last */
    float *x, *h0, *not_first, *out, *dout, *logp, *scratch;
    float *old, *advantage, *weight; /* old: log-probability at roll-out, or value */
    int32_t *action;
    uint8_t *avail;
    int *chunks; /* the slice's chunks, full chunks first */
} sl_mappo_scratch;

typedef struct sl_mappo {
    sl_learner base;
    sl_mappo_stats stats;
    const sl_setup *setup;
    const sl_exp_ppo *ppo;
    bool separate;  /* false: setup->teacher for all agents; true: setup->students[i] for agent i */
    bool bf16;      /* the products */
    int *n_actions; /* (N) */
    sl_pool *pool;
    int n_nets, n_slices, chunk, C, n_chunks;
    sl_array_pool arrays; /* all that is allocated, but for workspaces */
    sl_mappo_net *nets;   /* (n_nets + 1), the critic last */
    sl_group_step *step;
    float *actor_params, *critic_params;
    size_t n_actor, n_critic;
    sl_mappo_slice *slices;    /* (n_slices) of all networks, the longest first */
    sl_mappo_scratch *scratch; /* (threads) */
    int *order;                /* (n_chunks) the epoch's permutation */
    float *advantage;          /* (T, B, M) normalised */
    float *target, *value;     /* (T, B, M) in normalised units */
    sl_value_norm value_norm;
    sl_rng minibatch;
    int64_t skipped_losses;
    /* of the minibatch at work */
    const sl_batch *batch;
    const int *chunks;
    int n_minibatch;
    double entropy_coef;
    double *row_share; /* (n_nets + 1): 1 / rows that count */
} sl_mappo;

SL_MUST_CHECK sl_status sl_mappo_create(const sl_learner_def *def, sl_learner **out); /* as create of the class */
void sl_mappo_destroy(sl_learner *learner);

#endif
