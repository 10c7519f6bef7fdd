/* recording.c - recordings of battles, replayed with teacher forcing. */
#include "envs/combat/family.h"

#include "envs/combat/combat.h"
#include "envs/combat/observe.h"
#include "envs/recording/recording_class.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a recording tells of a unit, in this order, and the names in its header. */
enum { ALIVE, HP, SHIELD, X, Y, VX, VY, COOLDOWN, DELAY, TARGET, N_FIELDS };
static const char *const field_names[N_FIELDS] = {"alive", "hp",       "shield",          "x",        "y", "vx",
                                                  "vy",    "cooldown", "shield_cooldown", "target_id"};

/* The arithmetic is the reference's, so what a battle writes is equal bit for bit. What is left for is a processor
 * whose inner products the reference rounds otherwise: velocities differ by their last bit, and where avoidance has
 * two lines nearly parallel by more, before a position does. */
static const double unit_tolerances[N_FIELDS] = {[HP] = 1e-6, [SHIELD] = 1e-6, [X] = 1e-5,        [Y] = 1e-5,
                                                 [VX] = 1e-4, [VY] = 1e-4,     [COOLDOWN] = 1e-6, [DELAY] = 1e-6};
/* Bounds of what a recording may hold, far outside what a battle reaches. */
static const double MAX_POSITION = 1e4, MAX_SPEED = 1e3, MAX_SECONDS = 1e3, MAX_VALUE = 1e6;
enum { MAX_STEPS = 1 << 30 };

typedef struct replay {
    sl_replay base;
    const sl_combat *m; /* base.env */
    bool reset_masks_equal, units_equal;
    int32_t steps; /* of this episode */
    int32_t enemy_actions[SL_COMBAT_MAX_UNITS];
    sl_combat_order orders[SL_COMBAT_TICKS];
} replay;

static replay *from_base(sl_replay *base) {
    return (replay *)base;
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

static sl_status check_header(sl_replay *base, const json_t *header) {
    replay *self = from_base(base);
    const sl_recording_lines *lines = base->lines;
    const sl_env_spec *spec = base->spec;
    const json_t *fields = json_object_get(header, "unit_fields");
    self->m = (const sl_combat *)base->env;
    self->reset_masks_equal = self->units_equal = true;
    SL_TRY(check_size(lines, header, "n_agents", spec->n_agents));
    SL_TRY(check_size(lines, header, "n_enemies", self->m->map.n_enemies));
    SL_TRY(check_size(lines, header, "n_actions", spec->n_actions));
    SL_TRY(check_size(lines, header, "obs_size", spec->obs_dim));
    SL_TRY(check_size(lines, header, "state_size", spec->state_dim));
    SL_TRY(sl_recording_array(lines, fields, "key 'unit_fields'", N_FIELDS));
    for (size_t k = 0; k < N_FIELDS; k++) {
        const char *name = json_string_value(json_array_get(fields, k));
        if (!name || strcmp(name, field_names[k]) != 0) {
            return sl_recording_bad(lines, "unit field %zu is not '%s'", k, field_names[k]);
        }
    }
    return SL_OK;
}

// the opponent policy of a recorded opponent
static int32_t act_as_told(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory) {
    (void)obs, (void)avail, (void)memory;
    return ((const int32_t *)context)[unit];
}

static sl_status read_header(sl_replay *base, const json_t *header, sl_env_options *options) {
    (void)header;
    base->result.has_units = true;
    if (strcmp(sl_env_get(options, "opponent").text, SL_OPPONENT_POLICY) == 0) {
        options->policy = (sl_opponent_policy){act_as_told, from_base(base)->enemy_actions, 0};
    }
    return SL_OK;
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
        return sl_recording_bad(lines, "unit %d: '%s' is %g, not between %g and %g", u, field_names[k], f[k], low[k],
                                high[k]);
    }
    if (f[ALIVE] != (f[HP] > 0.0)) return sl_recording_bad(lines, "unit %d: alive and health disagree", u);
    return SL_OK;
}

static void get_fields(const sl_battle *b, int u, double fields[N_FIELDS]) {
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

static sl_status load_units(replay *self, const json_t *rows, const char *what) {
    const sl_recording_lines *lines = self->base.lines;
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

static sl_status read_single(const replay *self, const json_t *list) {
    const sl_recording_lines *lines = self->base.lines;
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
static sl_status compare_units(replay *self, const json_t *rows) {
    const sl_recording_lines *lines = self->base.lines;
    const sl_combat *m = self->m;
    sl_battle b = sl_combat_copy(m, 0);
    SL_TRY(sl_recording_array(lines, rows, "key 'post'", sl_combat_n_units(m)));
    for (int u = 0; u < sl_combat_n_units(m); u++) {
        double f[N_FIELDS];
        SL_TRY(read_unit(lines, m, json_array_get(rows, (size_t)u), u, f));
        double own[N_FIELDS];
        get_fields(&b, u, own);
        for (int k = 0; k < N_FIELDS; k++) {
            if (own[ALIVE] == 0.0 && f[ALIVE] == 0.0 && k != X && k != Y) continue;
            sl_replay_note(&self->base.result.max_abs_units, fabs(own[k] - f[k]));
            self->units_equal &= fabs(own[k] - f[k]) <= unit_tolerances[k];
        }
    }
    return SL_OK;
}

// the order of one tick: some of the units, each at most once
static sl_status read_order(const replay *self, const json_t *list, sl_combat_order *order) {
    const sl_recording_lines *lines = self->base.lines;
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

static sl_status compare_masks(const sl_replay *r, const json_t *rows, bool *equal) {
    const sl_recording_lines *lines = r->lines;
    int N = r->spec->n_agents, A = r->spec->n_actions;
    *equal = true;
    SL_TRY(sl_recording_array(lines, rows, "key 'avail'", N));
    for (int i = 0; i < N; i++) {
        int32_t legal[SL_COMBAT_ATTACK + SL_COMBAT_MAX_UNITS];
        SL_TRY(sl_recording_ints(lines, json_array_get(rows, (size_t)i), "a row of 'avail'", "an entry of 'avail'", A,
                                 0, 1, legal));
        for (int a = 0; a < A; a++) *equal &= legal[a] == r->avail[i * A + a];
    }
    return SL_OK;
}

static sl_status replay_reset(sl_replay *base, const json_t *line) {
    replay *self = from_base(base);
    SL_TRY(load_units(self, json_object_get(line, "units"), "key 'units'"));
    sl_battle b = sl_combat_copy(self->m, 0);
    sl_combat_write(self->m, &b, 0, &(sl_env_out){.obs = base->obs, .avail = base->avail});
    base->step_obs = base->step_state = 0.0;
    self->steps = 0;
    SL_TRY(sl_replay_compare_obs(base, json_object_get(line, "obs"), false, MAX_VALUE));
    SL_TRY(compare_masks(base, json_object_get(line, "avail"), &self->reset_masks_equal));
    base->in_episode = true;
    return SL_OK;
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

static sl_status read_step(replay *self, const json_t *object, sl_recording_event *event) {
    const sl_recording_lines *lines = self->base.lines;
    const json_t *orders = json_object_get(object, "perms"), *t = json_object_get(object, "t");
    // a piece of an episode says how many steps came before
    if (t) SL_TRY(sl_recording_int(lines, t, "key 't'", 0, MAX_STEPS, &self->steps));
    SL_TRY(load_units(self, json_object_get(object, "pre"), "key 'pre'"));
    SL_TRY(read_single(self, json_object_get(object, "single")));
    SL_TRY(sl_recording_ints(lines, json_object_get(object, "actions"), "key 'actions'", "an action",
                             self->base.spec->n_agents, 0, self->base.spec->n_actions - 1, self->base.choices));
    if (self->m->mirror) {
        SL_TRY(sl_recording_ints(lines, json_object_get(object, "enemy_actions"), "key 'enemy_actions'", "an action",
                                 self->m->map.n_enemies, 0, SL_COMBAT_ATTACK + self->m->map.n_allies - 1,
                                 self->enemy_actions));
    }
    SL_TRY(sl_recording_array(lines, orders, "key 'perms'", SL_COMBAT_TICKS));
    for (int k = 0; k < SL_COMBAT_TICKS; k++) {
        SL_TRY(read_order(self, json_array_get(orders, (size_t)k), &self->orders[k]));
    }
    return read_end(lines, object, event);
}

static sl_status replay_step(sl_replay *base, const json_t *line, sl_recording_event *event) {
    replay *self = from_base(base);
    bool equal;
    event->actions = self->base.choices;
    SL_TRY(read_step(self, line, event));
    *sl_combat_copy(self->m, 0).steps = self->steps++;
    sl_combat_replay(base->env, 0, self->base.choices, self->orders,
                     &(sl_env_out){.obs = base->obs,
                                   .state = base->state,
                                   .avail = base->avail,
                                   .reward = base->reward,
                                   .terminated = &base->terminated,
                                   .truncated = &base->truncated,
                                   .won = &base->won});
    SL_TRY(sl_replay_compare_obs(base, json_object_get(line, "obs"), false, MAX_VALUE));
    SL_TRY(compare_masks(base, json_object_get(line, "avail"), &equal));
    SL_TRY(compare_units(self, json_object_get(line, "post")));
    SL_TRY(sl_replay_compare(base, json_object_get(line, "state"), "key 'state'", base->spec->state_dim, base->state,
                             MAX_VALUE, &base->step_state));
    base->step_reward = fabs(base->reward[0] - event->reward);
    equal &= self->reset_masks_equal && event->terminated == base->terminated && event->won == base->won;
    if (json_object_get(line, "truncated")) equal &= event->truncated == base->truncated;
    sl_replay_settle(base, equal, self->units_equal);
    self->reset_masks_equal = self->units_equal = true;
    base->in_episode = !event->terminated && !event->truncated;
    return SL_OK;
}

// -------------------------------------------------------------------------------------------------------- recording

static const sl_combat *battle_of(const sl_recorded *self) {
    return (const sl_combat *)self->env;
}

static void write_header(const sl_env *env, json_t *header) {
    const sl_env_spec *spec = &env->spec;
    json_t *fields = json_array();
    for (int k = 0; k < N_FIELDS; k++) (void)json_array_append_new(fields, json_string(field_names[k]));
    json_t *sizes = json_pack("{s:i,s:i,s:i,s:i,s:i,s:o}", "n_agents", spec->n_agents, "n_enemies",
                              ((const sl_combat *)env)->map.n_enemies, "n_actions", spec->n_actions, "obs_size",
                              spec->obs_dim, "state_size", spec->state_dim, "unit_fields", fields);
    (void)json_object_update(header, sizes);
    json_decref(sizes);
}

static void put_units(sl_recorded *self, const char *key) {
    sl_battle b = sl_combat_copy(battle_of(self), 0);
    int n = sl_combat_n_units(battle_of(self));
    sl_recording_put(&self->writer, ",\"%s\":[", key);
    for (int u = 0; u < n; u++) {
        double f[N_FIELDS];
        get_fields(&b, u, f);
        // a float32 reads back as itself too
        sl_recording_put_doubles(&self->writer, N_FIELDS, f, 1);
        sl_recording_put(&self->writer, "%s", sl_recording_comma(u, n));
    }
}

// whose velocity is a float32 number by its type, which the numbers cannot tell
static void put_single(sl_recorded *self) {
    sl_battle b = sl_combat_copy(battle_of(self), 0);
    uint64_t rest = *b.single & *b.alive;
    sl_recording_put(&self->writer, rest ? ",\"single\":[" : ",\"single\":[]");
    while (rest) {
        int u = sl_combat_next(&rest);
        sl_recording_put(&self->writer, "%d%s", u, rest ? "," : "]");
    }
}

static void put_view(sl_recorded *self, bool with_state) {
    int N = self->spec->n_agents, A = self->spec->n_actions;
    sl_battle b = sl_combat_copy(battle_of(self), 0);
    sl_combat_write(battle_of(self), &b, 0,
                    &(sl_env_out){.obs = self->obs, .state = with_state ? self->state : NULL, .avail = self->avail});
    sl_recording_put(&self->writer, ",\"avail\":[");
    for (int i = 0; i < N; i++) {
        sl_recording_put_bytes(&self->writer, A, self->avail + i * A);
        sl_recording_put(&self->writer, "%s", sl_recording_comma(i, N));
    }
    sl_recording_put_obs(&self->writer, self->spec, self->obs, false);
    if (!with_state) return;
    sl_recording_put(&self->writer, ",\"state\":");
    sl_recording_put_floats(&self->writer, self->spec->state_dim, self->state);
}

static void put_orders(sl_recorded *self, const sl_combat_order *orders) {
    sl_recording_put(&self->writer, ",\"perms\":[");
    for (int k = 0; k < SL_COMBAT_TICKS; k++) {
        sl_recording_put_bytes(&self->writer, orders[k].n, orders[k].unit);
        sl_recording_put(&self->writer, "%s", sl_recording_comma(k, SL_COMBAT_TICKS));
    }
}

// what the opponent's opponent policy ordered
static void put_enemy_actions(sl_recorded *self) {
    const int32_t *actions = sl_combat_copy(battle_of(self), 0).last + battle_of(self)->map.n_allies;
    int n = battle_of(self)->map.n_enemies;
    sl_recording_put(&self->writer, ",\"enemy_actions\":[");
    for (int j = 0; j < n; j++) sl_recording_put(&self->writer, "%d%s", (int)actions[j], sl_recording_comma(j, n));
}

static void record_step(sl_recorded *self, const int32_t *actions, sl_env_out *out) {
    sl_combat_order orders[SL_COMBAT_TICKS];
    put_units(self, "pre");
    put_single(self);
    sl_recording_put_actions(&self->writer, self->spec, actions);
    for (int k = 0; k < SL_COMBAT_TICKS; k++) orders[k].n = -1;
    sl_combat_replay(self->env, 0, actions, orders, out);
    if (battle_of(self)->mirror) put_enemy_actions(self);
    put_orders(self, orders);
    sl_recording_put(&self->writer, ",\"reward\":");
    sl_recording_put_double(&self->writer, out->reward[0]);
    sl_recording_put(&self->writer, ",\"done\":%s,\"truncated\":%s,\"battle_won\":%s",
                     sl_recording_truth(*out->terminated), sl_recording_truth(*out->truncated),
                     sl_recording_truth(*out->won));
    put_units(self, "post");
    put_view(self, true);
}

static void record_reset(sl_recorded *self, sl_env_out *out) {
    sl_env_reset(self->env, 0, 1, NULL, out);
    put_units(self, "units");
    put_view(self, false);
}

const sl_recording_class sl_combat_recording = {
    .replay_bytes = sizeof(replay),
    .read_header = read_header,
    .check_header = check_header,
    .replay_reset = replay_reset,
    .replay_step = replay_step,
    .write_header = write_header,
    .record_reset = record_reset,
    .record_step = record_step,
};
