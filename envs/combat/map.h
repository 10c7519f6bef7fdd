/* map.h - what a battle is made of: types of units, and a map that says who fights whom and where. Inside
 * envs/combat/ only; written once, when an environment is created. Any thread. */
#ifndef SL_ENVS_COMBAT_MAP_H
#define SL_ENVS_COMBAT_MAP_H

#include "common/rng.h"
#include "common/status.h"

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

// map_file.c: a map as JSON says it.

/* "combat/3m" is built in, "combat/FILE.json" is read. SL_NOT_FOUND, SL_IO; SL_CONFIG with the file, the place and a
 * hint. */
SL_MUST_CHECK sl_status sl_combat_map_load(const char *name, sl_combat_map *out);

// units.c: the types of units, by name and as a map numbers them.

const sl_combat_type *sl_combat_find_type(const char *name); /* or NULL */
const char *sl_combat_type_names(void);                      /* for hints */
/* The index of a type among those of the map, in order of first appearance. */
int sl_combat_index_type(sl_combat_map *map, const sl_combat_type *type);

// spawn.c: where the units of a group stand when a battle begins, and where they may.

/* Positions of the units [begin, end) in rows about a point; sign is 1 for allies and -1 for enemies. */
void sl_combat_spawn(sl_combat_map *map, int begin, int end, double x, double y, double sign);
/* What a unit at (x, y) may not do at a start, but for rounding: leave the map, stand in a wall (the index of one, or
 * -1), touch unit j at (at_x, at_y). */
bool sl_combat_is_inside(const sl_combat_map *map, int u, double x, double y);
int sl_combat_find_wall(const sl_combat_map *map, int u, double x, double y);
bool sl_combat_touches(const sl_combat_map *map, int u, double x, double y, int j, double at_x, double at_y);

// shift.c: starts that differ from episode to episode (the option spawn_shift).

/* The bounds of all groups for shifts of at most so many cells along each axis. */
void sl_combat_bound_shifts(sl_combat_map *map, double most);
/* Positions (x, y) of all units with every group moved by a random shift within its bounds. */
void sl_combat_shift(const sl_combat_map *map, sl_rng *stream, float *x, float *y);

#endif
