/* recording.c - replays recordings of combat with teacher forcing. */
#include "envs/combat/recording.h"

#include "common/alloc.h"
#include "envs/combat/observe.h"
#include "envs/recording/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIVE = SL_COMBAT_FIELD_ALIVE,
    HP = SL_COMBAT_FIELD_HP,
    SHIELD = SL_COMBAT_FIELD_SHIELD,
    X = SL_COMBAT_FIELD_X,
    Y = SL_COMBAT_FIELD_Y,
    VX = SL_COMBAT_FIELD_VX,
    VY = SL_COMBAT_FIELD_VY,
    COOLDOWN = SL_COMBAT_FIELD_COOLDOWN,
    DELAY = SL_COMBAT_FIELD_DELAY,
    TARGET = SL_COMBAT_FIELD_TARGET,
    N_FIELDS = SL_COMBAT_FIELDS
};

const char *const sl_combat_field_names[N_FIELDS] = {"alive", "hp",       "shield",          "x",        "y", "vx",
                                                     "vy",    "cooldown", "shield_cooldown", "target_id"};

/* The arithmetic is the reference's, so what a battle writes is equal bit for bit. What is left for is a processor
 * whose inner products the reference rounds otherwise: velocities differ by their last bit, and where avoidance has
 * two lines nearly parallel by more, before a position does. */
static const double TOLERANCE = 1e-6, REWARD_TOLERANCE = 1e-9;
static const double unit_tolerances[N_FIELDS] = {[HP] = 1e-6, [SHIELD] = 1e-6, [X] = 1e-5,        [Y] = 1e-5,
                                                 [VX] = 1e-4, [VY] = 1e-4,     [COOLDOWN] = 1e-6, [DELAY] = 1e-6};
/* Bounds of what a recording may hold, far outside what a battle reaches. */
static const double MAX_POSITION = 1e4, MAX_SPEED = 1e3, MAX_SECONDS = 1e3, MAX_VALUE = 1e6;
enum { MAX_STEPS = 1 << 30 };

struct sl_combat_recording {
    sl_env *env;
    const sl_env_spec *spec;
    const sl_combat *m;
    bool in_episode, reset_masks_equal, units_equal;
    int32_t steps; /* of this episode */
    int32_t actions[SL_MAX_AGENTS], enemy_actions[SL_COMBAT_MAX_UNITS];
    double step_obs, step_state;
    float *obs, *state; /* (N, O), (S) */
    uint8_t *avail;     /* (N, A) */
    double *numbers;    /* as many as the longest list */
    double reward[SL_MAX_AGENTS];
    uint8_t terminated, truncated, won;
    sl_combat_order orders[SL_COMBAT_TICKS];
    sl_recording_result result;
};

static void note(double *largest, double difference) {
    if (difference > *largest) *largest = difference;
}

static sl_status check_size(const sl_recording_lines *lines, const json_t *header, const char *key, int want) {
    int size;
    char what[48];
    (void)snprintf(what, sizeof what, "key '%s'", key);
    SL_TRY(sl_recording_int(lines, json_object_get(header, key), what, 0, 1 << 20, &size));
    if (size == want) return SL_OK;
    return sl_fail(SL_MISMATCH, "was it recorded with another map or layout?", "%s:%ld: %s is %d, not %d",
                   lines->name, lines->number, key, size, want);
}

static sl_status check_header(const sl_combat_recording *self, const sl_recording_lines *lines,
                              const json_t *header) {
    const sl_env_spec *spec = self->spec;
    const json_t *fields = json_object_get(header, "unit_fields");
    SL_TRY(check_size(lines, header, "n_agents", spec->n_agents));
    SL_TRY(check_size(lines, header, "n_enemies", self->m->map.n_enemies));
    SL_TRY(check_size(lines, header, "n_actions", spec->n_actions));
    SL_TRY(check_size(lines, header, "obs_size", spec->obs_dim));
    SL_TRY(check_size(lines, header, "state_size", spec->state_dim));
    SL_TRY(sl_recording_array(lines, fields, "key 'unit_fields'", N_FIELDS));
    for (size_t k = 0; k < N_FIELDS; k++) {
        const char *name = json_string_value(json_array_get(fields, k));
        if (!name || strcmp(name, sl_combat_field_names[k]) != 0) {
            return sl_recording_bad(lines, "unit field %zu is not '%s'", k, sl_combat_field_names[k]);
        }
    }
    return SL_OK;
}

// the opponent policy of a recorded opponent
static int32_t act_as_told(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)obs, (void)avail, (void)memory;
    return ((const int32_t *)context)[unit];
}

static sl_status prepare(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *header,
                         const char *name) {
    sl_env_options options = sl_env_default_options();
    SL_TRY(sl_recording_read_options(lines, header, &options));
    if (options.opponent == SL_OPPONENT_POLICY)
        options.policy = (sl_opponent_policy){act_as_told, self->enemy_actions, 0};
    SL_TRY(sl_recording_open_env(lines, name, &options, &self->env));
    self->spec = sl_env_get_spec(self->env);
    self->m = (const sl_combat *)self->env;
    (void)snprintf(self->result.env, sizeof self->result.env, "%s", self->spec->name);
    SL_TRY(check_header(self, lines, header));
    size_t N = (size_t)self->spec->n_agents, O = (size_t)self->spec->obs_dim, S = (size_t)self->spec->state_dim;
    self->obs = sl_alloc_array(N * O, sizeof *self->obs);
    self->state = sl_alloc_array(S, sizeof *self->state);
    self->avail = sl_alloc_array(N, (size_t)self->spec->n_actions);
    self->numbers = sl_alloc_array(O + S, sizeof *self->numbers);
    if (self->obs && self->state && self->avail && self->numbers) return SL_OK;
    return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", lines->name);
}

sl_status sl_combat_recording_create(const sl_recording_lines *lines, const json_t *header, const char *name,
                                     sl_combat_recording **out) {
    sl_combat_recording *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", lines->name);
    self->result.flags_equal = self->reset_masks_equal = self->units_equal = true;
    sl_status status = prepare(self, lines, header, name);
    if (status != SL_OK) {
        sl_combat_recording_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_combat_recording_destroy(sl_combat_recording **self) {
    if (!*self) return;
    sl_env_destroy(&(*self)->env);
    sl_free((*self)->obs);
    sl_free((*self)->state);
    sl_free((*self)->avail);
    sl_free((*self)->numbers);
    sl_free(*self);
    *self = NULL;
}

static sl_status read_unit(const sl_recording_lines *lines, const sl_combat *m, const json_t *row, int u,
                           double f[N_FIELDS]) {
    char what[32];
    (void)snprintf(what, sizeof what, "unit %d", u);
    SL_TRY(sl_recording_numbers(lines, row, what, N_FIELDS, MAX_VALUE, f));
    const sl_combat_type *type = m->type[u];
    const double low[N_FIELDS] = {0.0,        0.0,        0.0, -MAX_POSITION, -MAX_POSITION,
                                  -MAX_SPEED, -MAX_SPEED, 0.0, 0.0,           -1.0};
    const double high[N_FIELDS] = {1.0,       type->hp,  type->shield, MAX_POSITION, MAX_POSITION,
                                   MAX_SPEED, MAX_SPEED, MAX_SECONDS,  MAX_SECONDS,  sl_combat_n_units(m) - 1};
    for (int k = 0; k < N_FIELDS; k++) {
        bool whole = k == ALIVE || k == TARGET;
        if (f[k] >= low[k] && f[k] <= high[k] && (!whole || f[k] == floor(f[k]))) continue;
        return sl_recording_bad(lines, "unit %d: '%s' is %g, not between %g and %g", u, sl_combat_field_names[k],
                                f[k], low[k], high[k]);
    }
    if (f[ALIVE] != (f[HP] > 0.0)) return sl_recording_bad(lines, "unit %d: alive and health disagree", u);
    return SL_OK;
}

void sl_combat_get_fields(const sl_battle *b, int u, double fields[N_FIELDS]) {
    fields[ALIVE] = sl_combat_has(*b->alive, u);
    fields[HP] = b->hp[u];
    fields[SHIELD] = b->shield[u];
    fields[X] = (double)b->x[u];
    fields[Y] = (double)b->y[u];
    fields[VX] = b->vx[u];
    fields[VY] = b->vy[u];
    fields[COOLDOWN] = b->cooldown[u];
    fields[DELAY] = b->delay[u];
    fields[TARGET] = b->target[u];
}

static void load_unit(const sl_battle *b, int u, const double f[N_FIELDS]) {
    if (f[ALIVE] != 0.0) *b->alive |= (uint64_t)1 << u;
    b->hp[u] = f[HP];
    b->shield[u] = f[SHIELD];
    b->x[u] = (float)f[X];
    b->y[u] = (float)f[Y];
    b->vx[u] = f[VX];
    b->vy[u] = f[VY];
    b->cooldown[u] = f[COOLDOWN];
    b->delay[u] = f[DELAY];
    b->target[u] = (int32_t)f[TARGET];
}

static sl_status load_units(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *rows,
                            const char *what) {
    const sl_combat *m = self->m;
    sl_battle b = sl_combat_copy(m, 0);
    SL_TRY(sl_recording_array(lines, rows, what, sl_combat_n_units(m)));
    *b.alive = 0;
    for (int u = 0; u < sl_combat_n_units(m); u++) {
        double f[N_FIELDS];
        SL_TRY(read_unit(lines, m, json_array_get(rows, (size_t)u), u, f));
        load_unit(&b, u, f);
    }
    return SL_OK;
}

// Whether the reference holds a velocity in float32, where the recording does not say: it is seen from the numbers.
// Nobody walks to a point at float32 numbers, and who stands has float64's zero but in an episode's first tick; along
// a wall a float64 number is the distance to it, which is a float32 number too.
static bool looks_single(const sl_combat *m, const sl_battle *b, int u, bool first) {
    double vx = b->vx[u], vy = b->vy[u];
    if ((double)(float)vx != vx || (double)(float)vy != vy) return false;
    if (vx == 0.0 && vy == 0.0) return first;
    for (int k = 0; k < 2 * m->map.n_walls; k++) {
        const sl_combat_wall *wall = &m->map.walls[k / 2];
        double edge = k % 2 ? wall->y1 : wall->y0, before = edge - vy;
        if ((float)(before + vy / 16.0) == b->y[u]) return false;
    }
    return true;
}

static sl_status read_single(const sl_combat_recording *self, const sl_recording_lines *lines, const json_t *list) {
    int n_units = sl_combat_n_units(self->m), u;
    sl_battle b = sl_combat_copy(self->m, 0);
    *b.single = 0;
    for (u = 0; u < n_units && !list; u++) {
        *b.single |= (uint64_t)looks_single(self->m, &b, u, self->steps == 0) << u;
    }
    if (!list) return SL_OK;
    if (!json_is_array(list)) return sl_recording_bad(lines, "key 'single' is not an array");
    for (size_t k = 0; k < json_array_size(list); k++) {
        SL_TRY(sl_recording_int(lines, json_array_get(list, k), "a unit of 'single'", 0, n_units - 1, &u));
        *b.single |= (uint64_t)1 << u;
    }
    return SL_OK;
}

// the units after a step; of the fallen only that they are, and where
static sl_status compare_units(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *rows) {
    const sl_combat *m = self->m;
    sl_battle b = sl_combat_copy(m, 0);
    SL_TRY(sl_recording_array(lines, rows, "key 'post'", sl_combat_n_units(m)));
    for (int u = 0; u < sl_combat_n_units(m); u++) {
        double f[N_FIELDS];
        SL_TRY(read_unit(lines, m, json_array_get(rows, (size_t)u), u, f));
        double own[N_FIELDS];
        sl_combat_get_fields(&b, u, own);
        for (int k = 0; k < N_FIELDS; k++) {
            if (own[ALIVE] == 0.0 && f[ALIVE] == 0.0 && k != X && k != Y) continue;
            note(&self->result.max_abs_units, fabs(own[k] - f[k]));
            self->units_equal &= fabs(own[k] - f[k]) <= unit_tolerances[k];
        }
    }
    return SL_OK;
}

// the order of one tick: some of the units, each at most once
static sl_status read_order(const sl_combat_recording *self, const sl_recording_lines *lines, const json_t *list,
                            sl_combat_order *order) {
    int n_units = sl_combat_n_units(self->m);
    uint64_t seen = 0;
    if (!json_is_array(list) || json_array_size(list) > (size_t)n_units) {
        return sl_recording_bad(lines, "an entry of 'perms' is not a list of at most %d units", n_units);
    }
    order->n = (int)json_array_size(list);
    for (int k = 0; k < order->n; k++) {
        int u;
        SL_TRY(sl_recording_int(lines, json_array_get(list, (size_t)k), "a unit of 'perms'", 0, n_units - 1, &u));
        if (sl_combat_has(seen, u)) return sl_recording_bad(lines, "an entry of 'perms' has unit %d twice", u);
        seen |= (uint64_t)1 << u;
        order->unit[k] = (uint8_t)u;
    }
    return SL_OK;
}

static sl_status compare_obs(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *rows) {
    int N = self->spec->n_agents, O = self->spec->obs_dim;
    SL_TRY(sl_recording_array(lines, rows, "key 'obs'", N));
    for (int i = 0; i < N; i++) {
        SL_TRY(sl_recording_numbers(lines, json_array_get(rows, (size_t)i), "an observation", O, MAX_VALUE,
                                    self->numbers));
        for (int o = 0; o < O; o++)
            note(&self->step_obs, fabs((double)(self->obs[i * O + o] - (float)self->numbers[o])));
    }
    return SL_OK;
}

static sl_status compare_masks(const sl_combat_recording *self, const sl_recording_lines *lines, const json_t *rows,
                               bool *equal) {
    int N = self->spec->n_agents, A = self->spec->n_actions;
    *equal = true;
    SL_TRY(sl_recording_array(lines, rows, "key 'avail'", N));
    for (int i = 0; i < N; i++) {
        const json_t *row = json_array_get(rows, (size_t)i);
        SL_TRY(sl_recording_array(lines, row, "a row of 'avail'", A));
        for (int a = 0; a < A; a++) {
            int legal;
            SL_TRY(sl_recording_int(lines, json_array_get(row, (size_t)a), "an entry of 'avail'", 0, 1, &legal));
            *equal &= legal == self->avail[i * A + a];
        }
    }
    return SL_OK;
}

static sl_status replay_reset(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *object) {
    SL_TRY(load_units(self, lines, json_object_get(object, "units"), "key 'units'"));
    sl_battle b = sl_combat_copy(self->m, 0);
    sl_combat_write(self->m, &b, 0, &(sl_env_out){.obs = self->obs, .avail = self->avail});
    self->step_obs = self->step_state = 0.0;
    self->steps = 0;
    SL_TRY(compare_obs(self, lines, json_object_get(object, "obs")));
    SL_TRY(compare_masks(self, lines, json_object_get(object, "avail"), &self->reset_masks_equal));
    self->in_episode = true;
    return SL_OK;
}

static sl_status read_actions(const sl_recording_lines *lines, const json_t *object, const char *key, int n,
                              int n_actions, int32_t *actions) {
    const json_t *list = json_object_get(object, key);
    char what[48];
    (void)snprintf(what, sizeof what, "key '%s'", key);
    SL_TRY(sl_recording_array(lines, list, what, n));
    for (int i = 0; i < n; i++) {
        int action;
        SL_TRY(sl_recording_int(lines, json_array_get(list, (size_t)i), "an action", 0, n_actions - 1, &action));
        actions[i] = action;
    }
    return SL_OK;
}

// the worst of one step goes into the result; the first observation of an episode counts with its first step
static void settle(sl_combat_recording *self, double step_reward, bool flags_equal) {
    sl_recording_result *result = &self->result;
    flags_equal &= self->reset_masks_equal;
    note(&result->max_abs_obs, self->step_obs);
    note(&result->max_abs_state, self->step_state);
    note(&result->max_abs_reward, step_reward);
    result->flags_equal &= flags_equal;
    result->steps++;
    result->mismatched_steps += !(self->step_obs <= TOLERANCE && self->step_state <= TOLERANCE &&
                                  step_reward <= REWARD_TOLERANCE && flags_equal && self->units_equal);
    self->step_obs = self->step_state = 0.0;
    self->units_equal = true;
    self->reset_masks_equal = true;
}

// what is said of a step's end; the reference knows no limit of time
static sl_status read_end(const sl_recording_lines *lines, const json_t *object, sl_recording_event *event) {
    int done, won, truncated = 0;
    const json_t *reward = json_object_get(object, "reward");
    SL_TRY(sl_recording_bool(lines, object, "done", &done));
    SL_TRY(sl_recording_bool(lines, object, "battle_won", &won));
    if (json_object_get(object, "truncated")) SL_TRY(sl_recording_bool(lines, object, "truncated", &truncated));
    if (!json_is_number(reward) || !(fabs(json_number_value(reward)) <= MAX_VALUE)) {
        return sl_recording_bad(lines, "key 'reward' is not a number up to %g", MAX_VALUE);
    }
    event->terminated = done != 0;
    event->won = won != 0;
    event->truncated = truncated != 0;
    event->reward = json_number_value(reward);
    return SL_OK;
}

static sl_status read_step(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *object,
                           sl_recording_event *event) {
    const json_t *orders = json_object_get(object, "perms"), *t = json_object_get(object, "t");
    if (!self->in_episode) return sl_recording_bad(lines, "a step outside an episode");
    // a piece of an episode says how many steps came before
    if (t) SL_TRY(sl_recording_int(lines, t, "key 't'", 0, MAX_STEPS, &self->steps));
    SL_TRY(load_units(self, lines, json_object_get(object, "pre"), "key 'pre'"));
    SL_TRY(read_single(self, lines, json_object_get(object, "single")));
    SL_TRY(read_actions(lines, object, "actions", self->spec->n_agents, self->spec->n_actions, self->actions));
    if (self->m->mirror) {
        SL_TRY(read_actions(lines, object, "enemy_actions", self->m->map.n_enemies,
                            SL_COMBAT_ATTACK + self->m->map.n_allies, self->enemy_actions));
    }
    SL_TRY(sl_recording_array(lines, orders, "key 'perms'", SL_COMBAT_TICKS));
    for (int k = 0; k < SL_COMBAT_TICKS; k++) {
        SL_TRY(read_order(self, lines, json_array_get(orders, (size_t)k), &self->orders[k]));
    }
    return read_end(lines, object, event);
}

static sl_status replay_step(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *object,
                             sl_recording_event *event) {
    const json_t *state = json_object_get(object, "state");
    sl_recording_event told = {.actions = self->actions};
    bool equal;
    SL_TRY(read_step(self, lines, object, &told));
    *sl_combat_copy(self->m, 0).steps = self->steps++;
    sl_combat_replay(self->env, 0, self->actions, self->orders,
                     &(sl_env_out){.obs = self->obs,
                                   .state = self->state,
                                   .avail = self->avail,
                                   .reward = self->reward,
                                   .terminated = &self->terminated,
                                   .truncated = &self->truncated,
                                   .won = &self->won});
    SL_TRY(compare_obs(self, lines, json_object_get(object, "obs")));
    SL_TRY(compare_masks(self, lines, json_object_get(object, "avail"), &equal));
    SL_TRY(compare_units(self, lines, json_object_get(object, "post")));
    SL_TRY(sl_recording_numbers(lines, state, "key 'state'", self->spec->state_dim, MAX_VALUE, self->numbers));
    for (int s = 0; s < self->spec->state_dim; s++) {
        note(&self->step_state, fabs((double)(self->state[s] - (float)self->numbers[s])));
    }
    equal &= told.terminated == self->terminated && told.won == self->won;
    if (json_object_get(object, "truncated")) equal &= told.truncated == self->truncated;
    settle(self, fabs(self->reward[0] - told.reward), equal);
    self->in_episode = !told.terminated && !told.truncated;
    *event = told;
    return SL_OK;
}

sl_status sl_combat_recording_line(sl_combat_recording *self, const sl_recording_lines *lines, const json_t *object,
                                   bool is_step, sl_recording_event *event) {
    return is_step ? replay_step(self, lines, object, event) : replay_reset(self, lines, object);
}

const sl_env *sl_combat_recording_env(const sl_combat_recording *self) {
    return self->env;
}

void sl_combat_recording_result(const sl_combat_recording *self, sl_recording_result *out) {
    *out = self->result;
    out->within_tolerance = out->flags_equal && out->max_abs_reward <= REWARD_TOLERANCE && out->mismatched_steps == 0;
}
