/* observe.c - what agents see, the joint state and the legal actions, written to the caller's rows. */
#include "envs/combat/observe.h"

#include "envs/combat/actions.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double SIGHT = 9.0, SHOT_RANGE = SL_COMBAT_SHOT_RANGE;
static const float BEYOND = 1.0f + FLT_EPSILON; /* the least distance that is out of sight, in units of SIGHT */

typedef float floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t bits __attribute__((vector_size(32)));

// sl_combat_can_attack of all units at once
static uint64_t within_shot(const sl_combat *m, const sl_battle *b, int u) {
    const bits magnitude = (bits){0} + 0x7fffffffu, bit = {1, 2, 4, 8, 16, 32, 64, 128};
    const float range = (float)SHOT_RANGE;
    uint64_t set = 0;
    for (int k = 0; k < m->P; k += 8) {
        floats dx = *(const floats *)(b->x + k) - b->x[u], dy = *(const floats *)(b->y + k) - b->y[u];
        floats sum = (floats)((bits)dx & magnitude) + (floats)((bits)dy & magnitude), square = dx * dx + dy * dy;
        bits hit = ((bits)(sum <= range) | (bits)(square <= range * range)) & bit;
        set |= (uint64_t)(hit[0] | hit[1] | hit[2] | hit[3] | hit[4] | hit[5] | hit[6] | hit[7]) << k;
    }
    return set & *b->alive;
}

static void look(const sl_combat *m, const sl_battle *b, int u, sl_combat_view *w) {
    float own_x = b->x[u], own_y = b->y[u], scale = (float)SIGHT;
    double x = w->x[u], y = w->y[u];
    for (int j = 0; j < m->P; j++) {
        w->dx[j] = (b->x[j] - own_x) / scale;
        w->dy[j] = (b->y[j] - own_y) / scale;
    }
    for (int j = 0; j < m->P; j++) {
        double dx = w->x[j] - x, dy = w->y[j] - y, square = dx * dx + dy * dy;
        float distance = (float)(sqrt(square) / SIGHT), beyond = distance > BEYOND ? distance : BEYOND;
        // however it was rounded: more than 1 for who is out of sight, as masks go by it
        w->distance[j] = square <= SIGHT * SIGHT ? distance : beyond;
    }
    uint64_t in_sight = sl_combat_within(w->x, w->y, m->P, x, y, SIGHT * SIGHT);
    w->seen = m->full ? *b->alive : in_sight & *b->alive;
    w->in_range = sl_combat_within(w->x, w->y, m->P, x, y, SHOT_RANGE * SHOT_RANGE) & *b->alive;
}

// health, shield and type; the last two only where the map has them
static float *put_unit(const sl_combat *m, const sl_combat_view *w, int u, bool shields, float *to) {
    *to++ = w->hp[u];
    if (shields) *to++ = w->shield[u];
    for (int k = 0; k < m->n_bits; k++) *to++ = m->map.type[u] == k ? 1.0f : 0.0f;
    return to;
}

static void put_other(const sl_combat *m, const sl_combat_view *w, int u, bool shields, float flag, float *to) {
    to[0] = flag;
    to[1] = w->distance[u];
    to[2] = w->dx[u];
    to[3] = w->dy[u];
    (void)put_unit(m, w, u, shields, to + 4);
}

static void write_row(const sl_combat *m, const sl_combat_view *w, int u, const uint8_t *moves, float *row) {
    int n = m->map.n_allies, enemy_len = 5 + m->enemy_shields + m->n_bits, ally_len = 5 + m->ally_shields + m->n_bits;
    for (int k = 0; k < 4; k++) row[k] = moves[k] ? 1.0f : 0.0f;
    float *enemies = row + 4, *allies = enemies + m->map.n_enemies * enemy_len;
    for (uint64_t rest = w->seen & sl_combat_range(n, n + m->map.n_enemies); rest;) {
        int j = sl_combat_next(&rest);
        put_other(m, w, j, m->enemy_shields, sl_combat_has(w->in_range, j) ? 1.0f : 0.0f,
                  enemies + (j - n) * enemy_len);
    }
    for (uint64_t rest = w->seen & sl_combat_range(0, n) & ~((uint64_t)1 << u); rest;) {
        int j = sl_combat_next(&rest);
        put_other(m, w, j, m->ally_shields, 1.0f, allies + (j - (j > u)) * ally_len);
    }
    (void)put_unit(m, w, u, m->ally_shields, allies + (n - 1) * ally_len);
}

// in reach of a shot is what the order says, in float32; the observation's flag goes by the exact distance
static void write_avail(const sl_combat *m, const sl_battle *b, int u, const uint8_t *moves, uint8_t *row) {
    uint64_t shots = within_shot(m, b, u) >> m->map.n_allies;
    row[0] = 0;
    row[1] = 1;
    memcpy(row + 2, moves, 4);
    for (int k = 0; k < m->map.n_enemies; k++) row[SL_COMBAT_ATTACK + k] = (uint8_t)(shots >> k & 1u);
}

static void write_state(const sl_combat *m, const sl_battle *b, const sl_combat_view *w, float *state) {
    int n = m->map.n_allies, A = m->base.spec.n_actions;
    double width = m->map.width, height = m->map.height;
    memset(state, 0, (size_t)m->base.spec.state_dim * sizeof *state);
    for (int u = 0; u < n + m->map.n_enemies; u++) {
        bool ally = u < n, shields = ally ? m->ally_shields : m->enemy_shields;
        int len = 3 + ally + shields + m->n_bits;
        float *to = state;
        state += len;
        if (!sl_combat_has(*b->alive, u)) continue;
        *to++ = w->hp[u];
        if (ally) *to++ = (float)(b->cooldown[u] / m->type[u]->cooldown);
        *to++ = (float)(((double)b->x[u] - width / 2.0) / width);
        *to++ = (float)(((double)b->y[u] - height / 2.0) / height);
        if (shields) *to++ = w->shield[u];
        for (int k = 0; k < m->n_bits; k++) *to++ = m->map.type[u] == k ? 1.0f : 0.0f;
    }
    // before its first step a copy has no last actions
    for (int u = 0; u < n; u++) {
        if (b->last[u] >= 0) state[u * A + b->last[u]] = 1.0f;
    }
}

void sl_combat_view_start(const sl_combat *m, const sl_battle *b, sl_combat_view *w) {
    for (int j = 0; j < m->P; j++) {
        w->x[j] = (double)b->x[j];
        w->y[j] = (double)b->y[j];
    }
    for (int u = 0; u < sl_combat_n_units(m); u++) {
        const sl_combat_type *type = m->type[u];
        w->hp[u] = (float)(b->hp[u] / type->hp);
        w->shield[u] = type->shield > 0.0 ? (float)(b->shield[u] / type->shield) : 0.0f;
    }
}

void sl_combat_write_agent(const sl_combat *m, const sl_battle *b, sl_combat_view *w, int u, float *obs,
                           uint8_t *avail) {
    uint8_t moves[4];
    for (int k = 0; k < 4; k++) moves[k] = sl_combat_can_move(m, b, u, k);
    look(m, b, u, w);
    if (obs) write_row(m, w, u, moves, obs);
    if (avail) write_avail(m, b, u, moves, avail);
}

void sl_combat_write(const sl_combat *m, const sl_battle *b, int v, const sl_env_out *out) {
    const sl_env_spec *spec = &m->base.spec;
    size_t N = (size_t)spec->n_agents, O = (size_t)spec->obs_dim, A = (size_t)spec->n_actions, at = (size_t)v * N;
    sl_combat_view w;
    sl_combat_view_start(m, b, &w);
    if (out->obs) memset(out->obs + at * O, 0, N * O * sizeof *out->obs);
    for (int u = 0; u < (int)N; u++, at++) {
        bool alive = sl_combat_has(*b->alive, u);
        if (out->alive) out->alive[at] = alive;
        if (!out->obs && !out->avail) continue;
        if (!alive) {
            // the dead see nothing and may do nothing
            if (out->avail) {
                memset(out->avail + at * A, 0, A);
                out->avail[at * A] = 1;
            }
            continue;
        }
        sl_combat_write_agent(m, b, &w, u, out->obs ? out->obs + at * O : NULL,
                              out->avail ? out->avail + at * A : NULL);
    }
    if (out->state) write_state(m, b, &w, out->state + (size_t)v * (size_t)spec->state_dim);
}
