/* recording.c - replays recordings of the particle environments: places every entity where the reference's reset did,
 * then lets the physics run with the recorded actions and compares what comes out. */
#include "envs/mpe/recording.h"

#include "common/alloc.h"
#include "envs/mpe/mpe.h"
#include "envs/mpe/observe.h"
#include "envs/recording/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double OBS_TOLERANCE = 1e-6, STATE_TOLERANCE = 1e-6, REWARD_TOLERANCE = 1e-9;
/* Bounds of what a recording may hold, far outside what an episode reaches. */
static const double MAX_POSITION = 1e6, MAX_VALUE = 1e12;

struct sl_mpe_recording {
    sl_env *env;
    const sl_mpe *m;
    const sl_env_spec *spec;
    bool in_episode;
    double step_obs, step_state, step_reward; /* differences of this line */
    float *obs, *actions;                     /* (N, O), (N, A) */
    double *numbers;                          /* what is read, up to SL_MPE_MAX_OBS at a time */
    int32_t *choices;                         /* (N) */
    double reward[SL_MAX_AGENTS];
    uint8_t truncated;
    sl_recording_result result;
};

static void note(double *largest, double difference) {
    if (difference > *largest) *largest = difference;
}

static sl_status prepare(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *header,
                         const char *name) {
    sl_env_options options = sl_env_default_options();
    int continuous;
    SL_TRY(sl_recording_bool(lines, header, "continuous", &continuous));
    if (!json_object_get(header, "options")) return sl_recording_bad(lines, "key 'options' is not an object");
    SL_TRY(sl_recording_read_options(lines, header, &options));
    SL_TRY(sl_recording_int(lines, json_object_get(header, "max_cycles"), "key 'max_cycles'", 1, 1000000,
                            &options.max_steps));
    options.continuous = continuous != 0;
    SL_TRY(sl_recording_open_env(lines, name, &options, &r->env));
    r->spec = sl_env_get_spec(r->env);
    r->m = (const sl_mpe *)r->env;
    (void)snprintf(r->result.env, sizeof r->result.env, "%s", r->spec->name);
    r->result.flags_equal = true;
    size_t N = (size_t)r->spec->n_agents;
    r->obs = sl_alloc_array(N * (size_t)r->spec->obs_dim, sizeof *r->obs);
    r->actions = sl_alloc_array(N * (size_t)r->spec->n_actions, sizeof *r->actions);
    r->choices = sl_alloc_array(N, sizeof *r->choices);
    r->numbers = sl_alloc_array(SL_MPE_MAX_OBS, sizeof *r->numbers);
    if (r->obs && r->actions && r->choices && r->numbers) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", lines->name);
}

sl_status sl_mpe_recording_create(const sl_recording_lines *lines, const json_t *header, const char *name,
                                  sl_mpe_recording **out) {
    sl_mpe_recording *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", lines->name);
    sl_status status = prepare(self, lines, header, name);
    if (status != SL_OK) {
        sl_mpe_recording_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_mpe_recording_destroy(sl_mpe_recording **self) {
    if (!*self) return;
    sl_env_destroy(&(*self)->env);
    sl_free((*self)->obs);
    sl_free((*self)->actions);
    sl_free((*self)->choices);
    sl_free((*self)->numbers);
    sl_free(*self);
    *self = NULL;
}

static sl_status check_agents(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *object) {
    const json_t *names = json_object_get(object, "agents");
    int E;
    SL_TRY(sl_recording_array(lines, names, "key 'agents'", r->m->N));
    SL_TRY(sl_recording_int(lines, json_object_get(object, "entities"), "key 'entities'", r->m->E, r->m->E, &E));
    for (int i = 0; i < r->m->N; i++) {
        const char *name = json_string_value(json_array_get(names, (size_t)i));
        if (!name || strcmp(name, r->spec->agents[i].name) != 0) {
            return sl_recording_bad(lines, "agent %d is not '%s'", i, r->spec->agents[i].name);
        }
    }
    return SL_OK;
}

// goals are recorded for each agent as two indices of which one may be -1; a scenario without goals has none
static sl_status read_goals(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *object,
                            int goals[SL_MPE_MAX_GOALS]) {
    const json_t *list = json_object_get(object, "goals");
    const sl_mpe_scenario *scenario = r->m->scenario;
    int last = r->m->E - r->m->N - 1;
    SL_TRY(sl_recording_array(lines, list, "key 'goals'", r->m->N));
    for (int g = 0; g < scenario->n_goals; g++) {
        if (g > 0 && !scenario->goal_per_agent) {
            SL_TRY(sl_recording_int(lines, json_object_get(object, "key"), "key 'key'", 0, last, &goals[g]));
            continue;
        }
        const json_t *pair = json_array_get(list, (size_t)g);
        int first, second;
        SL_TRY(sl_recording_array(lines, pair, "an entry of 'goals'", 2));
        SL_TRY(sl_recording_int(lines, json_array_get(pair, 0), "a first goal", -1, last, &first));
        SL_TRY(sl_recording_int(lines, json_array_get(pair, 1), "a second goal", -1, last, &second));
        goals[g] = first >= 0 ? first : second;
        if (goals[g] < 0) return sl_recording_bad(lines, "agent %d has no goal", g);
    }
    return SL_OK;
}

static sl_status compare_obs(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *const *rows) {
    for (int i = 0; i < r->m->N; i++) {
        int n = r->spec->agents[i].obs_dim;
        SL_TRY(sl_recording_numbers(lines, rows[i], "an observation", n, MAX_VALUE, r->numbers));
        for (int o = 0; o < n; o++) {
            note(&r->step_obs, fabs((double)(r->obs[i * r->spec->obs_dim + o] - (float)r->numbers[o])));
        }
    }
    return SL_OK;
}

static sl_status compare_state(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *object) {
    const sl_mpe *m = r->m;
    sl_mpe_row *rows = sl_mpe_tile(m, 0);
    SL_TRY(
        sl_recording_numbers(lines, json_object_get(object, "pos"), "key 'pos'", 2 * m->E, MAX_POSITION, r->numbers));
    for (int k = 0; k < 2 * m->E; k++) note(&r->step_state, fabs(rows[sl_mpe_x(0) + k][0] - r->numbers[k]));
    SL_TRY(
        sl_recording_numbers(lines, json_object_get(object, "vel"), "key 'vel'", 2 * m->N, MAX_POSITION, r->numbers));
    for (int k = 0; k < 2 * m->N; k++) note(&r->step_state, fabs(rows[sl_mpe_vx(m, 0) + k][0] - r->numbers[k]));
    return SL_OK;
}

// the worst of one line goes into the result; the first observation of an episode counts with its first step
static void settle(sl_mpe_recording *r, bool is_step, bool flags_equal) {
    sl_recording_result *result = &r->result;
    note(&result->max_abs_obs, r->step_obs);
    note(&result->max_abs_state, r->step_state);
    note(&result->max_abs_reward, r->step_reward);
    result->flags_equal &= flags_equal;
    if (!is_step) return;
    result->steps++;
    result->mismatched_steps += !(r->step_obs <= OBS_TOLERANCE && r->step_state <= STATE_TOLERANCE &&
                                  r->step_reward <= REWARD_TOLERANCE && flags_equal);
    r->step_obs = r->step_state = r->step_reward = 0.0;
}

static sl_status replay_reset(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *object) {
    int goals[SL_MPE_MAX_GOALS] = {0};
    const json_t *rows[SL_MAX_AGENTS] = {0}, *table = json_object_get(object, "obs");
    SL_TRY(check_agents(r, lines, object));
    SL_TRY(read_goals(r, lines, object, goals));
    SL_TRY(sl_recording_numbers(lines, json_object_get(object, "pos"), "key 'pos'", 2 * r->m->E, MAX_POSITION,
                                r->numbers));
    sl_mpe_place(r->env, 0, r->numbers, goals);
    sl_mpe_write(r->m, 0, 1u, &(sl_env_out){.obs = r->obs});
    for (int i = 0; i < r->m->N; i++) rows[i] = json_object_get(table, r->spec->agents[i].name);
    r->step_obs = r->step_state = r->step_reward = 0.0;
    SL_TRY(compare_obs(r, lines, rows));
    settle(r, false, true);
    r->in_episode = true;
    return SL_OK;
}

static sl_status read_actions(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *object) {
    const json_t *list = json_object_get(object, "actions");
    SL_TRY(sl_recording_array(lines, list, "key 'actions'", r->m->N));
    for (int i = 0; i < r->m->N; i++) {
        const json_t *action = json_array_get(list, (size_t)i);
        int n = r->spec->agents[i].n_actions;
        if (!r->spec->continuous) {
            int choice;
            SL_TRY(sl_recording_int(lines, action, "an action", 0, n - 1, &choice));
            r->choices[i] = choice;
            continue;
        }
        SL_TRY(sl_recording_numbers(lines, action, "an action", n, MAX_VALUE, r->numbers));
        for (int a = 0; a < n; a++) r->actions[i * r->spec->n_actions + a] = (float)r->numbers[a];
    }
    return SL_OK;
}

static sl_status replay_step(sl_mpe_recording *r, const sl_recording_lines *lines, const json_t *object,
                             sl_recording_event *event) {
    const json_t *rows[SL_MAX_AGENTS] = {0}, *list = json_object_get(object, "obs");
    int truncated;
    if (!r->in_episode) return sl_recording_bad(lines, "a step outside an episode");
    SL_TRY(read_actions(r, lines, object));
    SL_TRY(sl_recording_bool(lines, object, "truncated", &truncated));
    sl_env_out out = {.obs = r->obs, .reward = r->reward, .truncated = &r->truncated};
    if (r->spec->continuous) {
        sl_env_step_continuous(r->env, 0, 1, r->actions, &out);
    } else {
        sl_env_step(r->env, 0, 1, r->choices, &out);
    }
    SL_TRY(sl_recording_array(lines, list, "key 'obs'", r->m->N));
    for (int i = 0; i < r->m->N; i++) rows[i] = json_array_get(list, (size_t)i);
    SL_TRY(compare_obs(r, lines, rows));
    SL_TRY(compare_state(r, lines, object));
    SL_TRY(sl_recording_numbers(lines, json_object_get(object, "rewards"), "key 'rewards'", r->m->N, MAX_VALUE,
                                r->numbers));
    for (int i = 0; i < r->m->N; i++) note(&r->step_reward, fabs(r->reward[i] - r->numbers[i]));
    *event = (sl_recording_event){.actions = r->spec->continuous ? NULL : r->choices,
                                  .reward = sl_env_return(r->spec, r->numbers),
                                  .truncated = truncated != 0};
    settle(r, true, truncated == r->truncated);
    r->in_episode = !truncated && !r->truncated;
    return SL_OK;
}

sl_status sl_mpe_recording_line(sl_mpe_recording *self, const sl_recording_lines *lines, const json_t *object,
                                bool is_step, sl_recording_event *event) {
    return is_step ? replay_step(self, lines, object, event) : replay_reset(self, lines, object);
}

const sl_env *sl_mpe_recording_env(const sl_mpe_recording *self) {
    return self->env;
}

void sl_mpe_recording_result(const sl_mpe_recording *self, sl_recording_result *out) {
    *out = self->result;
    out->within_tolerance = out->mismatched_steps == 0;
}
