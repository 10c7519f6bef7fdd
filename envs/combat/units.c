/* units.c - the types of units, in seconds and cells at the pace of SMAClite. */
#include "envs/combat/units.h"

#include <string.h>

static const sl_combat_type types[] = {
    {.name = "marine",
     .hp = 45,
     .damage = 6,
     .attacks = 1,
     .cooldown = 0.61,
     .range = 5,
     .speed = 3.15,
     .radius = 0.375,
     .rgba = 0x4a90d9ffu},
    {.name = "marauder",
     .hp = 125,
     .armor = 1,
     .damage = 10,
     .bonus = 10,
     .attacks = 1,
     .cooldown = 1.07,
     .range = 6,
     .speed = 3.15,
     .radius = 0.5625,
     .armored = true,
     .rgba = 0x8a6fd1ffu},
    {.name = "stalker",
     .hp = 80,
     .shield = 80,
     .armor = 1,
     .damage = 13,
     .bonus = 5,
     .attacks = 1,
     .cooldown = 1.34,
     .range = 6,
     .speed = 4.13,
     .radius = 0.625,
     .armored = true,
     .rgba = 0x3fb5a3ffu},
    {.name = "zealot",
     .hp = 100,
     .shield = 50,
     .armor = 1,
     .damage = 8,
     .attacks = 2,
     .cooldown = 0.86,
     .range = 0.1,
     .speed = 3.15,
     .radius = 0.5,
     .rgba = 0xd9a441ffu},
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
