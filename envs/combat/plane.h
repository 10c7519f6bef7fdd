/* plane.h - velocities in the plane, each with the type that the reference keeps it in: NumPy's arrays of two
 * numbers, float64 or float32, and its scalars. What two float32 make is rounded to float32 after every operation;
 * with a float64 in it the result is float64. A plain number that scales a float32 array is rounded to float32 first.
 * Inner products of float64 are fused, as in the reference's BLAS. Crowds amplify the last bit, so all of it counts.
 * Inside envs/combat/ only. */
#ifndef SL_ENVS_COMBAT_PLANE_H
#define SL_ENVS_COMBAT_PLANE_H

#include "envs/combat/map.h"

#include <math.h>
#include <stdbool.h>

enum { SL_COMBAT_MAX_LINES = 4 * SL_COMBAT_MAX_WALLS + SL_COMBAT_MAX_UNITS };

/* single: the numbers are float32 values, and those computed from them are. */
typedef struct vec {
    double x, y;
    bool single;
} vec;
typedef struct num {
    double v;
    bool single;
} num;

/* Allowed is what lies left of the line through point along direction (a unit vector). */
typedef struct line {
    vec point, direction;
} line;

typedef struct lines {
    int n;
    line at[SL_COMBAT_MAX_LINES];
} lines;

// Variables of type float, not doubles that were rounded: compilers have been seen to drop such a rounding.
static inline vec add(vec a, vec b) {
    if (!(a.single & b.single)) return (vec){a.x + b.x, a.y + b.y, false};
    float x = (float)a.x + (float)b.x, y = (float)a.y + (float)b.y;
    return (vec){(double)x, (double)y, true};
}
static inline vec sub(vec a, vec b) {
    if (!(a.single & b.single)) return (vec){a.x - b.x, a.y - b.y, false};
    float x = (float)a.x - (float)b.x, y = (float)a.y - (float)b.y;
    return (vec){(double)x, (double)y, true};
}
// the same with its type known to the compiler
static inline vec typed(vec a, bool single) {
    return (vec){a.x, a.y, single};
}
static inline vec negated(vec a) {
    return (vec){-a.x, -a.y, a.single};
}
static inline vec scale(double s, vec a) {
    if (!a.single) return (vec){s * a.x, s * a.y, false};
    float factor = (float)s, x = factor * (float)a.x, y = factor * (float)a.y;
    return (vec){(double)x, (double)y, true};
}
static inline num dot(vec a, vec b) {
    if (!(a.single & b.single)) return (num){fma(a.y, b.y, a.x * b.x), false};
    float x = (float)a.x * (float)b.x, y = (float)a.y * (float)b.y, sum = x + y;
    return (num){(double)sum, true};
}
static inline num det(vec a, vec b) {
    if (!(a.single & b.single)) return (num){a.x * b.y - a.y * b.x, false};
    float one = (float)a.x * (float)b.y, other = (float)a.y * (float)b.x, difference = one - other;
    return (num){(double)difference, true};
}
static inline double quotient(num a, num b) {
    if (!(a.single & b.single)) return a.v / b.v;
    float ratio = (float)a.v / (float)b.v;
    return (double)ratio;
}
static inline double root(num a) {
    if (!a.single) return sqrt(a.v);
    float r = sqrtf((float)a.v);
    return (double)r;
}
// the vector by its length; a zero vector has no direction: any will do, so that nothing becomes NaN
static inline vec shrunk(vec a, double length) {
    if (!(length > 0.0)) return (vec){1.0, 0.0, a.single};
    if (!a.single) return (vec){a.x / length, a.y / length, false};
    float divisor = (float)length, x = (float)a.x / divisor, y = (float)a.y / divisor;
    return (vec){(double)x, (double)y, true};
}
static inline vec unit(vec a) {
    return shrunk(a, root(dot(a, a)));
}
static inline vec turned_right(vec a) {
    return (vec){a.y, -a.x, a.single};
}
static inline vec turned_left(vec a) {
    return (vec){-a.y, a.x, a.single};
}
static inline void push(lines *l, vec point, vec direction) {
    l->at[l->n++] = (line){point, direction};
}

/* The velocity of at most max_speed closest to goal that all lines allow; where none does, the least violation, with
 * the first n_walls kept hard. */
vec sl_combat_best_velocity(const lines *l, int n_walls, vec goal, double max_speed);
/* The lines of a wall that is less than a second away, after those of the walls before it. All float64. */
void sl_combat_avoid_wall(const sl_combat_wall *w, vec position, vec velocity, double radius, bool offset_fix,
                          lines *l);

#endif
