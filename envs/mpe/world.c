/* world.c - the physics of a tile: contact forces and explicit Euler integration, in float64 like the reference. */
#include "envs/mpe/world.h"

#include <math.h>

static const double DT = 0.1, DAMPING = 0.25, CONTACT_FORCE = 100.0, CONTACT_MARGIN = 1e-3;
/* Farther apart than this, the softplus is below 1e-18 and left out. */
static const double CONTACT_REACH = 0.04;

// log(1 + e^x); beyond |x| = 40 the correction is below the last bit of x, or below 1e-17
static double softplus(double x) {
    double magnitude = fabs(x);
    double positive = x > 0.0 ? x : 0.0;
    return magnitude > 40.0 ? positive : positive + log1p(exp(-magnitude));
}

// the force of one touching pair in one lane: f = K * delta / dist * margin * softplus((reach - dist) / margin)
static void push_apart(const sl_mpe *m, sl_mpe_pair pair, int lane, double dx, double dy, sl_mpe_row *fx,
                       sl_mpe_row *fy) {
    double reach = m->entities[pair.a].radius + m->entities[pair.b].radius;
    double dist = sqrt(dx * dx + dy * dy);
    // coinciding entities have no direction to be pushed in (the reference yields NaN)
    if (dist == 0.0) return;
    double penetration = softplus(-(dist - reach) / CONTACT_MARGIN) * CONTACT_MARGIN;
    double px = CONTACT_FORCE * dx / dist * penetration;
    double py = CONTACT_FORCE * dy / dist * penetration;
    if (m->entities[pair.a].movable) {
        fx[pair.a][lane] += px;
        fy[pair.a][lane] += py;
    }
    if (m->entities[pair.b].movable) {
        fx[pair.b][lane] -= px;
        fy[pair.b][lane] -= py;
    }
}

SL_MPE_FOR_WIDTH void add_contacts(const sl_mpe *m, sl_mpe_row *rows, int width, sl_mpe_row *fx, sl_mpe_row *fy) {
    for (int p = 0; p < m->n_pairs; p++) {
        sl_mpe_pair pair = m->pairs[p];
        double reach = m->entities[pair.a].radius + m->entities[pair.b].radius + CONTACT_REACH;
        double reach2 = reach * reach;
        const double *ax = rows[sl_mpe_x(pair.a)], *bx = rows[sl_mpe_x(pair.b)];
        const double *ay = rows[sl_mpe_y(pair.a)], *by = rows[sl_mpe_y(pair.b)];
        // the cheap test over all lanes first: most pairs are far apart
        int64_t near[SL_ENV_LANES], any = 0;
        SL_MPE_EACH_LANE(l, width) {
            double dx = ax[l] - bx[l], dy = ay[l] - by[l];
            near[l] = dx * dx + dy * dy < reach2;
            any |= near[l];
        }
        if (!any) continue;
        SL_MPE_EACH_LANE(l, width) {
            if (near[l]) push_apart(m, pair, l, ax[l] - bx[l], ay[l] - by[l], fx, fy);
        }
    }
}

// v <- (1 - d) v + F dt, then cut to the maximal speed
SL_MPE_FOR_WIDTH void accelerate(double *restrict vx, double *restrict vy, const double *restrict fx,
                                 const double *restrict fy, double max_speed, int width) {
    SL_MPE_EACH_LANE(l, width) {
        vx[l] = vx[l] * (1.0 - DAMPING) + fx[l] * DT;
        vy[l] = vy[l] * (1.0 - DAMPING) + fy[l] * DT;
    }
    if (max_speed <= 0.0) return;
    SL_MPE_EACH_LANE(l, width) {
        double speed = sqrt(vx[l] * vx[l] + vy[l] * vy[l]);
        bool fast = speed > max_speed;
        double divisor = fast ? speed : 1.0, factor = fast ? max_speed : 1.0;
        vx[l] = vx[l] / divisor * factor;
        vy[l] = vy[l] / divisor * factor;
    }
}

SL_MPE_FOR_WIDTH void advance(double *restrict x, double *restrict y, const double *restrict vx,
                              const double *restrict vy, int width) {
    SL_MPE_EACH_LANE(l, width) {
        x[l] += vx[l] * DT;
        y[l] += vy[l] * DT;
    }
}

SL_MPE_FOR_WIDTH void move(const sl_mpe *m, sl_mpe_row *rows, int width, sl_mpe_row *fx, sl_mpe_row *fy) {
    add_contacts(m, rows, width, fx, fy);
    for (int i = 0; i < m->N; i++) {
        if (!m->entities[i].movable) continue;
        double *x = rows[sl_mpe_x(i)], *y = rows[sl_mpe_y(i)];
        double *vx = rows[sl_mpe_vx(m, i)], *vy = rows[sl_mpe_vy(m, i)];
        double max_speed = m->entities[i].max_speed;
        // the reference moves with the old velocity; OpenAI's original with the new one
        if (!m->legacy) advance(x, y, vx, vy, width);
        accelerate(vx, vy, fx[i], fy[i], max_speed, width);
        if (m->legacy) advance(x, y, vx, vy, width);
    }
}

void sl_mpe_move(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *fx, sl_mpe_row *fy) {
    switch (sl_mpe_width(m, rows)) {
    case 4:
        move(m, rows, 4, fx, fy);
        return;
    case 8:
        move(m, rows, 8, fx, fy);
        return;
    default:
        move(m, rows, SL_ENV_LANES, fx, fy);
    }
}
