/* measure.h - distances and overlaps over the lanes of a tile, for rewards and visibility. Inside envs/mpe only. */
#ifndef SL_ENVS_MPE_MEASURE_H
#define SL_ENVS_MPE_MEASURE_H

#include "envs/mpe/state.h"

#include <math.h>

/* |p_a - p_b|^2, in one lane and in all */
static inline double sl_mpe_lane_square_distance(sl_mpe_row *rows, int a, int b, int lane) {
    double dx = rows[sl_mpe_x(a)][lane] - rows[sl_mpe_x(b)][lane];
    double dy = rows[sl_mpe_y(a)][lane] - rows[sl_mpe_y(b)][lane];
    return dx * dx + dy * dy;
}
static inline void sl_mpe_square_distance(sl_mpe_row *rows, int a, int b, double *restrict d2) {
    for (int l = 0; l < SL_ENV_LANES; l++) d2[l] = sl_mpe_lane_square_distance(rows, a, b, l);
}

/* |p_i - goal|^2, the goal's x and y in the derived rows k and k + 1. */
static inline void sl_mpe_goal_square_distance(const sl_mpe *m, sl_mpe_row *rows, int i, int k, double *restrict d2) {
    const double *x = rows[sl_mpe_x(i)], *y = rows[sl_mpe_y(i)];
    const double *gx = rows[sl_mpe_extra(m, k)], *gy = rows[sl_mpe_extra(m, k + 1)];
    for (int l = 0; l < SL_ENV_LANES; l++) {
        double dx = x[l] - gx[l], dy = y[l] - gy[l];
        d2[l] = dx * dx + dy * dy;
    }
}

/* overlap = 1 in the lanes in which a and b overlap, else 0 */
static inline void sl_mpe_overlap(const sl_mpe *m, sl_mpe_row *rows, int a, int b, double *restrict overlap) {
    double reach = m->entities[a].radius + m->entities[b].radius;
    sl_mpe_square_distance(rows, a, b, overlap);
    for (int l = 0; l < SL_ENV_LANES; l++) overlap[l] = sqrt(overlap[l]) < reach ? 1.0 : 0.0;
}

/* The least square of a distance whose root is not below reach: to compare squares is to compare distances, rounded
 * roots and all. */
static inline double sl_mpe_reach_square(double reach) {
    double square = reach * reach;
    while (sqrt(square) >= reach) square = nextafter(square, 0.0);
    while (sqrt(square) < reach) square = nextafter(square, INFINITY);
    return square;
}

/* out = low everywhere but high in the row of index, of n derived rows from k, in one lane: a colour */
static inline void sl_mpe_set_one_hot(const sl_mpe *m, sl_mpe_row *rows, int lane, int k, int n, int index,
                                      double low, double high) {
    for (int c = 0; c < n; c++) rows[sl_mpe_extra(m, k + c)][lane] = c == index ? high : low;
}

/* The derived rows k and k + 1 become the position of landmark goal, in one lane. */
static inline void sl_mpe_set_goal(const sl_mpe *m, sl_mpe_row *rows, int lane, int k, int goal) {
    rows[sl_mpe_extra(m, k)][lane] = rows[sl_mpe_x(m->N + goal)][lane];
    rows[sl_mpe_extra(m, k + 1)][lane] = rows[sl_mpe_y(m->N + goal)][lane];
}

/* Tag's and world_comm's price of leaving the screen, for each coordinate x of agent i:
 * 0 below 0.9, 10 (|x| - 0.9) below 1, then min(e^(2|x| - 2), 10). */
static inline void sl_mpe_leave_price(sl_mpe_row *rows, int i, double *restrict price) {
    for (int l = 0; l < SL_ENV_LANES; l++) {
        price[l] = 0.0;
        for (int axis = 0; axis < 2; axis++) {
            double x = fabs(rows[sl_mpe_x(i) + axis][l]);
            if (x >= 1.0) {
                price[l] += x >= 2.2 ? 10.0 : fmin(exp(2.0 * x - 2.0), 10.0);
            } else if (x >= 0.9) {
                price[l] += (x - 0.9) * 10.0;
            }
        }
    }
}

#endif
