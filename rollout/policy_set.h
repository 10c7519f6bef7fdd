/* policy_set.h - networks that run side by side over V copies of an environment: the teacher's shared actor, the
 * students with their different sizes, the critic of critic.h. It owns its parameters, unless it borrows them, the
 * recurrent states and the scratch of each slice; nothing is allocated after create. Distinct slices may run on
 * distinct threads. V copies, N rows a copy, O inputs, A outputs, H the widest hidden size. */
#ifndef SL_ROLLOUT_POLICY_SET_H
#define SL_ROLLOUT_POLICY_SET_H

#include "rollout/slices.h"
#include "setup/setup.h"

typedef struct sl_policy_set_def {
    int V, N, O, A;
    bool shared;   /* nets[0] serves all rows; else nets[n] serves row n and reads the first in_dim of its input */
    bool agent_id; /* shared only: the one-hot row index follows the input */
    const sl_net_def *nets; /* (N), or one if shared; borrowed by create, which copies them */
    const float *params;    /* borrowed for life, as they change; NULL: its own */
} sl_policy_set_def;

typedef enum sl_forward_mode {
    SL_FORWARD_STEP, /* the recurrent states move on */
    SL_FORWARD_PEEK  /* the recurrent states stay */
} sl_forward_mode;

typedef struct sl_policy_set sl_policy_set;

sl_policy_set_def sl_policy_set_teacher_def(const sl_setup *setup, int V);
sl_policy_set_def sl_policy_set_students_def(const sl_setup *setup, int V);

/* SL_MISMATCH: a network does not fit N, O, A. SL_MEMORY. Parameters start as zeros. */
SL_MUST_CHECK sl_status sl_policy_set_create(const sl_policy_set_def *def, sl_policy_set **out);
void sl_policy_set_destroy(sl_policy_set **self);
size_t sl_policy_set_n_params(const sl_policy_set *self); /* of all networks, one after the other */
size_t sl_policy_set_def_n_params(const sl_policy_set_def *def);
float *sl_policy_set_params(sl_policy_set *self); /* (n_params), to be written; its own alone */
int sl_policy_set_hidden_dim(const sl_policy_set *self);
bool sl_policy_set_is_recurrent(const sl_policy_set *self);
/* Zeroes the recurrent states of copy v: a new episode. */
void sl_policy_set_reset(sl_policy_set *self, int v);
/* in (V, N, O) -> out (V, N, A), the outputs that a row does not have -1e10; z (V, N, H) of a shared network, or
 * NULL. Batched. The slice's copies only. */
void sl_policy_set_forward(sl_policy_set *self, int slice, sl_forward_mode mode, const float *in, float *out,
                           float *z);
/* The same by sl_net_decide, with the bits of the flown agents, and the recurrent states move on. active (V, N): the
 * rows that decide, NULL = all; of the others outputs and states stay. A row's bits do not depend on other rows. */
void sl_policy_set_decide(sl_policy_set *self, int slice, const uint8_t *active, const float *in, float *out);
/* The slice's recurrent states into hidden (V, N, H), zero-padded. */
void sl_policy_set_get_hidden(const sl_policy_set *self, int slice, float *hidden);
/* The recurrent states of network k as (V, rows of k, H of k), *n floats, for snapshots; NULL without a cell. */
int sl_policy_set_n_nets(const sl_policy_set *self);
float *sl_policy_set_states(sl_policy_set *self, int k, size_t *n);

#endif
