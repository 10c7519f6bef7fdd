/* heuristic.c - where to go and how to brake. */
#include "envs/mpe/heuristic.h"

#include <math.h>
#include <string.h>

enum { N_MOVES = 5, COAST = 3 };

static const double MOVE_X[N_MOVES] = {0, -1, 1, 0, 0};
static const double MOVE_Y[N_MOVES] = {0, 0, 0, -1, 1};

/* An agent relative to where it wants to be. */
typedef struct glide {
    double x, y, vx, vy;
} glide;

// the world's own step, without contacts: position first
static glide glide_step(glide g, double gain, int move) {
    g.x += g.vx * 0.1;
    g.y += g.vy * 0.1;
    g.vx = g.vx * 0.75 + gain * MOVE_X[move] * 0.1;
    g.vy = g.vy * 0.75 + gain * MOVE_Y[move] * 0.1;
    return g;
}

/* The move that minimises the distance summed over the next three steps of coasting. Three, because a push shows only
 * one step later; judged over more steps, agents brake too early: -22.7 a Spread episode here, -23.3 with six. */
int32_t sl_mpe_heuristic_move(const sl_mpe *m, sl_mpe_row *rows, int lane, int i, double x, double y) {
    double best = INFINITY;
    int32_t choice = 0;
    for (int32_t move = 0; move < N_MOVES; move++) {
        glide g = {rows[sl_mpe_x(i)][lane] - x, rows[sl_mpe_y(i)][lane] - y, rows[sl_mpe_vx(m, i)][lane],
                   rows[sl_mpe_vy(m, i)][lane]};
        double cost = 0.0;
        g = glide_step(g, m->entities[i].gain, move);
        for (int t = 0; t < COAST; t++) {
            g = glide_step(g, m->entities[i].gain, 0);
            cost += sqrt(g.x * g.x + g.y * g.y);
        }
        if (cost < best) {
            best = cost;
            choice = move;
        }
    }
    return choice;
}

/* A plan's memory: doubles costs (n, n), then row prices, column prices and slack (n + 1 each); then ints match (n),
 * owner and from (n + 1 each); then seen (n + 1). */
size_t sl_mpe_plan_bytes(int n) {
    size_t N = (size_t)n, row = N + 1;
    size_t n_bytes = (N * N + 3 * row) * sizeof(double) + (N + 2 * row) * sizeof(int) + row * sizeof(bool);
    return (n_bytes + sizeof(double) - 1) / sizeof(double) * sizeof(double);
}

double *sl_mpe_plan_costs(void *plan) {
    return plan;
}

/* Shortest augmenting paths with row and column prices (Kuhn 1955, Jonker and Volgenant 1987); column 0 is a
 * stand-in for the row that is being placed. */
const int *sl_mpe_assign(int n, void *plan) {
    size_t N = (size_t)n, n_row = N + 1;
    const double *cost = plan;
    double *row_price = (double *)plan + N * N, *column_price = row_price + n_row, *slack = column_price + n_row;
    int *match = (int *)(slack + n_row), *owner = match + N, *from = owner + n_row;
    bool *seen = (bool *)(from + n_row);
    memset(row_price, 0, 2 * n_row * sizeof *row_price);
    memset(owner, 0, n_row * sizeof *owner);
    for (int row = 1; row <= n; row++) {
        int column = 0;
        memset(seen, 0, n_row * sizeof *seen);
        for (int c = 0; c <= n; c++) slack[c] = INFINITY;
        owner[0] = row;
        // grow the tree of tight edges until it reaches a free column
        do {
            seen[column] = true;
            double delta = INFINITY;
            int next = 0;
            for (int c = 1; c <= n; c++) {
                if (seen[c]) continue;
                double reduced = cost[(owner[column] - 1) * n + c - 1] - row_price[owner[column]] - column_price[c];
                if (reduced < slack[c]) {
                    slack[c] = reduced;
                    from[c] = column;
                }
                if (next == 0 || slack[c] < delta) {
                    delta = slack[c];
                    next = c;
                }
            }
            for (int c = 0; c <= n; c++) {
                if (seen[c]) {
                    row_price[owner[c]] += delta;
                    column_price[c] -= delta;
                } else {
                    slack[c] -= delta;
                }
            }
            column = next;
        } while (owner[column] != 0);
        // flip the path
        for (; column != 0; column = from[column]) owner[column] = owner[from[column]];
    }
    for (int c = 1; c <= n; c++) match[owner[c] - 1] = c - 1;
    return match;
}

void sl_mpe_heuristic_cover(const sl_mpe *m, sl_mpe_row *rows, int lane, void *plan, int32_t *actions) {
    double *cost = sl_mpe_plan_costs(plan);
    for (int i = 0; i < m->N; i++) {
        for (int k = 0; k < m->N; k++) {
            int e = m->N + k;
            // where the agent would come to rest counts, not where it is; squared, so that nobody goes very far
            double dx = rows[sl_mpe_x(i)][lane] + 0.4 * rows[sl_mpe_vx(m, i)][lane] - rows[sl_mpe_x(e)][lane];
            double dy = rows[sl_mpe_y(i)][lane] + 0.4 * rows[sl_mpe_vy(m, i)][lane] - rows[sl_mpe_y(e)][lane];
            cost[i * m->N + k] = dx * dx + dy * dy;
        }
    }
    const int *match = sl_mpe_assign(m->N, plan);
    for (int i = 0; i < m->N; i++) {
        int e = m->N + match[i];
        actions[i] = sl_mpe_heuristic_move(m, rows, lane, i, rows[sl_mpe_x(e)][lane], rows[sl_mpe_y(e)][lane]);
    }
}
