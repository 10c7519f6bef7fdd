/* map_file.h - a map as JSON says it. Inside envs/combat/ only. */
#ifndef SL_ENVS_COMBAT_MAP_FILE_H
#define SL_ENVS_COMBAT_MAP_FILE_H

#include "common/status.h"
#include "envs/combat/map.h"

/* "combat/3m" is built in, "combat/FILE.json" is read. SL_NOT_FOUND, SL_IO; SL_CONFIG with the file, the place and a
 * hint. */
SL_MUST_CHECK sl_status sl_combat_map_load(const char *name, sl_combat_map *out);

#endif
