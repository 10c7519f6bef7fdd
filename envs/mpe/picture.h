/* picture.h - the particles as people see them. Inside envs/mpe only; see envs/picture.h. */
#ifndef SL_ENVS_MPE_PICTURE_H
#define SL_ENVS_MPE_PICTURE_H

#include "envs/mpe/state.h"

/* The class's draw and tell_action, and the camera. */
sl_camera sl_mpe_camera(void);
int sl_mpe_draw(const sl_env *env, int v, sl_shape *shapes, int capacity);
void sl_mpe_tell_action(const sl_env *env, int agent, int32_t action, char text[SL_NAME_SIZE]);

#endif
