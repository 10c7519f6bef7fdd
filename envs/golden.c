/* golden.c - replays a recording: places every entity where the reference's reset did, then lets the physics run with
 * the recorded actions and compares what comes out. Called by `starling env check` and by tests; one thread. */
#include "envs/golden.h"

#include "common/alloc.h"
#include "envs/golden_combat.h"
#include "envs/golden_lines.h"
#include "envs/mpe/mpe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double OBS_TOLERANCE = 1e-6, STATE_TOLERANCE = 1e-6, REWARD_TOLERANCE = 1e-9;
/* Bounds of what a recording may hold, far outside what an episode reaches. */
static const double MAX_POSITION = 1e6, MAX_VALUE = 1e12;

/* One replay. Buffers are sized by the header. */
typedef struct replay {
    sl_golden_lines lines;
    sl_golden_combat *combat; /* does the rest when the recording is one of combat; or NULL */
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
    sl_golden_result result;
} replay;

static void note(double *largest, double difference) {
    if (difference > *largest) *largest = difference;
}

static sl_status read_options(replay *r, const json_t *object, sl_env_options *options) {
    const json_t *table = json_object_get(object, "options");
    if (!json_is_object(table)) return sl_golden_bad(&r->lines, "key 'options' is not an object");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)table, key, value) {
        if (strcmp(key, "N") == 0) {
            SL_TRY(sl_golden_int(&r->lines, value, "option N", 1, SL_MAX_AGENTS, &options->n_agents));
        } else if (strcmp(key, "local_ratio") == 0) {
            double ratio = json_number_value(value);
            if (!json_is_number(value) || !(ratio >= 0.0 && ratio <= 1.0)) {
                return sl_golden_bad(&r->lines, "option local_ratio is not a number from 0 to 1");
            }
            options->local_ratio = ratio;
        } else {
            return sl_fail(SL_MISMATCH, "N and local_ratio are known", "%s:%ld: unknown option '%.32s'",
                           r->lines.name, r->lines.number, key);
        }
    }
    return SL_OK;
}

// recordings of the particle environments say "simple_spread_v3", others "family/name"
static sl_status find_env(const replay *r, const char *env, char name[static SL_ENV_NAME_SIZE]) {
    (void)snprintf(name, SL_ENV_NAME_SIZE, "%s%.80s", strchr(env, '/') ? "" : "mpe/", env);
    for (int i = 0; i < sl_env_n_names(); i++) {
        if (strcmp(sl_env_name(i), name) == 0) return SL_OK;
    }
    return sl_fail(SL_MISMATCH, "`starling env list` shows the names", "%s: a recording of '%s', which is not here",
                   r->lines.name, name);
}

// an option that the environment refuses is a recording of something else
static sl_status open_env(replay *r, const char *name, const sl_env_options *options) {
    sl_rng stream = sl_rng_seed(0);
    sl_status status = sl_env_create(name, options, 1, &stream, &r->env);
    if (status == SL_CONFIG) return sl_fail(SL_MISMATCH, NULL, "%s: %s", r->lines.name, sl_error_what());
    return status;
}

static sl_status read_header(replay *r, const json_t *object) {
    sl_env_options options = sl_env_default_options();
    const char *env;
    char name[SL_ENV_NAME_SIZE];
    int continuous;
    SL_TRY(sl_golden_string(&r->lines, object, "env", &env));
    SL_TRY(find_env(r, env, name));
    if (strncmp(name, "combat/", 7) == 0) return sl_golden_combat_create(&r->lines, object, name, &r->combat);
    SL_TRY(sl_golden_bool(&r->lines, object, "continuous", &continuous));
    SL_TRY(read_options(r, object, &options));
    SL_TRY(sl_golden_int(&r->lines, json_object_get(object, "max_cycles"), "key 'max_cycles'", 1, 1000000,
                         &options.max_steps));
    options.continuous = continuous != 0;
    SL_TRY(open_env(r, name, &options));
    r->spec = sl_env_get_spec(r->env);
    r->m = (const sl_mpe *)r->env;
    (void)snprintf(r->result.env, sizeof r->result.env, "%s", r->spec->name);
    size_t N = (size_t)r->spec->n_agents;
    r->obs = sl_alloc_array(N * (size_t)r->spec->obs_dim, sizeof *r->obs);
    r->actions = sl_alloc_array(N * (size_t)r->spec->n_actions, sizeof *r->actions);
    r->choices = sl_alloc_array(N, sizeof *r->choices);
    r->numbers = sl_alloc_array(SL_MPE_MAX_OBS, sizeof *r->numbers);
    if (!r->obs || !r->actions || !r->choices || !r->numbers) {
        return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", r->lines.name);
    }
    return SL_OK;
}

static sl_status check_agents(replay *r, const json_t *object) {
    const json_t *names = json_object_get(object, "agents");
    int E;
    SL_TRY(sl_golden_array(&r->lines, names, "key 'agents'", r->m->N));
    SL_TRY(sl_golden_int(&r->lines, json_object_get(object, "entities"), "key 'entities'", r->m->E, r->m->E, &E));
    for (int i = 0; i < r->m->N; i++) {
        const char *name = json_string_value(json_array_get(names, (size_t)i));
        if (!name || strcmp(name, r->spec->agents[i].name) != 0) {
            return sl_golden_bad(&r->lines, "agent %d is not '%s'", i, r->spec->agents[i].name);
        }
    }
    return SL_OK;
}

// goals are recorded for each agent as two indices of which one may be -1; a scenario without goals has none
static sl_status read_goals(replay *r, const json_t *object, int goals[SL_MPE_MAX_GOALS]) {
    const json_t *list = json_object_get(object, "goals");
    const sl_mpe_scenario *scenario = r->m->scenario;
    int last = r->m->E - r->m->N - 1;
    SL_TRY(sl_golden_array(&r->lines, list, "key 'goals'", r->m->N));
    for (int g = 0; g < scenario->n_goals; g++) {
        if (g > 0 && !scenario->goal_per_agent) {
            SL_TRY(sl_golden_int(&r->lines, json_object_get(object, "key"), "key 'key'", 0, last, &goals[g]));
            continue;
        }
        const json_t *pair = json_array_get(list, (size_t)g);
        int first, second;
        SL_TRY(sl_golden_array(&r->lines, pair, "an entry of 'goals'", 2));
        SL_TRY(sl_golden_int(&r->lines, json_array_get(pair, 0), "a first goal", -1, last, &first));
        SL_TRY(sl_golden_int(&r->lines, json_array_get(pair, 1), "a second goal", -1, last, &second));
        goals[g] = first >= 0 ? first : second;
        if (goals[g] < 0) return sl_golden_bad(&r->lines, "agent %d has no goal", g);
    }
    return SL_OK;
}

static sl_status compare_obs(replay *r, const json_t *const *rows) {
    for (int i = 0; i < r->m->N; i++) {
        int n = r->spec->agents[i].obs_dim;
        SL_TRY(sl_golden_numbers(&r->lines, rows[i], "an observation", n, MAX_VALUE, r->numbers));
        for (int o = 0; o < n; o++) {
            note(&r->step_obs, fabs((double)r->obs[i * r->spec->obs_dim + o] - r->numbers[o]));
        }
    }
    return SL_OK;
}

static sl_status compare_state(replay *r, const json_t *object) {
    const sl_mpe *m = r->m;
    sl_mpe_row *rows = sl_mpe_tile(m, 0);
    SL_TRY(sl_golden_numbers(&r->lines, json_object_get(object, "pos"), "key 'pos'", 2 * m->E, MAX_POSITION,
                             r->numbers));
    for (int k = 0; k < 2 * m->E; k++) note(&r->step_state, fabs(rows[sl_mpe_x(0) + k][0] - r->numbers[k]));
    SL_TRY(sl_golden_numbers(&r->lines, json_object_get(object, "vel"), "key 'vel'", 2 * m->N, MAX_POSITION,
                             r->numbers));
    for (int k = 0; k < 2 * m->N; k++) note(&r->step_state, fabs(rows[sl_mpe_vx(m, 0) + k][0] - r->numbers[k]));
    return SL_OK;
}

// the worst of one line goes into the result; the first observation of an episode counts with its first step
static void settle(replay *r, bool is_step, bool flags_equal) {
    sl_golden_result *result = &r->result;
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

static sl_status replay_reset(replay *r, const json_t *object) {
    int goals[SL_MPE_MAX_GOALS] = {0};
    const json_t *rows[SL_MAX_AGENTS] = {0}, *table = json_object_get(object, "obs");
    SL_TRY(check_agents(r, object));
    SL_TRY(read_goals(r, object, goals));
    SL_TRY(sl_golden_numbers(&r->lines, json_object_get(object, "pos"), "key 'pos'", 2 * r->m->E, MAX_POSITION,
                             r->numbers));
    sl_mpe_place(r->env, 0, r->numbers, goals);
    sl_mpe_write(r->m, 0, 1u, &(sl_env_out){.obs = r->obs});
    for (int i = 0; i < r->m->N; i++) rows[i] = json_object_get(table, r->spec->agents[i].name);
    r->step_obs = r->step_state = r->step_reward = 0.0;
    SL_TRY(compare_obs(r, rows));
    settle(r, false, true);
    r->in_episode = true;
    return SL_OK;
}

static sl_status read_actions(replay *r, const json_t *object) {
    const json_t *list = json_object_get(object, "actions");
    SL_TRY(sl_golden_array(&r->lines, list, "key 'actions'", r->m->N));
    for (int i = 0; i < r->m->N; i++) {
        const json_t *action = json_array_get(list, (size_t)i);
        int n = r->spec->agents[i].n_actions;
        if (!r->spec->continuous) {
            int choice;
            SL_TRY(sl_golden_int(&r->lines, action, "an action", 0, n - 1, &choice));
            r->choices[i] = choice;
            continue;
        }
        SL_TRY(sl_golden_numbers(&r->lines, action, "an action", n, MAX_VALUE, r->numbers));
        for (int a = 0; a < n; a++) r->actions[i * r->spec->n_actions + a] = (float)r->numbers[a];
    }
    return SL_OK;
}

static sl_status replay_step(replay *r, const json_t *object) {
    const json_t *rows[SL_MAX_AGENTS] = {0}, *list = json_object_get(object, "obs");
    int truncated;
    if (!r->in_episode) return sl_golden_bad(&r->lines, "a step outside an episode");
    SL_TRY(read_actions(r, object));
    SL_TRY(sl_golden_bool(&r->lines, object, "truncated", &truncated));
    sl_env_out out = {.obs = r->obs, .reward = r->reward, .truncated = &r->truncated};
    if (r->spec->continuous) {
        sl_env_step_continuous(r->env, 0, 1, r->actions, &out);
    } else {
        sl_env_step(r->env, 0, 1, r->choices, &out);
    }
    SL_TRY(sl_golden_array(&r->lines, list, "key 'obs'", r->m->N));
    for (int i = 0; i < r->m->N; i++) rows[i] = json_array_get(list, (size_t)i);
    SL_TRY(compare_obs(r, rows));
    SL_TRY(compare_state(r, object));
    SL_TRY(sl_golden_numbers(&r->lines, json_object_get(object, "rewards"), "key 'rewards'", r->m->N, MAX_VALUE,
                             r->numbers));
    for (int i = 0; i < r->m->N; i++) note(&r->step_reward, fabs(r->reward[i] - r->numbers[i]));
    settle(r, true, truncated == r->truncated);
    r->in_episode = !truncated && !r->truncated;
    return SL_OK;
}

static sl_status replay_line(replay *r, const json_t *object) {
    const char *kind;
    SL_TRY(sl_golden_string(&r->lines, object, "kind", &kind));
    bool is_header = strcmp(kind, "header") == 0;
    if (is_header != (r->lines.number == 1)) {
        return sl_golden_bad(&r->lines, is_header ? "a second header" : "the first line is not a header");
    }
    if (is_header) return read_header(r, object);
    bool is_step = strcmp(kind, "step") == 0, is_reset = strcmp(kind, "reset") == 0;
    if (r->combat && (is_step || is_reset)) return sl_golden_combat_line(r->combat, &r->lines, object, is_step);
    if (is_reset) return replay_reset(r, object);
    if (is_step) return replay_step(r, object);
    return sl_golden_bad(&r->lines, "unknown kind '%.32s'", kind);
}

static sl_status replay_all(replay *r) {
    for (;;) {
        json_t *object = NULL;
        SL_TRY(sl_golden_lines_next(&r->lines, &object));
        if (!object) break;
        sl_status status = replay_line(r, object);
        json_decref(object);
        if (status != SL_OK) return status;
    }
    r->result.within_tolerance = r->result.mismatched_steps == 0;
    if (r->combat) sl_golden_combat_result(r->combat, &r->result);
    if (r->result.steps == 0) return sl_golden_bad(&r->lines, "the recording ends before its first step");
    return SL_OK;
}

// takes over what the caller put into r, whatever the outcome
static sl_status finish(replay *r, sl_golden_result *out) {
    r->result.flags_equal = true;
    sl_status status = replay_all(r);
    if (status == SL_OK) *out = r->result;
    sl_golden_lines_close(&r->lines);
    sl_golden_combat_destroy(&r->combat);
    sl_env_destroy(&r->env);
    sl_free(r->obs);
    sl_free(r->actions);
    sl_free(r->choices);
    sl_free(r->numbers);
    return status;
}

sl_status sl_golden_check(const char *path, sl_golden_result *out) {
    replay r = {0};
    SL_TRY(sl_golden_lines_open(path, &r.lines));
    return finish(&r, out);
}

sl_status sl_golden_check_bytes(const char *name, const uint8_t *bytes, size_t n_bytes, sl_golden_result *out) {
    replay r = {.lines = {.name = name, .bytes = bytes, .n_bytes = n_bytes}};
    return finish(&r, out);
}
