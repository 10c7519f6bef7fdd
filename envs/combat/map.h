/* map.h - what a battle is made of: types of units, and a map that says who fights whom and where. Inside
 * envs/combat/ only; written once, when an environment is created. */
#ifndef SL_ENVS_COMBAT_MAP_H
#define SL_ENVS_COMBAT_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SL_COMBAT_MAX_UNITS = 64,
    SL_COMBAT_MAX_WALLS = 16,
    SL_COMBAT_MAX_TYPES = 4,
    SL_COMBAT_MAX_SIDE = 128, /* cells of a map's width and height */
};

typedef struct sl_combat_type {
    const char *name;
    double hp, shield, armor, damage, bonus; /* bonus: more damage to the armored */
    double cooldown, range, speed, radius;   /* seconds, cells, cells a second */
    int attacks;                             /* blows of one shot */
    bool armored;
    uint32_t rgba;
} sl_combat_type;

typedef struct sl_combat_wall {
    double x0, y0, x1, y1;
} sl_combat_wall;

/* Units that start together. A shift of all of them within these bounds, 0 among them, stays on the map, and on open
 * ground as long as it is along one axis; see shift.c. */
typedef struct sl_combat_group {
    int begin, end;
    double x0, y0, x1, y1;
} sl_combat_group;

typedef struct sl_combat_map {
    int n_allies, n_enemies, width, height, step_limit;
    double goal_x, goal_y; /* where enemies march to */
    int n_walls, n_types;  /* n_types: different ones; the features name them when there are two or more */
    sl_combat_wall walls[SL_COMBAT_MAX_WALLS];
    const sl_combat_type *types[SL_COMBAT_MAX_TYPES];
    uint8_t type[SL_COMBAT_MAX_UNITS]; /* of each unit, an index into types */
    float x[SL_COMBAT_MAX_UNITS], y[SL_COMBAT_MAX_UNITS];
    int n_groups; /* of both sides, in the order of their units */
    sl_combat_group groups[SL_COMBAT_MAX_UNITS];
    uint8_t open[SL_COMBAT_MAX_SIDE][SL_COMBAT_MAX_SIDE]; /* by row, column: may be walked on */
} sl_combat_map;

#endif
