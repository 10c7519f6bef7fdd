/* team.h - networks that run side by side over V copies of an environment: the teacher's shared actor, the students
 * with their different sizes, the critic of critic.h. It owns a copy of the parameters, the recurrent states and the
 * scratch of each slice; nothing is allocated after create. Distinct slices may run on distinct threads. V copies, N
 * rows a copy, O inputs, A outputs, H the widest hidden size. */
#ifndef SL_ROLLOUT_TEAM_H
#define SL_ROLLOUT_TEAM_H

#include "rollout/slices.h"
#include "setup/setup.h"

typedef struct sl_team_def {
    int V, N, O, A;
    bool shared;   /* nets[0] serves all rows; else nets[n] serves row n and reads the first in_dim of its input */
    bool agent_id; /* shared only: the one-hot row index follows the input */
    sl_net_def nets[SL_MAX_AGENTS];
} sl_team_def;

typedef enum sl_team_mode {
    SL_TEAM_STEP, /* batched, the recurrent states move on */
    SL_TEAM_PEEK, /* batched, the recurrent states stay */
    SL_TEAM_EXACT /* sl_net_decide: the same bits as the flown agents; the recurrent states move on */
} sl_team_mode;

typedef struct sl_team sl_team;

sl_team_def sl_team_teacher_def(const sl_setup *setup, int V);
sl_team_def sl_team_students_def(const sl_setup *setup, int V);

/* SL_MISMATCH: a network does not fit N, O, A. SL_MEMORY. Parameters start as zeros. */
SL_MUST_CHECK sl_status sl_team_create(const sl_team_def *def, sl_team **out);
void sl_team_destroy(sl_team **self);
size_t sl_team_n_params(const sl_team *self); /* of all networks, one after the other */
size_t sl_team_def_n_params(const sl_team_def *def);
float *sl_team_params(sl_team *self); /* (n_params), to be written */
int sl_team_hidden_dim(const sl_team *self);
bool sl_team_is_recurrent(const sl_team *self);
/* Zeroes the recurrent states of copy v: a new episode. */
void sl_team_reset(sl_team *self, int v);
/* in (V, N, O) -> out (V, N, A), the outputs that a row does not have -1e10; z (V, N, H) of a shared network, or NULL
 * (always NULL with SL_TEAM_EXACT). The slice's copies only. */
void sl_team_forward(sl_team *self, int slice, sl_team_mode mode, const float *in, float *out, float *z);
/* The slice's recurrent states into hidden (V, N, H), zero-padded. */
void sl_team_get_hidden(const sl_team *self, int slice, float *hidden);
/* The recurrent states of network k as (V, rows of k, H of k), *n floats, for snapshots; NULL without a cell. */
int sl_team_n_nets(const sl_team *self);
float *sl_team_states(sl_team *self, int k, size_t *n);

#endif
