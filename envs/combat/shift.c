/* shift.c - starts that differ from episode to episode: every group of the map is moved as a whole, so that a plan
 * learned by heart does not win. */
#include "envs/combat/map.h"

/* A group that finds no place after so many draws stays where the map has it. */
enum { MAX_DRAWS = 32 };

// keeps the bounds of a shift around 0, which the map has proved to be possible
static void narrow(double *low, double *high, double at_least, double at_most) {
    if (at_least > *low) *low = at_least < 0.0 ? at_least : 0.0;
    if (at_most < *high) *high = at_most > 0.0 ? at_most : 0.0;
}

// a wall stops a unit that moves along one axis when they overlap along the other
static void keep_off_wall(sl_combat_group *g, const sl_combat_wall *w, double x, double y, double r) {
    if (y + r > w->y0 && y - r < w->y1) {
        if (x >= w->x1) narrow(&g->x0, &g->x1, w->x1 + r - x, g->x1);
        if (x <= w->x0) narrow(&g->x0, &g->x1, g->x0, w->x0 - r - x);
    }
    if (x + r > w->x0 && x - r < w->x1) {
        if (y >= w->y1) narrow(&g->y0, &g->y1, w->y1 + r - y, g->y1);
        if (y <= w->y0) narrow(&g->y0, &g->y1, g->y0, w->y0 - r - y);
    }
}

void sl_combat_bound_shifts(sl_combat_map *map, double most) {
    for (int k = 0; k < map->n_groups; k++) {
        sl_combat_group *g = &map->groups[k];
        g->x0 = g->y0 = -most;
        g->x1 = g->y1 = most;
        for (int u = g->begin; u < g->end; u++) {
            double x = (double)map->x[u], y = (double)map->y[u], r = map->types[map->type[u]]->radius;
            narrow(&g->x0, &g->x1, r - x, map->width - r - x);
            narrow(&g->y0, &g->y1, r - y, map->height - r - y);
            for (int w = 0; w < map->n_walls; w++) keep_off_wall(g, &map->walls[w], x, y, r);
        }
    }
}

// whether a group has come to stand on open ground and clear of all others, wherever these are now
static bool has_place(const sl_combat_map *map, const sl_combat_group *g, const float *x, const float *y) {
    for (int u = g->begin; u < g->end; u++) {
        double at_x = (double)x[u], at_y = (double)y[u];
        if (!sl_combat_is_inside(map, u, at_x, at_y) || sl_combat_find_wall(map, u, at_x, at_y) >= 0) return false;
        for (int j = 0; j < map->n_allies + map->n_enemies; j++) {
            if (j >= g->begin && j < g->end) continue;
            if (sl_combat_touches(map, u, at_x, at_y, j, (double)x[j], (double)y[j])) return false;
        }
    }
    return true;
}

static void move(const sl_combat_map *map, const sl_combat_group *g, double dx, double dy, float *x, float *y) {
    for (int u = g->begin; u < g->end; u++) {
        x[u] = (float)((double)map->x[u] + dx);
        y[u] = (float)((double)map->y[u] + dy);
    }
}

// one group after the other: what has moved leaves room for what has not, so that everybody can always stay
void sl_combat_shift(const sl_combat_map *map, sl_rng *stream, float *x, float *y) {
    for (int k = 0; k < map->n_groups; k++) move(map, &map->groups[k], 0.0, 0.0, x, y);
    for (int k = 0; k < map->n_groups; k++) {
        const sl_combat_group *g = &map->groups[k];
        bool placed = false;
        for (int t = 0; t < MAX_DRAWS && !placed; t++) {
            double dx = sl_rng_between(stream, g->x0, g->x1), dy = sl_rng_between(stream, g->y0, g->y1);
            move(map, g, dx, dy, x, y);
            placed = has_place(map, g, x, y);
        }
        if (!placed) move(map, g, 0.0, 0.0, x, y);
    }
}
