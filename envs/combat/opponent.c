/* opponent.c - the battle as its enemies see it. A second sl_combat describes the map with the sides swapped and
 * turned about its centre; in it enemies are allies, so observe.c writes their rows as it writes an ally's, and the
 * two sides cannot come to differ. */
#include "envs/combat/opponent.h"

#include "envs/combat/observe.h"

#include <string.h>

// what stood at (x, y) stands at (width - x, height - y)
static float turn(int side, float at) {
    return (float)side - at;
}

static void turn_ground(const sl_combat_map *map, sl_combat_map *out) {
    for (int w = 0; w < map->n_walls; w++) {
        const sl_combat_wall *wall = &map->walls[w];
        out->walls[w] = (sl_combat_wall){map->width - wall->x1, map->height - wall->y1, map->width - wall->x0,
                                         map->height - wall->y0};
    }
    for (int row = 0; row < map->height; row++) {
        for (int col = 0; col < map->width; col++) {
            out->open[row][col] = map->open[map->height - 1 - row][map->width - 1 - col];
        }
    }
}

void sl_combat_mirror_map(const sl_combat_map *map, sl_combat_map *out) {
    *out = *map;
    out->n_allies = map->n_enemies;
    out->n_enemies = map->n_allies;
    out->goal_x = map->width - map->goal_x;
    out->goal_y = map->height - map->goal_y;
    turn_ground(map, out);
    // nothing starts there
    out->n_groups = out->n_types = 0;
    for (int u = 0; u < map->n_allies + map->n_enemies; u++) {
        int from = u < map->n_enemies ? map->n_allies + u : u - map->n_enemies;
        // numbered in order of appearance, as in a file that names this side first
        out->type[u] = (uint8_t)sl_combat_index_type(out, map->types[map->type[from]]);
        out->x[u] = turn(map->width, map->x[from]);
        out->y[u] = turn(map->height, map->y[from]);
    }
}

/* The columns that an observation is made of. */
typedef struct mirrored {
    uint64_t alive;
    double hp[SL_COMBAT_MAX_UNITS], shield[SL_COMBAT_MAX_UNITS];
    float x[SL_COMBAT_MAX_UNITS], y[SL_COMBAT_MAX_UNITS];
} mirrored;

static void turn_battle(const sl_combat *m, const sl_battle *b, mirrored *to) {
    int n = m->map.n_allies, e = m->map.n_enemies;
    memset(to, 0, sizeof *to);
    for (int u = 0; u < n + e; u++) {
        int from = u < e ? n + u : u - e;
        to->alive |= (uint64_t)sl_combat_has(*b->alive, from) << u;
        to->hp[u] = b->hp[from];
        to->shield[u] = b->shield[from];
        to->x[u] = turn(m->map.width, b->x[from]);
        to->y[u] = turn(m->map.height, b->y[from]);
    }
}

void sl_combat_ask_opponent(const sl_combat *m, const sl_battle *b, int32_t *actions) {
    const sl_combat *mirror = m->mirror;
    const sl_opponent_policy *policy = &m->policy;
    size_t O = (size_t)mirror->base.spec.obs_dim;
    int A = mirror->base.spec.n_actions;
    mirrored columns;
    turn_battle(m, b, &columns);
    sl_battle seen = {.alive = &columns.alive, .hp = columns.hp, .shield = columns.shield};
    seen.x = columns.x;
    seen.y = columns.y;
    sl_combat_view view;
    sl_combat_view_start(mirror, &seen, &view);
    for (int j = 0; j < m->map.n_enemies; j++) {
        float obs[SL_COMBAT_MAX_ROW];
        uint8_t avail[SL_COMBAT_ATTACK + SL_COMBAT_MAX_UNITS];
        actions[j] = 0;
        if (!sl_combat_has(columns.alive, j)) continue;
        memset(obs, 0, O * sizeof *obs);
        sl_combat_write_agent(mirror, &seen, &view, j, obs, avail);
        int32_t action = policy->act(policy->context, j, obs, avail, b->memory + (size_t)j * (size_t)policy->memory);
        if (action >= 0 && action < A && avail[action]) actions[j] = action;
    }
}
