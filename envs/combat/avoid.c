/* avoid.c - optimal reciprocal collision avoidance (van den Berg, Guy, Lin, Manocha 2011): each neighbour and each
 * wall forbids a half-plane of velocities; the velocity is the allowed one closest to the preferred one. Nothing is
 * kept between calls. The look-ahead is one second, for units and walls, so the formulas carry no time horizon. */
#include "envs/combat/avoid.h"

#include "envs/combat/plane.h"

static const double TICKS_A_SECOND = 16.0;

/* A neighbour: where it is and how it moves as seen from the unit, both radii, and the unit's part of the avoidance.
 */
typedef struct neighbour {
    vec apart, velocity;
    double square, radius, share; /* square: of the distance, in float64 */
} neighbour;

// The distance's square as the reference has it, the square of a root. Where that could not change the side of bound
// on which it lies, nobody asks for the last bit: it is only used of those who are farther apart.
static double square_of_distance(double dx, double dy, double bound) {
    double square = dx * dx + dy * dy;
    if (square < bound * (1.0 - 1e-14)) return square;
    double distance = sqrt(square);
    return distance * distance;
}

/* Two types of arithmetic, each compiled for itself. */
#define FOR_EITHER_TYPE static inline __attribute__((always_inline))

// one of the two tangents from the unit to the circle about its neighbour; float64
FOR_EITHER_TYPE vec tangent(const neighbour *n, vec w) {
    vec p = n->apart;
    double leg = sqrt(n->square - n->radius * n->radius);
    if (det(p, w).v > 0.0) {
        return (vec){(p.x * leg - p.y * n->radius) / n->square, (p.x * n->radius + p.y * leg) / n->square, false};
    }
    return (vec){(-p.x * leg - p.y * n->radius) / n->square, (p.x * n->radius - p.y * leg) / n->square, false};
}

// the half-plane that a neighbour forbids; single: both velocities are float32
FOR_EITHER_TYPE void avoid_unit(lines *l, vec own_velocity, const neighbour *n, bool single) {
    double pace = n->square > n->radius * n->radius ? 1.0 : TICKS_A_SECOND; // overlapping: apart within one tick
    vec velocity = typed(n->velocity, single), w = sub(velocity, scale(pace, n->apart));
    num w_square = dot(w, w);
    bool round_end = true; // of the cone
    if (pace == 1.0) {
        double ahead = dot(w, n->apart).v;
        round_end = ahead < 0.0 && ahead * ahead > n->radius * n->radius * w_square.v;
    }
    vec direction, correction;
    if (round_end) {
        double length = root(w_square);
        vec w_unit = shrunk(w, length);
        direction = turned_right(w_unit);
        correction = scale(n->radius * pace - length, w_unit);
    } else {
        direction = tangent(n, w);
        correction = sub(scale(dot(velocity, direction).v, direction), velocity);
    }
    push(l, add(typed(own_velocity, single), scale(n->share, correction)), direction);
}

static void avoid_units(const sl_combat *m, const sl_battle *b, const sl_combat_scene *s, int u, lines *l) {
    double x = s->x[u], y = s->y[u], reach = m->largest_radius + m->radius[u];
    vec own = {b->vx[u], b->vy[u], sl_combat_has(*b->single, u)};
    uint64_t near = sl_combat_within(s->x, s->y, m->P, x, y, reach * reach) & *b->alive & ~((uint64_t)1 << u);
    while (near) {
        int j = sl_combat_next(&near);
        double radius = m->radius[u] + m->radius[j];
        vec velocity = {b->vx[j], b->vy[j], sl_combat_has(*b->single, j)};
        neighbour n = {.apart = {(double)(b->x[j] - b->x[u]), (double)(b->y[j] - b->y[u]), true},
                       .velocity = sub(own, velocity),
                       .square = square_of_distance(s->x[j] - x, s->y[j] - y, radius * radius),
                       .radius = radius,
                       .share = sl_combat_has(s->movers, j) ? 0.5 : 1.0};
        if (n.velocity.single) {
            avoid_unit(l, own, &n, true);
        } else {
            avoid_unit(l, own, &n, false);
        }
    }
}

static bool near_wall(const sl_combat_wall *w, double x, double y, double reach) {
    double dx = x < w->x0 ? w->x0 - x : (x > w->x1 ? x - w->x1 : 0.0);
    double dy = y < w->y0 ? w->y0 - y : (y > w->y1 ? y - w->y1 : 0.0);
    return (dx <= reach) & (dy <= reach) & ((dx + dy <= reach) | (dx * dx + dy * dy <= reach * reach));
}

void sl_combat_avoid(const sl_combat *m, const sl_battle *b, sl_combat_scene *s) {
    lines l;
    uint64_t single = 0;
    for (uint64_t rest = s->movers; rest;) {
        int u = sl_combat_next(&rest);
        vec wanted = {s->px[u], s->py[u], sl_combat_has(s->chasers, u)}, velocity = {b->vx[u], b->vy[u], false};
        vec position = {s->x[u], s->y[u], false};
        double speed = m->type[u]->speed, radius = m->radius[u];
        l.n = 0;
        for (int k = 0; k < m->map.n_walls; k++) {
            const sl_combat_wall *wall = &m->map.walls[k];
            if (!near_wall(wall, position.x, position.y, radius + speed)) continue;
            sl_combat_avoid_wall(wall, position, velocity, radius, m->wall_offset_fix, &l);
        }
        int n_walls = l.n;
        avoid_units(m, b, s, u, &l);
        // mostly nothing is in the way
        if (l.n > 0 || dot(wanted, wanted).v > speed * speed) {
            wanted = sl_combat_best_velocity(&l, n_walls, wanted, speed);
        }
        s->vx[u] = wanted.x;
        s->vy[u] = wanted.y;
        single |= (uint64_t)wanted.single << u;
    }
    // who stands has float64's zero
    s->single = single;
}
