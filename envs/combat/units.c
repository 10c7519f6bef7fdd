/* units.c - the types of units, in seconds and cells at the pace of SMAClite. */
#include "envs/combat/map.h"

#include <string.h>

static const sl_combat_type types[] = {
    // name, hp, shield, armor, damage, bonus, cooldown, range, speed, radius, attacks, armored, rgba
    {"marine", 45, 0, 0, 6, 0, 0.61, 5, 3.15, 0.375, 1, false, 0x4a90d9ffu},
    {"marauder", 125, 0, 1, 10, 10, 1.07, 6, 3.15, 0.5625, 1, true, 0x8a6fd1ffu},
    {"stalker", 80, 80, 1, 13, 5, 1.34, 6, 4.13, 0.625, 1, true, 0x3fb5a3ffu},
    {"zealot", 100, 50, 1, 8, 0, 0.86, 0.1, 3.15, 0.5, 2, false, 0xd9a441ffu},
};

const sl_combat_type *sl_combat_find_type(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) return &types[i];
    }
    return NULL;
}

const char *sl_combat_type_names(void) {
    return "marine, marauder, stalker, zealot";
}

int sl_combat_index_type(sl_combat_map *map, const sl_combat_type *type) {
    int k = 0;
    while (k < map->n_types && map->types[k] != type) k++;
    if (k == map->n_types) map->types[map->n_types++] = type;
    return k;
}
