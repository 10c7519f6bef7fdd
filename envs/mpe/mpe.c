/* mpe.c - the class of the particle environments: creation, reset, step, snapshots. The physics is in world.c, the
 * writing of observations in observe.c, pictures in picture.c, the scenarios in a file each. */
#include "envs/mpe/mpe.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "envs/mpe/build.h"
#include "envs/mpe/heuristic.h"
#include "envs/mpe/observe.h"
#include "envs/mpe/picture.h"
#include "envs/mpe/scenarios.h"
#include "envs/mpe/world.h"
#include "envs/options.h"

#include <stdio.h>
#include <string.h>

enum { L = SL_ENV_LANES };

static const sl_mpe_scenario *const scenarios[] = {&sl_mpe_simple,    &sl_mpe_spread, &sl_mpe_speaker_listener,
                                                   &sl_mpe_adversary, &sl_mpe_tag,    &sl_mpe_push,
                                                   &sl_mpe_reference, &sl_mpe_crypto, &sl_mpe_world_comm};

static const uint32_t STATE_VERSION = 1;

static const sl_mpe *from_env(const sl_env *env) {
    return (const sl_mpe *)env;
}

// the first lanes of a tile are copies of the caller: all, but in the last tile
static int real_lanes(const sl_mpe *m, int tile) {
    int n = m->base.V - tile * L;
    return n < L ? n : L;
}

// an episode begins at rest and in silence
static void start_lane(const sl_mpe *m, int v, const int *goals) {
    sl_mpe_row *rows = sl_mpe_tile(m, v / L);
    int lane = v % L;
    for (int r = sl_mpe_vx(m, 0); r < m->n_rows; r++) rows[r][lane] = 0.0;
    m->steps[v] = 0;
    if (m->scenario->derive) m->scenario->derive(m, rows, lane, goals);
}

static void draw_goals(const sl_mpe *m, sl_rng *stream, int goals[SL_MPE_MAX_GOALS]) {
    for (int g = 0; g < m->scenario->n_goals; g++) goals[g] = (int)sl_rng_below(stream, (uint32_t)(m->E - m->N));
}

void sl_mpe_next_goals(const sl_mpe *m, int v, int goals[SL_MPE_MAX_GOALS]) {
    sl_rng copy = m->streams[v];
    draw_goals(m, &copy, goals);
}

// draws in the reference's order: goals, agents, landmarks; x before y
static void draw_lane(const sl_mpe *m, int v) {
    sl_rng *stream = &m->streams[v];
    sl_mpe_row *rows = sl_mpe_tile(m, v / L);
    int goals[SL_MPE_MAX_GOALS] = {0};
    draw_goals(m, stream, goals);
    for (int e = 0; e < m->E; e++) {
        double range = e < m->N || m->scenario->landmark_range == 0.0 ? 1.0 : m->scenario->landmark_range;
        rows[sl_mpe_x(e)][v % L] = sl_rng_between(stream, -range, range);
        rows[sl_mpe_y(e)][v % L] = sl_rng_between(stream, -range, range);
    }
    start_lane(m, v, goals);
}

// lanes behind the last copy are simulated too, the first few of them: where nobody meets, they cost nothing extra
static void park_lane(const sl_mpe *m, int v) {
    const int goals[SL_MPE_MAX_GOALS] = {0};
    for (int e = 0; e < m->E; e++) sl_mpe_tile(m, v / L)[sl_mpe_x(e)][v % L] = 10.0 * (e + 1);
    start_lane(m, v, goals);
}

static void reset(sl_env *env, int begin, int end, const uint8_t *which, sl_env_out *out) {
    const sl_mpe *m = from_env(env);
    for (int tile = begin / L; tile * L < end; tile++) {
        unsigned drawn = 0;
        for (int l = 0, lanes = real_lanes(m, tile); l < lanes; l++) {
            if (which && !which[tile * L + l]) continue;
            draw_lane(m, tile * L + l);
            drawn |= 1u << l;
        }
        if (drawn) sl_mpe_write(m, tile, drawn, out);
    }
}

// what is heard now was said this step
static void speak(const sl_mpe *m, sl_mpe_row *rows, int i, const int32_t *word) {
    for (int k = 0; k < m->C; k++) {
        double *heard = rows[sl_mpe_word(m, i, k)];
        for (int l = 0; l < L; l++) heard[l] = word[l] == k ? 1.0 : 0.0;
    }
}

// of one agent, in the first lanes; an action out of range is none
static void take_actions(const sl_mpe *m, int tile, int i, const int32_t *actions, int32_t *restrict action) {
    int lanes = real_lanes(m, tile), n = m->base.spec.agents[i].n_actions;
    actions += tile * L * m->N + i;
    for (int l = 0; l < lanes; l++) action[l] = actions[l * m->N];
    SL_MPE_EACH_LANE(l, L) action[l] = action[l] >= 0 && action[l] < n ? action[l] : 0;
}

// moves 1..4 are left, right, down, up; speakers say action / 5 while they move, or the action itself when fixed
static void decode(const sl_mpe *m, int tile, const int32_t *actions, sl_mpe_row *fx, sl_mpe_row *fy) {
    int32_t action[L] = {0};
    for (int i = 0; i < m->N; i++) {
        const sl_mpe_entity *agent = &m->entities[i];
        double gain = agent->movable ? agent->gain : 0.0;
        take_actions(m, tile, i, actions, action);
        SL_MPE_EACH_LANE(l, L) {
            int32_t move = action[l] % 5;
            fx[i][l] = gain * (double)((move == 2) - (move == 1));
            fy[i][l] = gain * (double)((move == 4) - (move == 3));
        }
        if (!agent->speaks) continue;
        for (int l = 0; l < L && agent->movable; l++) action[l] /= 5;
        speak(m, sl_mpe_tile(m, tile), i, action);
    }
}

// into the box [0, 1]; NaN fails both comparisons and becomes 0
static float clip(float x) {
    return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f;
}

// entries of a moving agent: nothing, left, right, down, up; then the words of a speaker
static void decode_continuous(const sl_mpe *m, int tile, const float *actions, sl_mpe_row *fx, sl_mpe_row *fy) {
    sl_mpe_row *rows = sl_mpe_tile(m, tile);
    size_t A = (size_t)m->base.spec.n_actions;
    memset(fx, 0, sizeof(sl_mpe_row) * (size_t)m->N);
    memset(fy, 0, sizeof(sl_mpe_row) * (size_t)m->N);
    for (int l = 0, lanes = real_lanes(m, tile); l < lanes; l++) {
        for (int i = 0; i < m->N; i++) {
            const sl_mpe_entity *agent = &m->entities[i];
            const float *a = actions + ((size_t)(tile * L + l) * (size_t)m->N + (size_t)i) * A;
            if (agent->movable) {
                // the difference is taken in float32, as in the reference
                fx[i][l] = agent->gain * (double)(clip(a[2]) - clip(a[1]));
                fy[i][l] = agent->gain * (double)(clip(a[4]) - clip(a[3]));
                a += 5;
            }
            for (int k = 0; k < m->C && agent->speaks; k++) rows[sl_mpe_word(m, i, k)][l] = (double)clip(a[k]);
        }
    }
}

// rewards and the end of time, to the caller's rows
static void write_outcome(const sl_mpe *m, int tile, sl_mpe_row *reward, const sl_env_out *out) {
    if (out->reward) m->scenario->reward(m, sl_mpe_tile(m, tile), reward);
    for (int l = 0, lanes = real_lanes(m, tile); l < lanes; l++) {
        int v = tile * L + l;
        m->steps[v]++;
        for (int i = 0; i < m->N && out->reward; i++)
            out->reward[(size_t)v * (size_t)m->N + (size_t)i] = reward[i][l];
        if (out->terminated) out->terminated[v] = 0;
        if (out->won) out->won[v] = 0;
        if (out->truncated) out->truncated[v] = m->steps[v] >= m->base.spec.max_steps;
    }
}

// scratch holds the forces, then the rewards
static void finish_step(const sl_mpe *m, int tile, sl_mpe_row *scratch, const sl_env_out *out) {
    sl_mpe_move(m, sl_mpe_tile(m, tile), scratch, scratch + m->N);
    write_outcome(m, tile, scratch, out);
    sl_mpe_write(m, tile, (1u << real_lanes(m, tile)) - 1u, out);
}

static void step(sl_env *env, int begin, int end, const int32_t *actions, sl_env_out *out) {
    const sl_mpe *m = from_env(env);
    sl_mpe_row *scratch = sl_mpe_scratch(m, begin / L), *fx = scratch, *fy = scratch + m->N;
    for (int tile = begin / L; tile * L < end; tile++) {
        decode(m, tile, actions, fx, fy);
        finish_step(m, tile, scratch, out);
    }
}

static void step_continuous(sl_env *env, int begin, int end, const float *actions, sl_env_out *out) {
    const sl_mpe *m = from_env(env);
    sl_mpe_row *scratch = sl_mpe_scratch(m, begin / L), *fx = scratch, *fy = scratch + m->N;
    for (int tile = begin / L; tile * L < end; tile++) {
        decode_continuous(m, tile, actions, fx, fy);
        finish_step(m, tile, scratch, out);
    }
}

static void heuristic(const sl_env *env, int begin, int end, int32_t *actions) {
    const sl_mpe *m = from_env(env);
    void *plan = m->plans + (size_t)(begin / L) * sl_mpe_plan_bytes(m->N);
    for (int v = begin; v < end; v++) {
        m->scenario->act(m, sl_mpe_tile(m, v / L), v % L, plan, actions + (size_t)v * (size_t)m->N);
    }
}

static void seed(sl_env *env, int v, const sl_rng *stream) {
    from_env(env)->streams[v] = *stream;
}

void sl_mpe_place(sl_env *env, int v, const double *positions, const int *goals) {
    const sl_mpe *m = from_env(env);
    sl_mpe_row *rows = sl_mpe_tile(m, v / L);
    for (int e = 0; e < m->E; e++) {
        rows[sl_mpe_x(e)][v % L] = positions[2 * e];
        rows[sl_mpe_y(e)][v % L] = positions[2 * e + 1];
    }
    start_lane(m, v, goals);
}

static void list_state(const sl_env *env, sl_env_state *out) {
    const sl_mpe *m = from_env(env);
    size_t n_lanes = (size_t)m->n_tiles * L;
    out->head.version = STATE_VERSION;
    out->head.shape[0] = (uint32_t)m->n_rows;
    out->head.shape[1] = L;
    out->parts[0].memory = m->rows;
    out->parts[0].n_bytes = (size_t)m->n_tiles * (size_t)m->n_rows * sizeof(sl_mpe_row);
    out->parts[1].memory = m->streams;
    out->parts[1].n_bytes = n_lanes * sizeof(sl_rng);
    out->parts[2].memory = m->steps;
    out->parts[2].n_bytes = n_lanes * sizeof(int32_t);
}

static void destroy(sl_env *env) {
    sl_mpe *m = (sl_mpe *)env;
    sl_free(m->base.spec.agents);
    sl_free(m->entities);
    sl_free(m->terms);
    sl_free(m->n_live);
    sl_free(m->pairs);
    sl_free(m->rows);
    sl_free(m->streams);
    sl_free(m->steps);
    sl_free(m->scratch);
    sl_free(m->plans);
    sl_free(m);
}

static const sl_env_class mpe_class = {
    .destroy = destroy,
    .seed = seed,
    .reset = reset,
    .step = step,
    .step_continuous = step_continuous,
    .heuristic = heuristic,
    .shape_words = {"rows", "lanes"},
    .list_state = list_state,
    .draw = sl_mpe_draw,
    .tell_action = sl_mpe_tell_action,
};

// options that this scenario does not have are refused, not ignored
static sl_status check_options(const sl_mpe_scenario *scenario, const sl_env_options *options) {
    int n_agents = sl_env_get(options, "n_agents").whole, most = SL_MAX_AGENTS - scenario->n_agents;
    double local_ratio = sl_env_get(options, "local_ratio").real;
    if (n_agents != 0 && scenario->default_n == 0) {
        return sl_fail(SL_CONFIG, "leave n_agents out", "%s has no option n_agents", scenario->name);
    }
    if (n_agents < 0 || (scenario->default_n && n_agents > most)) {
        char hint[32];
        (void)snprintf(hint, sizeof hint, "1 to %d", most);
        return sl_fail(SL_CONFIG, hint, "%s: n_agents is %d", scenario->name, n_agents);
    }
    // a negative or NaN ratio asks for the default
    if (!(local_ratio >= 0.0)) return SL_OK;
    if (scenario->local_ratio == 0.0) {
        return sl_fail(SL_CONFIG, "leave local_ratio out", "%s has no option local_ratio", scenario->name);
    }
    if (sl_env_get(options, "legacy_physics").yes) {
        return sl_fail(SL_CONFIG, "leave local_ratio out: the summed reward has none",
                       "%s: local_ratio together with legacy_physics", scenario->name);
    }
    if (local_ratio > 1.0) {
        return sl_fail(SL_CONFIG, "0 to 1", "%s: local_ratio is %g", scenario->name, local_ratio);
    }
    return SL_OK;
}

// every entity's place, every agent's velocity and words, what is derived, and once more its own place
static int bound_obs(const sl_mpe *m) {
    return 2 * m->E + 2 * m->N + m->N * m->C + m->scenario->n_extra + 2;
}

static bool allocate(sl_mpe *m) {
    size_t n_lanes = (size_t)m->n_tiles * L, N = (size_t)m->N, E = (size_t)m->E;
    m->max_obs = bound_obs(m);
    m->base.spec.agents = sl_alloc_array(N, sizeof *m->base.spec.agents);
    m->entities = sl_alloc_array(E, sizeof *m->entities);
    m->terms = sl_alloc_array(N * (size_t)m->max_obs, sizeof *m->terms);
    m->n_live = sl_alloc_array(N, sizeof *m->n_live);
    m->pairs = sl_alloc_array(E * (E + 1) / 2, sizeof *m->pairs);
    m->rows = sl_alloc_array((size_t)m->n_tiles * (size_t)m->n_rows, sizeof *m->rows);
    m->streams = sl_alloc_array(n_lanes, sizeof *m->streams);
    m->steps = sl_alloc_array(n_lanes, sizeof *m->steps);
    m->scratch = sl_alloc_array((size_t)m->n_tiles * 2 * N, sizeof *m->scratch);
    if (m->scenario->act) m->plans = sl_alloc_array((size_t)m->n_tiles, sl_mpe_plan_bytes(m->N));
    return m->base.spec.agents && m->entities && m->terms && m->n_live && m->pairs && m->rows && m->streams &&
           m->steps && m->scratch && (m->plans || !m->scenario->act);
}

static const sl_mpe_scenario *find_scenario(const char *name) {
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (strcmp(scenarios[i]->name, name) == 0) return scenarios[i];
    }
    SL_ASSERT(0 && "the table of family.c names a scenario that is not here");
    return NULL;
}

sl_status sl_mpe_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream, sl_env **out) {
    const sl_mpe_scenario *scenario = find_scenario(name);
    SL_TRY(check_options(scenario, options));
    sl_mpe *m = sl_alloc(sizeof *m);
    if (!m) return sl_fail(SL_MEMORY, "ask for fewer copies", "%s: cannot allocate %d copies", name, V);
    int n = sl_env_get(options, "n_agents").whole;
    if (n == 0) n = scenario->default_n;
    double local_ratio = sl_env_get(options, "local_ratio").real;
    m->base.class = &mpe_class;
    m->base.V = V;
    m->scenario = scenario;
    m->N = scenario->n_agents + n;
    m->E = m->N + scenario->n_landmarks + n;
    m->C = scenario->dim_c;
    m->n_rows = sl_mpe_extra(m, scenario->n_extra);
    m->n_tiles = (V + L - 1) / L;
    m->legacy = sl_env_get(options, "legacy_physics").yes;
    m->local_ratio = local_ratio >= 0.0 ? local_ratio : scenario->local_ratio;
    if (!allocate(m)) {
        destroy(&m->base);
        return sl_fail(SL_MEMORY, "ask for fewer copies", "%s: cannot allocate %d copies", name, V);
    }
    scenario->build(m);
    sl_mpe_finish(m, options);
    m->base.camera = sl_mpe_camera();
    for (int v = 0; v < m->n_tiles * L; v++) m->streams[v] = sl_rng_split(stream, (uint64_t)v);
    for (int v = V; v < m->n_tiles * L; v++) park_lane(m, v);
    *out = &m->base;
    return SL_OK;
}
