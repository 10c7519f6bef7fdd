/* recording.c - recordings of particles. */
#include "envs/mpe/family.h"

#include "envs/mpe/mpe.h"
#include "envs/mpe/observe.h"
#include "envs/recording/recording_class.h"

#include <math.h>
#include <string.h>

/* Bounds of what a recording may hold, far outside what an episode reaches. */
static const double MAX_POSITION = 1e6, MAX_VALUE = 1e12;

typedef struct replay {
    sl_replay base;
    const sl_mpe *m; /* base.env */
} replay;

static replay *from_base(sl_replay *base) {
    return (replay *)base;
}

static sl_status read_header(sl_replay *base, const json_t *header, sl_env_options *options) {
    int continuous;
    SL_TRY(sl_recording_bool(base->lines, header, "continuous", &continuous));
    if (!json_object_get(header, "options")) {
        return sl_recording_bad(base->lines, "key 'options' is not an object");
    }
    sl_env_at(options, "continuous")->yes = continuous != 0;
    return sl_recording_int(base->lines, json_object_get(header, "max_cycles"), "key 'max_cycles'", 1, 1000000,
                            &sl_env_at(options, "max_steps")->whole);
}

static sl_status check_agents(const replay *self, const json_t *object) {
    const json_t *names = json_object_get(object, "agents");
    int E;
    SL_TRY(sl_recording_array(self->base.lines, names, "key 'agents'", self->m->N));
    SL_TRY(sl_recording_int(self->base.lines, json_object_get(object, "entities"), "key 'entities'", self->m->E,
                            self->m->E, &E));
    for (int i = 0; i < self->m->N; i++) {
        const char *name = json_string_value(json_array_get(names, (size_t)i));
        if (!name || strcmp(name, self->base.spec->agents[i].name) != 0) {
            return sl_recording_bad(self->base.lines, "agent %d is not '%s'", i, self->base.spec->agents[i].name);
        }
    }
    return SL_OK;
}

// goals are recorded for each agent as two indices of which one may be -1; a scenario without goals has none
static sl_status read_goals(const replay *self, const json_t *object, int goals[SL_MPE_MAX_GOALS]) {
    const json_t *list = json_object_get(object, "goals");
    const sl_mpe_scenario *scenario = self->m->scenario;
    int last = self->m->E - self->m->N - 1;
    SL_TRY(sl_recording_array(self->base.lines, list, "key 'goals'", self->m->N));
    for (int g = 0; g < scenario->n_goals; g++) {
        if (g > 0 && !scenario->goal_per_agent) {
            SL_TRY(
                sl_recording_int(self->base.lines, json_object_get(object, "key"), "key 'key'", 0, last, &goals[g]));
            continue;
        }
        const json_t *pair = json_array_get(list, (size_t)g);
        int first, second;
        SL_TRY(sl_recording_array(self->base.lines, pair, "an entry of 'goals'", 2));
        SL_TRY(sl_recording_int(self->base.lines, json_array_get(pair, 0), "a first goal", -1, last, &first));
        SL_TRY(sl_recording_int(self->base.lines, json_array_get(pair, 1), "a second goal", -1, last, &second));
        goals[g] = first >= 0 ? first : second;
        if (goals[g] < 0) return sl_recording_bad(self->base.lines, "agent %d has no goal", g);
    }
    return SL_OK;
}

// n recorded numbers against rows of the table
static sl_status compare_rows(replay *self, const json_t *list, const char *what, int n, int row) {
    sl_replay *r = &self->base;
    sl_mpe_row *rows = sl_mpe_tile(self->m, 0);
    SL_TRY(sl_recording_numbers(r->lines, list, what, n, MAX_POSITION, r->numbers));
    for (int k = 0; k < n; k++) sl_replay_note(&r->step_state, fabs(rows[row + k][0] - r->numbers[k]));
    return SL_OK;
}

static sl_status replay_reset(sl_replay *base, const json_t *line) {
    replay *self = from_base(base);
    int goals[SL_MPE_MAX_GOALS] = {0};
    self->m = (const sl_mpe *)base->env;
    SL_TRY(check_agents(self, line));
    SL_TRY(read_goals(self, line, goals));
    SL_TRY(sl_recording_numbers(base->lines, json_object_get(line, "pos"), "key 'pos'", 2 * self->m->E, MAX_POSITION,
                                base->numbers));
    sl_mpe_place(base->env, 0, base->numbers, goals);
    sl_mpe_write(self->m, 0, 1u, &(sl_env_out){.obs = base->obs});
    base->step_obs = 0.0;
    SL_TRY(sl_replay_compare_obs(base, json_object_get(line, "obs"), true, MAX_VALUE));
    sl_replay_note(&base->result.max_abs_obs, base->step_obs);
    base->in_episode = true;
    return SL_OK;
}

static sl_status read_actions(replay *self, const json_t *object) {
    const json_t *list = json_object_get(object, "actions");
    SL_TRY(sl_recording_array(self->base.lines, list, "key 'actions'", self->m->N));
    for (int i = 0; i < self->m->N; i++) {
        const json_t *action = json_array_get(list, (size_t)i);
        int n = self->base.spec->agents[i].n_actions;
        if (!self->base.spec->continuous) {
            int choice;
            SL_TRY(sl_recording_int(self->base.lines, action, "an action", 0, n - 1, &choice));
            self->base.choices[i] = choice;
            continue;
        }
        SL_TRY(sl_recording_numbers(self->base.lines, action, "an action", n, MAX_VALUE, self->base.numbers));
        for (int a = 0; a < n; a++)
            self->base.vectors[i * self->base.spec->n_actions + a] = (float)self->base.numbers[a];
    }
    return SL_OK;
}

static sl_status replay_step(sl_replay *base, const json_t *line, sl_recording_event *event) {
    replay *self = from_base(base);
    int truncated, N = self->m->N;
    SL_TRY(read_actions(self, line));
    SL_TRY(sl_recording_bool(base->lines, line, "truncated", &truncated));
    sl_env_out out = {.obs = base->obs, .reward = base->reward, .truncated = &base->truncated};
    if (base->spec->continuous) {
        sl_env_step_continuous(base->env, 0, 1, self->base.vectors, &out);
    } else {
        sl_env_step(base->env, 0, 1, self->base.choices, &out);
    }
    SL_TRY(sl_replay_compare_obs(base, json_object_get(line, "obs"), false, MAX_VALUE));
    SL_TRY(compare_rows(self, json_object_get(line, "pos"), "key 'pos'", 2 * self->m->E, sl_mpe_x(0)));
    SL_TRY(compare_rows(self, json_object_get(line, "vel"), "key 'vel'", 2 * N, sl_mpe_vx(self->m, 0)));
    SL_TRY(sl_recording_numbers(base->lines, json_object_get(line, "rewards"), "key 'rewards'", N, MAX_VALUE,
                                base->numbers));
    for (int i = 0; i < N; i++) sl_replay_note(&base->step_reward, fabs(base->reward[i] - base->numbers[i]));
    event->actions = base->spec->continuous ? NULL : self->base.choices;
    event->reward = sl_env_return(base->spec, base->numbers);
    event->truncated = truncated != 0;
    sl_replay_settle(base, truncated == base->truncated, true);
    base->in_episode = !truncated && !base->truncated;
    return SL_OK;
}

// -------------------------------------------------------------------------------------------------------- recording

static void write_header(const sl_env *env, json_t *header) {
    (void)json_object_set_new(header, "continuous", json_boolean(env->spec.continuous));
    (void)json_object_set_new(header, "max_cycles", json_integer(env->spec.max_steps));
}

static void put_obs(sl_recorded *self, bool by_name) {
    const sl_mpe *m = (const sl_mpe *)self->env;
    sl_mpe_write(m, 0, 1u, &(sl_env_out){.obs = self->obs});
    sl_recording_put_obs(&self->writer, self->spec, self->obs, by_name);
}

// ,"key":[...] of n rows of the table
static void put_rows(sl_recorded *self, const char *key, int n, int row) {
    sl_recording_put(&self->writer, ",\"%s\":", key);
    sl_recording_put_doubles(&self->writer, n, sl_mpe_tile((const sl_mpe *)self->env, 0)[row], SL_ENV_LANES);
}

static void record_reset(sl_recorded *self, sl_env_out *out) {
    const sl_mpe *m = (const sl_mpe *)self->env;
    const sl_mpe_scenario *scenario = m->scenario;
    int goals[SL_MPE_MAX_GOALS] = {0};
    sl_mpe_next_goals(m, 0, goals);
    sl_env_reset(self->env, 0, 1, NULL, out);
    sl_recording_put(&self->writer, ",\"agents\":[");
    for (int i = 0; i < m->N; i++)
        sl_recording_put(&self->writer, "\"%s\"%s", self->spec->agents[i].name, sl_recording_comma(i, m->N));
    sl_recording_put(&self->writer, ",\"entities\":%d,\"goals\":[", m->E);
    for (int i = 0; i < m->N; i++) {
        int goal = scenario->n_goals == 0 ? -1 : goals[scenario->goal_per_agent ? i : 0];
        sl_recording_put(&self->writer, "[%d,-1]%s", goal, sl_recording_comma(i, m->N));
    }
    if (scenario->n_goals > 1 && !scenario->goal_per_agent) {
        sl_recording_put(&self->writer, ",\"key\":%d", goals[1]);
    } else {
        sl_recording_put(&self->writer, ",\"key\":null");
    }
    put_rows(self, "pos", 2 * m->E, sl_mpe_x(0));
    put_obs(self, true);
}

static void put_vectors(sl_recorded *self, const float *actions) {
    int N = self->spec->n_agents;
    sl_recording_put(&self->writer, ",\"actions\":[");
    for (int i = 0; i < N; i++) {
        sl_recording_put_floats(&self->writer, self->spec->agents[i].n_actions, actions + i * self->spec->n_actions);
        sl_recording_put(&self->writer, "%s", sl_recording_comma(i, N));
    }
}

static void put_particle_outcome(sl_recorded *self, const sl_env_out *out) {
    const sl_mpe *m = (const sl_mpe *)self->env;
    put_obs(self, false);
    sl_recording_put(&self->writer, ",\"rewards\":");
    sl_recording_put_doubles(&self->writer, m->N, out->reward, 1);
    sl_recording_put(&self->writer, ",\"truncated\":%s", sl_recording_truth(*out->truncated));
    put_rows(self, "pos", 2 * m->E, sl_mpe_x(0));
    put_rows(self, "vel", 2 * m->N, sl_mpe_vx(m, 0));
}

static void record_step(sl_recorded *self, const int32_t *actions, sl_env_out *out) {
    sl_recording_put_actions(&self->writer, self->spec, actions);
    sl_env_step(self->env, 0, 1, actions, out);
    put_particle_outcome(self, out);
}

static void record_step_continuous(sl_recorded *self, const float *actions, sl_env_out *out) {
    put_vectors(self, actions);
    sl_env_step_continuous(self->env, 0, 1, actions, out);
    put_particle_outcome(self, out);
}

static const char *const own_options[] = {"continuous", "max_steps", NULL};

const sl_recording_class sl_mpe_recording = {
    .bare_names = true,
    .own_options = own_options,
    .replay_bytes = sizeof(replay),
    .read_header = read_header,
    .replay_reset = replay_reset,
    .replay_step = replay_step,
    .write_header = write_header,
    .record_reset = record_reset,
    .record_step = record_step,
    .record_step_continuous = record_step_continuous,
};
