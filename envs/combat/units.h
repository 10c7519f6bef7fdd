/* units.h - the types of units, by name and as a map numbers them. Inside envs/combat/ only; any thread. */
#ifndef SL_ENVS_COMBAT_UNITS_H
#define SL_ENVS_COMBAT_UNITS_H

#include "envs/combat/map.h"

const sl_combat_type *sl_combat_find_type(const char *name); /* or NULL */
const char *sl_combat_type_names(void);                      /* for hints */
/* The index of a type among those of the map, in order of first appearance. */
int sl_combat_index_type(sl_combat_map *map, const sl_combat_type *type);

#endif
