/* critic.h - the teacher's critic over V copies: M rows a copy, one for the team or one per agent. A row reads the
 * joint state; with sl_setup.critic_rows also the agent's one-hot index (MAPPO's agent-specific state), and with
 * critic_own before it the agent's own observation. Such a row of a dead agent reads its index alone (death masking,
 * Yu et al. 2022, appendix). Owns parameters, recurrent states and scratch; nothing is allocated after create.
 * Distinct slices may run on distinct threads. */
#ifndef SL_ROLLOUT_CRITIC_H
#define SL_ROLLOUT_CRITIC_H

#include "rollout/policy_set.h"

/* What the rows read, whole vectors. */
typedef struct sl_critic_view {
    const float *state;   /* (V, S); NULL: the state is obs */
    const float *obs;     /* (V, N, O), without a mask */
    const uint8_t *alive; /* (V, N), or NULL = all */
} sl_critic_view;

typedef struct sl_critic sl_critic;

/* params: borrowed for life, as they change; NULL: its own, zeros at first. Values in reward units are the network's
 * output until scaled. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_critic_create(const sl_setup *setup, int V, const float *params, sl_critic **out);
void sl_critic_destroy(sl_critic **self);
/* Its own parameters: as many as the network of sl_setup.critic has. */
void sl_critic_set(sl_critic *self, const float *params);
/* The network's output * std + mean is in reward units. */
void sl_critic_scale(sl_critic *self, double mean, double std);
/* The slice's values in reward units into value (V, M). mode: SL_FORWARD_STEP or SL_FORWARD_PEEK. */
void sl_critic_value(sl_critic *self, int slice, sl_forward_mode mode, const sl_critic_view *view, float *value);
void sl_critic_reset(sl_critic *self, int v);
/* The network, for its recurrent states; borrowed. */
sl_policy_set *sl_critic_net(sl_critic *self);

#endif
