/* battle.c - one step of a battle: eight ticks of a sixteenth of a second. In a tick every unit chooses its target
 * and the velocity that it wants, all of them avoid one another at once, and then, in random order, each moves and
 * shoots. Nothing is kept between calls. */
#include "envs/combat/battle.h"

#include "envs/combat/actions.h"
#include "envs/combat/avoid.h"
#include "envs/combat/opponent.h"

#include <math.h>
#include <string.h>

static const double TICK = 1.0 / 16.0, SCAN = 5.0, SHIELD_DELAY = 10.0, SHIELD_GAIN = 0.125;
static const double KILL_REWARD = 10.0, WIN_REWARD = 200.0, FULL_RETURN = 20.0;

/* What the commanded were told to do in this step. */
typedef struct commands {
    int32_t target[SL_COMBAT_MAX_UNITS]; /* who is to be attacked, or -1 */
    uint64_t walkers;                    /* those who go to: */
    double x[SL_COMBAT_MAX_UNITS], y[SL_COMBAT_MAX_UNITS];
} commands;

// an illegal action does nothing
static int32_t legal(const sl_combat *m, const sl_battle *b, int u, int32_t action) {
    if (!sl_combat_has(*b->alive, u) || action < 0 || action >= m->base.spec.n_actions) return 0;
    if (action >= SL_COMBAT_ATTACK) {
        return sl_combat_can_attack(b, u, m->map.n_allies + action - SL_COMBAT_ATTACK) ? action : 0;
    }
    if (action >= 2) return sl_combat_can_move(m, b, u, action - 2) ? action : 0;
    return action;
}

// a legal action of unit u: its targets begin at unit first, a walk leads to a point so far ahead
static void command(const sl_battle *b, commands *c, int u, int32_t action, int first, double ahead) {
    if (action >= SL_COMBAT_ATTACK) {
        c->target[u] = first + action - SL_COMBAT_ATTACK;
    } else if (action >= 2) {
        c->walkers |= (uint64_t)1 << u;
        c->x[u] = (double)b->x[u] + ahead * sl_combat_step_x[action - 2];
        c->y[u] = (double)b->y[u] + ahead * sl_combat_step_y[action - 2];
    }
}

static void take_commands(const sl_combat *m, const sl_battle *b, const int32_t *actions, commands *c) {
    c->walkers = 0;
    memset(c->target, -1, sizeof c->target);
    for (int u = 0; u < m->map.n_allies; u++) {
        b->last[u] = legal(m, b, u, actions[u]);
        command(b, c, u, b->last[u], m->map.n_allies, 2.0);
    }
    if (!m->mirror) return;
    // an opponent policy's north is our south
    int32_t *theirs = b->last + m->map.n_allies;
    sl_combat_ask_opponent(m, b, theirs);
    for (int j = 0; j < m->map.n_enemies; j++) command(b, c, m->map.n_allies + j, theirs[j], 0, -2.0);
}

static bool in_reach(const sl_combat *m, const sl_battle *b, int u, int t) {
    return sl_combat_near(b, u, t, m->type[u]->range + m->radius[t] + m->radius[u]);
}

// targets that are gone, or that a scripted enemy need not answer any more
static void forget_targets(const sl_combat *m, const sl_battle *b, const commands *c, sl_combat_scene *s) {
    uint64_t alive = *b->alive;
    for (int u = 0; u < m->n_commanded; u++) {
        int t = c->target[u];
        bool hunts = t >= 0 && sl_combat_has(alive, u) && sl_combat_has(alive, t);
        b->target[u] = hunts ? t : -1;
        if (hunts) s->hunted |= (uint64_t)1 << t;
    }
    for (int u = m->n_commanded; u < sl_combat_n_units(m); u++) {
        int t = b->target[u];
        if (t < 0) continue;
        bool keep = sl_combat_has(alive, u) && sl_combat_has(alive, t) && (b->target[t] == u || in_reach(m, b, u, t));
        if (!keep) b->target[u] = -1;
    }
}

// the closest ally that is in sight, or else the first that aims at this enemy
static int find_target(const sl_combat *m, const sl_battle *b, const sl_combat_scene *s, int u) {
    double limit = SCAN + m->largest_radius, nearest = INFINITY, x = s->x[u], y = s->y[u];
    uint64_t allies = *b->alive & sl_combat_range(0, m->map.n_allies);
    int best = -1;
    for (uint64_t rest = sl_combat_within(s->x, s->y, m->map.n_allies, x, y, limit * limit) & allies; rest;) {
        int t = sl_combat_next(&rest);
        double dx = s->x[t] - x, dy = s->y[t] - y, d = sqrt(dx * dx + dy * dy);
        if (d < nearest && (d < SCAN + m->radius[t] || b->target[t] == u)) {
            nearest = d;
            best = t;
        }
    }
    if (best >= 0 || !sl_combat_has(s->hunted, u)) return best;
    for (uint64_t rest = allies; rest && best < 0;) {
        int t = sl_combat_next(&rest);
        if (b->target[t] == u) best = t;
    }
    return best;
}

// towards a fixed point, in float64
static void want_point(const sl_combat *m, const sl_battle *b, sl_combat_scene *s, int u, double x, double y) {
    double dx = x - (double)b->x[u], dy = y - (double)b->y[u], d = sqrt(fma(dy, dy, dx * dx));
    if (d == 0.0) return;
    double speed = m->type[u]->speed;
    s->px[u] = dx * speed / d;
    s->py[u] = dy * speed / d;
    s->movers |= (uint64_t)1 << u;
}

// towards a unit, in float32 as in the reference; within reach it stands and shoots
static void want_unit(const sl_combat *m, const sl_battle *b, sl_combat_scene *s, int u, int t) {
    if (in_reach(m, b, u, t)) {
        s->attackers |= (uint64_t)1 << u;
        return;
    }
    float dx = b->x[t] - b->x[u], dy = b->y[t] - b->y[u], xx = dx * dx, yy = dy * dy, d = sqrtf(xx + yy);
    float speed = (float)m->type[u]->speed, px = dx * speed / d, py = dy * speed / d;
    s->px[u] = (double)px;
    s->py[u] = (double)py;
    s->movers |= (uint64_t)1 << u;
    s->chasers |= (uint64_t)1 << u;
}

static void want_commanded(const sl_combat *m, const sl_battle *b, const commands *c, sl_combat_scene *s) {
    for (uint64_t rest = *b->alive & sl_combat_range(0, m->n_commanded); rest;) {
        int u = sl_combat_next(&rest), t = c->target[u];
        if (sl_combat_has(c->walkers, u)) want_point(m, b, s, u, c->x[u], c->y[u]);
        // in the reference an order to attack outlives its target until the step ends
        if (t >= 0 && (m->corpse_attack || sl_combat_has(*b->alive, t))) want_unit(m, b, s, u, t);
    }
}

static void want_scripted(const sl_combat *m, const sl_battle *b, sl_combat_scene *s) {
    int end = sl_combat_n_units(m);
    for (uint64_t rest = *b->alive & sl_combat_range(m->n_commanded, end); rest;) {
        int u = sl_combat_next(&rest);
        if (b->target[u] < 0) b->target[u] = find_target(m, b, s, u);
        if (b->target[u] >= 0) {
            want_unit(m, b, s, u, b->target[u]);
        } else {
            want_point(m, b, s, u, m->map.goal_x, m->map.goal_y);
        }
        // an enemy that holds its ground shoots what comes into reach, and stays
        if (m->hold) s->movers &= ~((uint64_t)1 << u);
    }
}

// one shot: blow by blow, shields first; they know no armor
static double hit(const sl_combat *m, const sl_battle *b, int u, int t) {
    const sl_combat_type *own = m->type[u], *other = m->type[t];
    double blow = own->damage + (other->armored ? own->bonus : 0.0), gain = 0.0;
    for (int k = 0; k < own->attacks && sl_combat_has(*b->alive, t); k++) {
        double from_shield = blow < b->shield[t] ? blow : b->shield[t];
        double rest = blow - from_shield - other->armor;
        rest = rest > 0.0 ? rest : 0.0;
        double from_hp = rest < b->hp[t] ? rest : b->hp[t];
        b->shield[t] -= from_shield;
        b->hp[t] -= from_hp;
        if (other->shield > 0.0) b->delay[t] = SHIELD_DELAY;
        gain += from_shield + from_hp;
        if (b->hp[t] <= 0.0) {
            *b->alive &= ~((uint64_t)1 << t);
            gain += KILL_REWARD;
        }
    }
    return t >= m->map.n_allies ? gain : 0.0;
}

static double count_down(double seconds) {
    double left = seconds - TICK;
    return left > 0.0 ? left : 0.0;
}

static double clamp(double x, double high) {
    return x < 0.0 ? 0.0 : (x > high ? high : x);
}

// one unit's turn; returns what it earned
static double act(const sl_combat *m, const sl_battle *b, const commands *c, const sl_combat_scene *s, int u) {
    const sl_combat_type *type = m->type[u];
    double x = (double)b->x[u] + s->vx[u] * TICK, y = (double)b->y[u] + s->vy[u] * TICK;
    if (m->clamp_to_map) {
        x = clamp(x, m->map.width);
        y = clamp(y, m->map.height);
    }
    b->vx[u] = s->vx[u];
    b->vy[u] = s->vy[u];
    b->x[u] = (float)x;
    b->y[u] = (float)y;
    b->cooldown[u] = count_down(b->cooldown[u]);
    b->delay[u] = count_down(b->delay[u]);
    if (b->delay[u] == 0.0 && b->shield[u] < type->shield) {
        double shield = b->shield[u] + SHIELD_GAIN;
        b->shield[u] = shield < type->shield ? shield : type->shield;
    }
    if (!sl_combat_has(s->attackers, u) || b->cooldown[u] > 0.0) return 0.0;
    b->cooldown[u] = type->cooldown;
    return hit(m, b, u, u < m->n_commanded ? c->target[u] : b->target[u]);
}

static int list(uint64_t set, uint8_t *unit) {
    int n = 0;
    while (set) unit[n++] = (uint8_t)sl_combat_next(&set);
    return n;
}

// Fisher-Yates, two draws from each number of the stream
static int shuffle(uint64_t set, sl_rng *stream, uint8_t *unit) {
    int n = list(set, unit);
    uint64_t bits = 0;
    for (int i = n - 1, k = 0; i > 0; i--, k++) {
        bits = k % 2 ? bits << 32 : sl_rng_u64(stream);
        int j = (int)(((bits >> 32) * (uint64_t)(i + 1)) >> 32);
        uint8_t held = unit[i];
        unit[i] = unit[j];
        unit[j] = held;
    }
    return n;
}

// the order decides who fires first, so it is drawn only for a tick in which someone fires
static bool anyone_fires(const sl_battle *b, uint64_t attackers) {
    bool fires = false;
    while (attackers) fires |= count_down(b->cooldown[sl_combat_next(&attackers)]) == 0.0;
    return fires;
}

static double execute(const sl_combat *m, const sl_battle *b, const commands *c, const sl_combat_scene *s,
                      sl_combat_order *order) {
    double gain = 0.0;
    bool drawn = (!order || order->n < 0) && anyone_fires(b, s->attackers);
    if (!order && !drawn) {
        for (uint64_t rest = *b->alive; rest;) gain += act(m, b, c, s, sl_combat_next(&rest));
        return gain;
    }
    sl_combat_order own;
    if (!order) order = &own;
    if (drawn) order->n = shuffle(*b->alive, b->stream, order->unit);
    if (order->n < 0) order->n = list(*b->alive, order->unit);
    for (int k = 0; k < order->n; k++) {
        // killed earlier in this tick
        if (sl_combat_has(*b->alive, order->unit[k])) gain += act(m, b, c, s, order->unit[k]);
    }
    return gain;
}

static double tick(const sl_combat *m, const sl_battle *b, const commands *c, sl_combat_order *order) {
    sl_combat_scene s;
    s.attackers = s.movers = s.chasers = s.hunted = 0;
    for (int u = 0; u < m->P; u++) {
        s.x[u] = (double)b->x[u];
        s.y[u] = (double)b->y[u];
        s.px[u] = s.py[u] = s.vx[u] = s.vy[u] = 0.0;
    }
    forget_targets(m, b, c, &s);
    want_commanded(m, b, c, &s);
    want_scripted(m, b, &s);
    sl_combat_avoid(m, b, &s);
    *b->single = s.single;
    return execute(m, b, c, &s, order);
}

double sl_combat_step(const sl_combat *m, const sl_battle *b, const int32_t *actions, sl_combat_order *orders) {
    commands c;
    double gain = 0.0;
    take_commands(m, b, actions, &c);
    for (int k = 0; k < SL_COMBAT_TICKS; k++) gain += tick(m, b, &c, orders ? &orders[k] : NULL);
    uint64_t enemies = sl_combat_range(m->map.n_allies, sl_combat_n_units(m));
    if (!(*b->alive & enemies)) gain += WIN_REWARD;
    return gain / (m->max_reward / FULL_RETURN);
}
