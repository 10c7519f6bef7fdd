/* spawn.c - where units start, see map.h. */
#include "envs/combat/map.h"

#include <math.h>

static const double GAP = 0.05;
/* Positions are float32: two that are meant to touch may come to overlap by so much. */
static const double ROUNDING = 1e-4;

static double radius_of(const sl_combat_map *map, int u) {
    return map->types[map->type[u]]->radius;
}

// rows of ceil(sqrt(n)), as wide as the widest and without its gaps, as high as the tallest unit of each; gaps are
// counted for rows that stay empty too, as in the reference
void sl_combat_spawn(sl_combat_map *map, int begin, int end, double x, double y, double sign) {
    int n = end - begin, side = (int)ceil(sqrt((double)n));
    double half[SL_COMBAT_MAX_UNITS] = {0}, height = GAP * (double)(side - 1), width = 0.0;
    for (int row = 0; row * side < n; row++) {
        double row_width = 0.0;
        for (int u = begin + row * side; u < end && u < begin + (row + 1) * side; u++) {
            double radius = radius_of(map, u);
            if (radius > half[row]) half[row] = radius;
            row_width += 2.0 * radius;
        }
        height += 2.0 * half[row];
        if (row_width > width) width = row_width;
    }
    double at_y = y - sign * height / 2.0, last_half = 0.0;
    for (int row = 0; row * side < n; row++) {
        at_y += sign * (last_half + half[row]);
        last_half = half[row];
        double at_x = x - sign * width / 2.0, last_radius = 0.0;
        for (int u = begin + row * side; u < end && u < begin + (row + 1) * side; u++) {
            at_x += sign * (last_radius + radius_of(map, u));
            last_radius = radius_of(map, u);
            map->x[u] = (float)at_x;
            map->y[u] = (float)at_y;
            at_x += sign * GAP;
        }
        at_y += sign * GAP;
    }
}

bool sl_combat_is_inside(const sl_combat_map *map, int u, double x, double y) {
    double r = radius_of(map, u) - ROUNDING;
    return x >= r && y >= r && x <= map->width - r && y <= map->height - r;
}

static double distance_to_wall(const sl_combat_wall *w, double x, double y) {
    double dx = x < w->x0 ? w->x0 - x : (x > w->x1 ? x - w->x1 : 0.0);
    double dy = y < w->y0 ? w->y0 - y : (y > w->y1 ? y - w->y1 : 0.0);
    return sqrt(dx * dx + dy * dy);
}

int sl_combat_find_wall(const sl_combat_map *map, int u, double x, double y) {
    double r = radius_of(map, u) - ROUNDING;
    for (int w = 0; w < map->n_walls; w++) {
        if (distance_to_wall(&map->walls[w], x, y) < r) return w;
    }
    return -1;
}

bool sl_combat_touches(const sl_combat_map *map, int u, double x, double y, int j, double at_x, double at_y) {
    double dx = at_x - x, dy = at_y - y;
    return sqrt(dx * dx + dy * dy) < radius_of(map, u) + radius_of(map, j) - 2.0 * ROUNDING;
}
