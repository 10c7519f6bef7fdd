/* walls.c - the half-planes that walls forbid, with the reference's two slips unless they are switched off. Float64
 * throughout. Nothing is kept between calls. */
#include "envs/combat/plane.h"

static const double EPSILON = 1e-5;

/* One edge of a wall, seen from the unit: first and second corner, and the direction from one to the other. */
typedef struct edge {
    vec first, second, along;
} edge;

// an edge that is touched forbids every velocity into it; returns true when that settles it
static bool touch_wall(lines *l, const edge *e, vec next_along, double s, double square1, double square2,
                       double line_square, double radius_square) {
    vec zero = {0.0, 0.0, false};
    if (s < 0.0 && square1 < radius_square) {
        push(l, zero, unit(turned_left(e->first)));
        return true;
    }
    if (s > 1.0 && square2 <= radius_square) {
        // the next edge takes care of the corner when it is seen as well
        if (det(e->second, next_along).v >= 0.0) push(l, zero, unit(turned_left(e->second)));
        return true;
    }
    if (s >= 0.0 && s < 1.0 && line_square <= radius_square) {
        push(l, zero, negated(e->along));
        return true;
    }
    return false;
}

// length of the tangent from the unit to the circle about a corner
static double tangent_length(double square, double radius) {
    double rest = square - radius * radius;
    return rest > 0.0 ? sqrt(rest) : 0.0;
}

static vec left_leg(vec corner, double square, double radius) {
    double leg = tangent_length(square, radius);
    return (vec){(corner.x * leg - corner.y * radius) / square, (corner.x * radius + corner.y * leg) / square, false};
}

static vec right_leg(vec corner, double square, double radius) {
    double leg = tangent_length(square, radius);
    return (vec){(corner.x * leg + corner.y * radius) / square, (-corner.x * radius + corner.y * leg) / square,
                 false};
}

// the boundary shifted out by the radius. The reference shifts both coordinates by the direction's y
static vec offset(vec direction, double radius, bool fixed) {
    double along_x = -direction.y * radius;
    return (vec){along_x, fixed ? direction.x * radius : along_x, false};
}

// the nearest of cut-off line and legs
static void project_on_wall(lines *l, const edge *e, bool one_corner, double t, vec left, vec right,
                            bool left_foreign, bool right_foreign, vec velocity, double radius, bool fixed) {
    vec from_first = sub(velocity, e->first), from_second = sub(velocity, e->second);
    double t_left = dot(from_first, left).v, t_right = dot(from_second, right).v;
    if ((t < 0.0 && t_left < 0.0) || (one_corner && t_left < 0.0 && t_right < 0.0)) {
        vec w = unit(from_first);
        push(l, add(e->first, scale(radius, w)), turned_right(w));
        return;
    }
    if (t > 1.0 && t_right < 0.0) {
        vec w = unit(from_second);
        push(l, add(e->second, scale(radius, w)), turned_right(w));
        return;
    }
    vec cut = sub(e->second, e->first);
    vec to_cut = sub(velocity, add(e->first, scale(t, cut)));
    vec to_left = sub(velocity, add(e->first, scale(t_left, left)));
    vec to_right = sub(velocity, add(e->second, scale(t_right, right)));
    double cut_square = t < 0.0 || t > 1.0 || one_corner ? INFINITY : dot(to_cut, to_cut).v;
    double left_square = t_left < 0.0 ? INFINITY : dot(to_left, to_left).v;
    double right_square = t_right < 0.0 ? INFINITY : dot(to_right, to_right).v;
    if (cut_square <= left_square && cut_square <= right_square) {
        vec direction = negated(e->along);
        push(l, add(e->first, offset(direction, radius, fixed)), direction);
    } else if (left_square <= right_square) {
        if (!left_foreign) push(l, add(e->first, offset(left, radius, fixed)), left);
    } else if (!right_foreign) {
        vec direction = negated(right);
        push(l, add(e->second, offset(direction, radius, fixed)), direction);
    }
}

// corners of walls are convex, always
static void avoid_edge(lines *l, edge e, vec previous_along, vec next_along, vec velocity, double radius,
                       bool fixed) {
    for (int j = 0; j < l->n; j++) {
        // covered by an earlier line already
        const line *seen = &l->at[j];
        if (det(sub(e.first, seen->point), seen->direction).v - radius >= -EPSILON &&
            det(sub(e.second, seen->point), seen->direction).v - radius >= -EPSILON) {
            return;
        }
    }
    double square1 = dot(e.first, e.first).v, square2 = dot(e.second, e.second).v;
    vec whole = sub(e.second, e.first);
    double s = -dot(e.first, whole).v / dot(whole, whole).v;
    vec gap = sub(negated(e.first), scale(s, whole));
    double line_square = dot(gap, gap).v, radius_square = radius * radius;
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
    vec back = negated(before_first);
    if (det(left, back).v >= 0.0) {
        left = back;
        left_foreign = true;
    }
    if (det(right, along_second).v <= 0.0) {
        right = along_second;
        right_foreign = true;
    }
    vec cut = sub(e.second, e.first);
    double t = one_corner ? 0.5 : dot(sub(velocity, e.first), cut).v / dot(cut, cut).v;
    project_on_wall(l, &e, one_corner, t, left, right, left_foreign, right_foreign, velocity, radius, fixed);
}

// the edges that face the unit, counter-clockwise from the lower left corner
void sl_combat_avoid_wall(const sl_combat_wall *w, vec position, vec velocity, double radius, bool offset_fix,
                          lines *l) {
    static const vec along[4] = {{1.0, 0.0, false}, {0.0, 1.0, false}, {-1.0, 0.0, false}, {0.0, -1.0, false}};
    const vec corners[4] = {
        {w->x0, w->y0, false}, {w->x1, w->y0, false}, {w->x1, w->y1, false}, {w->x0, w->y1, false}};
    const bool faces[4] = {position.y<w->y0, position.x> w->x1, position.y > w->y1, position.x < w->x0};
    for (int k = 0; k < 4; k++) {
        if (!faces[k]) continue;
        edge e = {sub(corners[k], position), sub(corners[(k + 1) % 4], position), along[k]};
        avoid_edge(l, e, along[(k + 3) % 4], along[(k + 1) % 4], velocity, radius, offset_fix);
    }
}
