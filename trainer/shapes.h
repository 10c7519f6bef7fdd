/* shapes.h - the shapes and networks that follow from an experiment and its environment: what the trainer trains.
 * Plain data, made once at start. N agents, O observation, A actions, S state; M critic rows a step: 1 for a team
 * reward, else N. */
#ifndef SL_TRAINER_SHAPES_H
#define SL_TRAINER_SHAPES_H

#include "common/experiment.h"
#include "envs/env.h"
#include "nn/policy.h"

typedef struct sl_shapes {
    int N, O, A, S, M;
    bool agent_id;     /* the teacher's actor reads its agent's index, one-hot, behind the observation */
    bool state_is_obs; /* S = N * O */
    sl_net_def teacher, critic;
    sl_net_def students[SL_EXP_MAX_AGENTS]; /* (N): own obs_dim and n_actions, own hidden size */
    sl_env_spec spec;
} sl_shapes;

/* SL_CONFIG: unknown environment, a network out of range, or continuous actions, which have no head here. */
SL_MUST_CHECK sl_status sl_shapes_init(const sl_experiment *experiment, sl_shapes *out);
/* The profile of student agent, or of the teacher (agent -1), without the fields that sl_policy_save derives. */
sl_profile sl_shapes_profile(const sl_shapes *self, const sl_experiment *experiment, int agent);

#endif
