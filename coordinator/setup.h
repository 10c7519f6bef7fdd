/* setup.h - what an experiment means for the coordinator: the environment and its sizes, the masks, and the networks
 * that act, judge and learn. Read-only after create, shared by all parts of the coordinator. */
#ifndef SL_COORDINATOR_SETUP_H
#define SL_COORDINATOR_SETUP_H

#include "common/experiment.h"
#include "envs/env.h"
#include "envs/mask.h"
#include "nn/net.h"

typedef struct sl_setup {
    const sl_experiment *experiment; /* borrowed */
    sl_env_spec spec;
    sl_env_options options;
    sl_mask_def mask;
    int N, O, A, S, M;     /* M: rows of the critic and of rewards, 1 for a team reward, else N */
    bool direct;           /* the students learn by MAPPO themselves; else the teacher does */
    bool masked;           /* the students see less than everything */
    bool uses_avail;       /* some action of some agent may be illegal */
    sl_net_def teacher;    /* the experiment's; a loaded file may say otherwise */
    bool teacher_agent_id; /* the teacher's actor gets the agent's index */
    sl_net_def critic;
    sl_net_def students[SL_MAX_AGENTS];
    sl_rng root; /* sl_rng_seed(experiment->seed); streams are split from it by name */
} sl_setup;

/* SL_CONFIG: unknown environment, option, block; continuous actions (the learned heads are categorical). */
SL_MUST_CHECK sl_status sl_setup_create(const sl_experiment *experiment, sl_setup **out);
void sl_setup_destroy(sl_setup **self);

/* Copies [0, V) of the environment, copy v with the stream split(stream, v). */
SL_MUST_CHECK sl_status sl_setup_env(const sl_setup *self, int V, const sl_rng *stream, sl_env **out);
SL_MUST_CHECK sl_status sl_setup_masks(const sl_setup *self, int V, sl_mask **out);
/* Writes which actions the agents have at all, avail (rows, N, A): where the environment does not say itself. */
void sl_setup_fill_avail(const sl_setup *self, int64_t rows, uint8_t *avail);
/* reward (N) of a step as the learner's: the sum over agents, or each agent's own; out (M). */
void sl_setup_reward(const sl_setup *self, const double *reward, float *out);

#endif
