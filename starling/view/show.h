/* show.h - an environment of this process on the screen, at a chosen speed. main thread only. */
#ifndef SL_STARLING_VIEW_SHOW_H
#define SL_STARLING_VIEW_SHOW_H

#include "envs/env.h"
#include "starling/view/player.h"

typedef struct sl_show sl_show;

/* speed: 1 = the environment's own time, 2 = twice as fast; env is borrowed for life. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_show_open(const sl_env *env, double speed, int64_t n_episodes, sl_show **out);
void sl_show_close(sl_show **self);
/* The only copy as it is now, until the next step is due. SL_INTERRUPTED (interrupt.h), SL_IO. */
SL_MUST_CHECK sl_status sl_show_state(sl_show *self, const sl_player_state *state);

#endif
