/* spawn.c - where the units of a group stand when a battle begins. Called when a map is read. */
#include "envs/combat/map.h"

#include <math.h>

static const double GAP = 0.05;

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
