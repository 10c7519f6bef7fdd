/* avoid.c - optimal reciprocal collision avoidance (van den Berg, Guy, Lin, Manocha 2011): each neighbour and each
 * wall forbids a half-plane of velocities; the velocity is the allowed one closest to the preferred one, found by
 * linear programs in two dimensions. Called by battle.c once a tick; nothing is kept between calls.
 *
 * The look-ahead is one second, for units and walls, so the formulas carry no time horizon. */
#include "envs/combat/combat.h"

#include <math.h>

static const double EPSILON = 1e-5, TICKS_A_SECOND = 16.0;

enum { MAX_LINES = 4 * SL_COMBAT_MAX_WALLS + SL_COMBAT_MAX_UNITS };

typedef struct vec {
    double x, y;
} vec;

/* Allowed is what lies left of the line through point along direction (a unit vector). */
typedef struct line {
    vec point, direction;
} line;

typedef struct lines {
    int n;
    line at[MAX_LINES];
} lines;

static inline vec add(vec a, vec b) {
    return (vec){a.x + b.x, a.y + b.y};
}
static inline vec sub(vec a, vec b) {
    return (vec){a.x - b.x, a.y - b.y};
}
static inline vec scale(double s, vec a) {
    return (vec){s * a.x, s * a.y};
}
static inline double dot(vec a, vec b) {
    return a.x * b.x + a.y * b.y;
}
static inline double det(vec a, vec b) {
    return a.x * b.y - a.y * b.x;
}
// a zero vector has no direction: any will do, so that nothing becomes NaN
static inline vec unit(vec a) {
    double length = sqrt(dot(a, a));
    return length > 0.0 ? (vec){a.x / length, a.y / length} : (vec){1.0, 0.0};
}
static inline void push(lines *l, vec point, vec direction) {
    l->at[l->n++] = (line){point, direction};
}

/* What a linear program optimises: the point closest to goal, or the farthest along it (a unit vector). */
typedef struct objective {
    vec goal;
    bool along;
    double max_speed;
} objective;

// the best point of line i within the disc and left of the lines before it
static bool solve_on_line(const line *all, int i, const objective *o, vec *result) {
    line own = all[i];
    double along = dot(own.point, own.direction);
    double discriminant = along * along + o->max_speed * o->max_speed - dot(own.point, own.point);
    if (discriminant < 0.0) return false;
    double root = sqrt(discriminant), left = -along - root, right = -along + root;
    for (int j = 0; j < i; j++) {
        double denominator = det(own.direction, all[j].direction);
        double numerator = det(all[j].direction, sub(own.point, all[j].point));
        if (fabs(denominator) < EPSILON) {
            if (numerator < 0.0) return false;
            continue;
        }
        double t = numerator / denominator;
        if (denominator >= 0.0) {
            right = t < right ? t : right;
        } else {
            left = t > left ? t : left;
        }
        if (left > right) return false;
    }
    double t;
    if (o->along) {
        t = dot(o->goal, own.direction) > 0.0 ? right : left;
    } else {
        t = dot(own.direction, sub(o->goal, own.point));
        t = t < left ? left : (t > right ? right : t);
    }
    *result = add(own.point, scale(t, own.direction));
    return true;
}

// adds line after line; returns the first that leaves no solution, or n
static int solve(const line *all, int n, const objective *o, vec *result) {
    if (o->along) {
        *result = scale(o->max_speed, o->goal);
    } else if (dot(o->goal, o->goal) > o->max_speed * o->max_speed) {
        *result = scale(o->max_speed, unit(o->goal));
    } else {
        *result = o->goal;
    }
    for (int i = 0; i < n; i++) {
        if (det(all[i].direction, sub(all[i].point, *result)) <= 0.0) continue;
        vec before = *result;
        if (!solve_on_line(all, i, o, result)) {
            *result = before;
            return i;
        }
    }
    return n;
}

// where no velocity satisfies all units, the least violation: from line begin on, with the walls kept hard
static void relax(const lines *l, int n_walls, int begin, double max_speed, vec *result) {
    line projected[MAX_LINES];
    double distance = 0.0;
    for (int i = 0; i < n_walls; i++) projected[i] = l->at[i];
    for (int i = begin; i < l->n; i++) {
        line own = l->at[i];
        if (det(own.direction, sub(own.point, *result)) <= distance) continue;
        int n = n_walls;
        // equal violation of line i and of each line before it
        for (int j = n_walls; j < i; j++) {
            line other = l->at[j];
            double determinant = det(own.direction, other.direction);
            vec point;
            if (fabs(determinant) <= EPSILON) {
                if (dot(own.direction, other.direction) > 0.0) continue;
                point = scale(0.5, add(own.point, other.point));
            } else {
                double t = det(other.direction, sub(own.point, other.point)) / determinant;
                point = add(own.point, scale(t, own.direction));
            }
            projected[n++] = (line){point, unit(sub(other.direction, own.direction))};
        }
        vec before = *result;
        objective o = {.goal = {-own.direction.y, own.direction.x}, .along = true, .max_speed = max_speed};
        // by construction the last result is feasible; it stays when rounding says otherwise
        if (solve(projected, n, &o, result) < n) *result = before;
        distance = det(own.direction, sub(own.point, *result));
    }
}

// the half-plane that a neighbour forbids; share is this unit's part of the avoidance
static void avoid_unit(lines *l, vec position, vec velocity, double radius, double share) {
    double square = dot(position, position), leg;
    vec direction, correction;
    if (square > radius * radius) {
        vec w = sub(velocity, position);
        double ahead = dot(w, position), w_square = dot(w, w);
        if (ahead < 0.0 && ahead * ahead > radius * radius * w_square) {
            // the rounded end of the cone
            double length = sqrt(w_square);
            vec w_unit = unit(w);
            direction = (vec){w_unit.y, -w_unit.x};
            correction = scale(radius - length, w_unit);
        } else {
            leg = sqrt(square - radius * radius);
            if (det(position, w) > 0.0) {
                direction = (vec){(position.x * leg - position.y * radius) / square,
                                  (position.x * radius + position.y * leg) / square};
            } else {
                direction = (vec){-(position.x * leg + position.y * radius) / square,
                                  -(-position.x * radius + position.y * leg) / square};
            }
            correction = sub(scale(dot(velocity, direction), direction), velocity);
        }
    } else {
        // overlapping: apart within one tick
        vec w = sub(velocity, scale(TICKS_A_SECOND, position));
        double length = sqrt(dot(w, w));
        vec w_unit = unit(w);
        direction = (vec){w_unit.y, -w_unit.x};
        correction = scale(TICKS_A_SECOND * radius - length, w_unit);
    }
    push(l, scale(share, correction), direction);
}

/* One edge of a wall, seen from the unit: first and second corner, and the direction from one to the other. */
typedef struct edge {
    vec first, second, along;
} edge;

// an edge that is touched forbids every velocity into it; returns true when that settles it
static bool touch_wall(lines *l, const edge *e, vec next_along, double s, double square1, double square2,
                       double line_square, double radius_square) {
    vec zero = {0.0, 0.0};
    if (s < 0.0 && square1 <= radius_square) {
        push(l, zero, unit((vec){-e->first.y, e->first.x}));
        return true;
    }
    if (s > 1.0 && square2 <= radius_square) {
        // the next edge takes care of the corner when it is seen as well
        if (det(e->second, next_along) >= 0.0) push(l, zero, unit((vec){-e->second.y, e->second.x}));
        return true;
    }
    if (s >= 0.0 && s < 1.0 && line_square <= radius_square) {
        push(l, zero, scale(-1.0, e->along));
        return true;
    }
    return false;
}

// length of the tangent from the unit to the circle about a corner
static double tangent(double square, double radius) {
    double rest = square - radius * radius;
    return rest > 0.0 ? sqrt(rest) : 0.0;
}

static vec left_leg(vec corner, double square, double radius) {
    double leg = tangent(square, radius);
    return (vec){(corner.x * leg - corner.y * radius) / square, (corner.x * radius + corner.y * leg) / square};
}

static vec right_leg(vec corner, double square, double radius) {
    double leg = tangent(square, radius);
    return (vec){(corner.x * leg + corner.y * radius) / square, (-corner.x * radius + corner.y * leg) / square};
}

// the boundary shifted out by the radius. The reference shifts both coordinates by the direction's y
static vec offset(vec direction, double radius, bool fixed) {
    return fixed ? (vec){-direction.y * radius, direction.x * radius}
                 : (vec){-direction.y * radius, -direction.y * radius};
}

// the nearest of cut-off line and legs
static void project_on_wall(lines *l, const edge *e, bool one_corner, double t, vec left, vec right,
                            bool left_foreign, bool right_foreign, vec velocity, double radius, bool fixed) {
    vec from_first = sub(velocity, e->first), from_second = sub(velocity, e->second);
    double t_left = dot(from_first, left), t_right = dot(from_second, right);
    if ((t < 0.0 && t_left < 0.0) || (one_corner && t_left < 0.0 && t_right < 0.0)) {
        vec w = unit(from_first);
        push(l, add(e->first, scale(radius, w)), (vec){w.y, -w.x});
        return;
    }
    if (t > 1.0 && t_right < 0.0) {
        vec w = unit(from_second);
        push(l, add(e->second, scale(radius, w)), (vec){w.y, -w.x});
        return;
    }
    vec cut = sub(e->second, e->first);
    vec to_cut = sub(velocity, add(e->first, scale(t, cut)));
    vec to_left = sub(from_first, scale(t_left, left)), to_right = sub(from_second, scale(t_right, right));
    double cut_square = t < 0.0 || t > 1.0 || one_corner ? INFINITY : dot(to_cut, to_cut);
    double left_square = t_left < 0.0 ? INFINITY : dot(to_left, to_left);
    double right_square = t_right < 0.0 ? INFINITY : dot(to_right, to_right);
    if (cut_square <= left_square && cut_square <= right_square) {
        vec direction = scale(-1.0, e->along);
        push(l, add(e->first, offset(direction, radius, fixed)), direction);
    } else if (left_square <= right_square) {
        if (!left_foreign) push(l, add(e->first, offset(left, radius, fixed)), left);
    } else if (!right_foreign) {
        vec direction = scale(-1.0, right);
        push(l, add(e->second, offset(direction, radius, fixed)), direction);
    }
}

// corners of walls are convex, always
static void avoid_edge(lines *l, edge e, vec previous_along, vec next_along, vec velocity, double radius,
                       bool fixed) {
    for (int j = 0; j < l->n; j++) {
        // covered by an earlier line already
        line *seen = &l->at[j];
        if (det(sub(e.first, seen->point), seen->direction) - radius >= -EPSILON &&
            det(sub(e.second, seen->point), seen->direction) - radius >= -EPSILON) {
            return;
        }
    }
    double square1 = dot(e.first, e.first), square2 = dot(e.second, e.second);
    vec whole = sub(e.second, e.first);
    double s = -dot(e.first, whole) / dot(whole, whole);
    vec gap = sub(scale(-1.0, e.first), scale(s, whole));
    double line_square = dot(gap, gap), radius_square = radius * radius;
    if (touch_wall(l, &e, next_along, s, square1, square2, line_square, radius_square)) return;
    bool one_corner = line_square <= radius_square;
    vec along_first = e.along, along_second = next_along, before_first = previous_along;
    if (one_corner && s < 0.0) {
        // seen end on: the first corner stands for the edge
        e.second = e.first;
        square2 = square1;
        along_second = e.along;
    } else if (one_corner && s > 1.0) {
        e.first = e.second;
        square1 = square2;
        along_first = next_along;
        // the reference keeps the edge before the one it looked at, not the one before the corner
        if (fixed) before_first = e.along;
    } else {
        one_corner = false;
    }
    e.along = along_first;
    vec left = left_leg(e.first, square1, radius), right = right_leg(e.second, square2, radius);
    bool left_foreign = false, right_foreign = false;
    vec back = scale(-1.0, before_first);
    if (det(left, back) >= 0.0) {
        left = back;
        left_foreign = true;
    }
    if (det(right, along_second) <= 0.0) {
        right = along_second;
        right_foreign = true;
    }
    vec cut = sub(e.second, e.first);
    double t = one_corner ? 0.5 : dot(sub(velocity, e.first), cut) / dot(cut, cut);
    project_on_wall(l, &e, one_corner, t, left, right, left_foreign, right_foreign, velocity, radius, fixed);
}

// the edges that face the unit, counter-clockwise from the lower left corner
static void avoid_wall(lines *l, const sl_combat_wall *w, vec position, vec velocity, double radius, bool fixed) {
    static const vec along[4] = {{1.0, 0.0}, {0.0, 1.0}, {-1.0, 0.0}, {0.0, -1.0}};
    const vec corners[4] = {{w->x0, w->y0}, {w->x1, w->y0}, {w->x1, w->y1}, {w->x0, w->y1}};
    const bool faces[4] = {position.y<w->y0, position.x> w->x1, position.y > w->y1, position.x < w->x0};
    for (int k = 0; k < 4; k++) {
        if (!faces[k]) continue;
        edge e = {sub(corners[k], position), sub(corners[(k + 1) % 4], position), along[k]};
        avoid_edge(l, e, along[(k + 3) % 4], along[(k + 1) % 4], velocity, radius, fixed);
    }
}

static bool near_wall(const sl_combat_wall *w, double x, double y, double reach) {
    double dx = x < w->x0 ? w->x0 - x : (x > w->x1 ? x - w->x1 : 0.0);
    double dy = y < w->y0 ? w->y0 - y : (y > w->y1 ? y - w->y1 : 0.0);
    return dx * dx + dy * dy <= reach * reach;
}

void sl_combat_avoid(const sl_combat *m, const sl_battle *b, uint64_t movers, const double *x, const double *y,
                     const double *px, const double *py, double *vx, double *vy) {
    lines l;
    for (uint64_t rest = movers; rest;) {
        int u = sl_combat_next(&rest);
        double radius = m->radius[u], speed = m->type[u]->speed;
        vec position = {x[u], y[u]}, velocity = {b->vx[u], b->vy[u]};
        l.n = 0;
        for (int w = 0; w < m->map.n_walls; w++) {
            const sl_combat_wall *wall = &m->map.walls[w];
            if (near_wall(wall, x[u], y[u], radius + speed)) {
                avoid_wall(&l, wall, position, velocity, radius, m->wall_offset_fix);
            }
        }
        int n_walls = l.n;
        double reach = m->largest_radius + radius;
        uint64_t near = sl_combat_within(x, y, m->map.n_allies + m->map.n_enemies, x[u], y[u], reach * reach) &
                        *b->alive & ~((uint64_t)1 << u);
        while (near) {
            int j = sl_combat_next(&near);
            vec relative = sub(velocity, (vec){b->vx[j], b->vy[j]});
            // the difference of two positions is rounded to float32, as in the reference
            vec apart = {(double)(b->x[j] - b->x[u]), (double)(b->y[j] - b->y[u])};
            avoid_unit(&l, apart, relative, radius + m->radius[j], sl_combat_has(movers, j) ? 0.5 : 1.0);
            l.at[l.n - 1].point = add(velocity, l.at[l.n - 1].point);
        }
        // nothing in the way
        if (l.n == 0 && px[u] * px[u] + py[u] * py[u] <= speed * speed) {
            vx[u] = px[u];
            vy[u] = py[u];
            continue;
        }
        objective o = {.goal = {px[u], py[u]}, .max_speed = speed};
        vec result;
        int failed = solve(l.at, l.n, &o, &result);
        if (failed < l.n) relax(&l, n_walls, failed, speed, &result);
        vx[u] = result.x;
        vy[u] = result.y;
    }
}
