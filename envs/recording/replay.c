/* replay.c - see replay.h. */
#include "envs/recording/replay.h"

#include "common/alloc.h"

#include <math.h>
#include <stdio.h>

static const double OBS_TOLERANCE = 1e-6, STATE_TOLERANCE = 1e-6, REWARD_TOLERANCE = 1e-9;

sl_status sl_replay_prepare(sl_replay *self) {
    self->spec = sl_env_get_spec(self->env);
    self->result.flags_equal = true;
    (void)snprintf(self->result.env, sizeof self->result.env, "%s", self->spec->name);
    size_t N = (size_t)self->spec->n_agents, O = (size_t)self->spec->obs_dim, S = (size_t)self->spec->state_dim;
    self->obs = sl_alloc_array(N * O, sizeof *self->obs);
    self->state = sl_alloc_array(S, sizeof *self->state);
    self->avail = sl_alloc_array(N, (size_t)self->spec->n_actions);
    self->numbers = sl_alloc_array(O + S + SL_REPLAY_MIN_NUMBERS, sizeof *self->numbers);
    self->reward = sl_alloc_array(N, sizeof *self->reward);
    self->choices = sl_alloc_array(N, sizeof *self->choices);
    self->vectors = sl_alloc_array(N * (size_t)self->spec->n_actions, sizeof *self->vectors);
    bool is_whole = self->obs && self->state && self->avail && self->numbers && self->reward && self->choices;
    if (is_whole && self->vectors) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", self->lines->name);
}

void sl_replay_finish(sl_replay *self) {
    sl_env_destroy(&self->env);
    sl_free(self->obs);
    sl_free(self->state);
    sl_free(self->avail);
    sl_free(self->numbers);
    sl_free(self->reward);
    sl_free(self->choices);
    sl_free(self->vectors);
}

sl_status sl_replay_compare(sl_replay *self, const json_t *list, const char *what, int n, const float *own,
                            double limit, double *largest) {
    SL_TRY(sl_recording_numbers(self->lines, list, what, n, limit, self->numbers));
    for (int k = 0; k < n; k++) sl_replay_note(largest, fabs((double)(own[k] - (float)self->numbers[k])));
    return SL_OK;
}

sl_status sl_replay_compare_obs(sl_replay *self, const json_t *table, bool by_name, double limit) {
    const sl_env_spec *spec = self->spec;
    if (!by_name) SL_TRY(sl_recording_array(self->lines, table, "key 'obs'", spec->n_agents));
    for (int i = 0; i < spec->n_agents; i++) {
        const sl_agent_spec *agent = &spec->agents[i];
        const json_t *row = by_name ? json_object_get(table, agent->name) : json_array_get(table, (size_t)i);
        SL_TRY(sl_replay_compare(self, row, "an observation", agent->obs_dim, self->obs + i * spec->obs_dim, limit,
                                 &self->step_obs));
    }
    return SL_OK;
}

void sl_replay_settle(sl_replay *self, bool flags_equal, bool others_equal) {
    sl_recording_result *result = &self->result;
    sl_replay_note(&result->max_abs_obs, self->step_obs);
    sl_replay_note(&result->max_abs_state, self->step_state);
    sl_replay_note(&result->max_abs_reward, self->step_reward);
    result->flags_equal &= flags_equal;
    result->steps++;
    result->mismatched_steps += !(self->step_obs <= OBS_TOLERANCE && self->step_state <= STATE_TOLERANCE &&
                                  self->step_reward <= REWARD_TOLERANCE && flags_equal && others_equal);
    self->step_obs = self->step_state = self->step_reward = 0.0;
}
