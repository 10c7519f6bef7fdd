/* picture.c - a battle as shapes: walls, the fallen, shots, the living. */
#include "envs/combat/picture.h"

#include <stdio.h>

/* A picture being put together. */
typedef struct canvas {
    sl_shape *shapes;
    int n, capacity;
} canvas;

static void put_shape(canvas *c, const sl_shape *shape) {
    if (c->n < c->capacity) c->shapes[c->n] = *shape;
    c->n++;
}

static void draw_walls(const sl_combat_map *map, canvas *c) {
    for (int w = 0; w < map->n_walls; w++) {
        const sl_combat_wall *wall = &map->walls[w];
        const float x[5] = {(float)wall->x0, (float)wall->x1, (float)wall->x1, (float)wall->x0, (float)wall->x0};
        const float y[5] = {(float)wall->y0, (float)wall->y0, (float)wall->y1, (float)wall->y1, (float)wall->y0};
        for (int k = 0; k < 4; k++) {
            put_shape(c, &(sl_shape){.kind = SL_SHAPE_LINE,
                                     .x = x[k],
                                     .y = y[k],
                                     .x2 = x[k + 1],
                                     .y2 = y[k + 1],
                                     .unit = -1,
                                     .target = -1,
                                     .rgba = 0x808080ffu,
                                     .label = "wall"});
        }
    }
}

// the label of an enemy begins with '!'
static void draw_unit(const sl_combat *m, const sl_battle *b, int u, canvas *c) {
    bool ally = u < m->map.n_allies, alive = sl_combat_has(*b->alive, u);
    const sl_combat_type *type = m->type[u];
    double hp = alive ? b->hp[u] : 0.0, shield = alive ? b->shield[u] : 0.0;
    sl_shape unit = {.kind = SL_SHAPE_CIRCLE,
                     .x = b->x[u],
                     .y = b->y[u],
                     .r = (float)m->radius[u],
                     .health = (float)hp,
                     .full_health = (float)type->hp,
                     .shield = (float)shield,
                     .full_shield = (float)type->shield,
                     .unit = u,
                     .target = -1,
                     .rgba = ally ? type->rgba : 0xd95959ffu};
    (void)snprintf(unit.label, sizeof unit.label, "%s%s_%d %.0f", ally ? "" : "!", type->name,
                   ally ? u : u - m->map.n_allies, hp + shield);
    put_shape(c, &unit);
}

// whom a unit fired at in the last step, or -1: who fires has its full cooldown, and then counts down
static int fired_at(const sl_combat *m, const sl_battle *b, int u) {
    static const double REST = (SL_COMBAT_TICKS - 0.5) / 16.0;
    if (!sl_combat_has(*b->alive, u) || b->cooldown[u] <= m->type[u]->cooldown - REST) return -1;
    int first = u < m->map.n_allies ? m->map.n_allies : 0;
    // an order outlives its target
    if (u < m->n_commanded) return b->last[u] < SL_COMBAT_ATTACK ? -1 : first + b->last[u] - SL_COMBAT_ATTACK;
    return b->target[u];
}

static void draw_shots(const sl_combat *m, const sl_battle *b, int n_units, canvas *c) {
    for (int u = 0; u < n_units; u++) {
        int t = fired_at(m, b, u);
        if (t < 0) continue;
        put_shape(c, &(sl_shape){.kind = SL_SHAPE_LINE,
                                 .x = b->x[u],
                                 .y = b->y[u],
                                 .x2 = b->x[t],
                                 .y2 = b->y[t],
                                 .unit = u,
                                 .target = t,
                                 .rgba = 0xe0c040ffu,
                                 .label = "shot"});
    }
}

int sl_combat_draw(const sl_env *env, int v, sl_shape *shapes, int capacity) {
    const sl_combat *m = (const sl_combat *)env;
    sl_battle b = sl_combat_copy(m, v);
    canvas c = {shapes, 0, capacity};
    int n_units = sl_combat_n_units(m);
    draw_walls(&m->map, &c);
    for (int u = 0; u < n_units; u++) {
        if (!sl_combat_has(*b.alive, u)) draw_unit(m, &b, u, &c);
    }
    draw_shots(m, &b, n_units, &c);
    for (int u = 0; u < n_units; u++) {
        if (sl_combat_has(*b.alive, u)) draw_unit(m, &b, u, &c);
    }
    return c.n;
}

// the rows and columns with open ground, and a cell of wall about them
sl_camera sl_combat_camera(const sl_combat_map *map) {
    int x0 = map->width, x1 = 0, y0 = map->height, y1 = 0;
    for (int y = 0; y < map->height; y++) {
        for (int x = 0; x < map->width; x++) {
            if (!map->open[y][x]) continue;
            x0 = x < x0 ? x : x0;
            x1 = x >= x1 ? x + 1 : x1;
            y0 = y < y0 ? y : y0;
            y1 = y + 1;
        }
    }
    x0 = x0 > 0 ? x0 - 1 : 0;
    y0 = y0 > 0 ? y0 - 1 : 0;
    x1 = x1 < map->width ? x1 + 1 : map->width;
    y1 = y1 < map->height ? y1 + 1 : map->height;
    return (sl_camera){.world = {0, 0, (float)map->width, (float)map->height},
                       .core = {(float)x0, (float)y0, (float)x1, (float)y1},
                       .step_seconds = SL_COMBAT_TICKS / 16.0};
}

void sl_combat_tell_action(const sl_env *env, int agent, int32_t action, char text[SL_NAME_SIZE]) {
    static const char *const words[SL_COMBAT_ATTACK] = {"nothing", "stop", "north", "south", "east", "west"};
    (void)agent;
    if (action >= SL_COMBAT_ATTACK && action < env->spec.n_actions) {
        (void)snprintf(text, SL_NAME_SIZE, "attack !%d", (int)action - SL_COMBAT_ATTACK);
    } else {
        // an illegal action does nothing
        bool known = action >= 0 && action < SL_COMBAT_ATTACK;
        (void)snprintf(text, SL_NAME_SIZE, "%s", words[known ? action : 0]);
    }
}
