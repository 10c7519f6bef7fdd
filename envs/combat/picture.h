/* picture.h - a battle as people see it. Inside envs/combat/ only; see envs/picture.h. */
#ifndef SL_ENVS_COMBAT_PICTURE_H
#define SL_ENVS_COMBAT_PICTURE_H

#include "envs/combat/state.h"

/* The class's draw and tell_action, and the camera of a map. */
sl_camera sl_combat_camera(const sl_combat_map *map);
int sl_combat_draw(const sl_env *env, int v, sl_shape *shapes, int capacity);
void sl_combat_tell_action(const sl_env *env, int agent, int32_t action, char text[SL_NAME_SIZE]);

#endif
