/* program.c - linear programs in two dimensions (de Berg, Cheong, van Kreveld, Overmars, chapter 4): line after line
 * is added, and where one forbids the best velocity so far, the best on that line takes its place. Nothing is kept
 * between calls. */
#include "envs/combat/plane.h"

static const double EPSILON = 1e-5;

/* What a linear program optimises: the point closest to goal, or the farthest along it (a unit vector). */
typedef struct objective {
    vec goal;
    bool along;
    double max_speed;
} objective;

// the best point of line i within the disc and left of the lines before it; result is left alone when there is none
static bool solve_on_line(const line *all, int i, const objective *o, vec *result) {
    line own = all[i];
    double along = dot(own.point, own.direction).v;
    double discriminant = along * along + o->max_speed * o->max_speed - dot(own.point, own.point).v;
    if (discriminant < 0.0) return false;
    double half = sqrt(discriminant), left = -along - half, right = -along + half;
    for (int j = 0; j < i; j++) {
        num denominator = det(own.direction, all[j].direction);
        num numerator = det(all[j].direction, sub(own.point, all[j].point));
        if (fabs(denominator.v) < EPSILON) {
            if (numerator.v < 0.0) return false;
            continue;
        }
        double t = quotient(numerator, denominator);
        if (denominator.v >= 0.0) {
            right = t < right ? t : right;
        } else {
            left = t > left ? t : left;
        }
        if (left > right) return false;
    }
    double t;
    if (o->along) {
        t = dot(o->goal, own.direction).v > 0.0 ? right : left;
    } else {
        t = dot(own.direction, sub(o->goal, own.point)).v;
        t = t < left ? left : (t > right ? right : t);
    }
    *result = add(own.point, scale(t, own.direction));
    return true;
}

// adds line after line; returns the first that leaves no solution, or n
static int solve(const line *all, int n, const objective *o, vec *result) {
    if (o->along) {
        *result = scale(o->max_speed, o->goal);
    } else if (dot(o->goal, o->goal).v > o->max_speed * o->max_speed) {
        *result = scale(o->max_speed, unit(o->goal));
    } else {
        *result = o->goal;
    }
    for (int i = 0; i < n; i++) {
        if (det(all[i].direction, sub(all[i].point, *result)).v <= 0.0) continue;
        if (!solve_on_line(all, i, o, result)) return i;
    }
    return n;
}

// where no velocity satisfies all units, the least violation: from line begin on, with the walls kept hard
static void relax(const lines *l, int n_walls, int begin, double max_speed, vec *result) {
    line projected[SL_COMBAT_MAX_LINES];
    double distance = 0.0;
    for (int i = 0; i < n_walls; i++) projected[i] = l->at[i];
    for (int i = begin; i < l->n; i++) {
        line own = l->at[i];
        if (det(own.direction, sub(own.point, *result)).v <= distance) continue;
        int n = n_walls;
        // equal violation of line i and of each line before it
        for (int j = n_walls; j < i; j++) {
            line other = l->at[j];
            num determinant = det(own.direction, other.direction);
            vec point;
            if (fabs(determinant.v) <= EPSILON) {
                if (dot(own.direction, other.direction).v > 0.0) continue;
                point = scale(0.5, add(own.point, other.point));
            } else {
                double t = quotient(det(other.direction, sub(own.point, other.point)), determinant);
                point = add(own.point, scale(t, own.direction));
            }
            projected[n++] = (line){point, unit(sub(other.direction, own.direction))};
        }
        vec before = *result;
        objective o = {.goal = turned_left(own.direction), .along = true, .max_speed = max_speed};
        // by construction the last result is feasible; it stays when rounding says otherwise
        if (solve(projected, n, &o, result) < n) *result = before;
        distance = det(own.direction, sub(own.point, *result)).v;
    }
}

vec sl_combat_best_velocity(const lines *l, int n_walls, vec goal, double max_speed) {
    objective o = {.goal = goal, .max_speed = max_speed};
    vec result;
    int failed = solve(l->at, l->n, &o, &result);
    if (failed < l->n) relax(l, n_walls, failed, max_speed, &result);
    return result;
}
