/* watch.h - who looks on while a fleet flies: told of the environment after every step, and with time to look. */
#ifndef SL_ROLLOUT_WATCH_H
#define SL_ROLLOUT_WATCH_H

#include "envs/picture.h"

/* The environment as it is; borrowed for the call. */
typedef struct sl_watch_frame {
    int64_t episode, n_episodes;
    int32_t step;           /* steps of the episode so far */
    const int32_t *actions; /* (N) of the last one; NULL before the first */
    const double *returns;  /* (N) so far */
    const char *outcome;    /* "won", "lost", "time is up"; "" while it goes on */
    int n_shapes, n_agents;
    const sl_shape *shapes; /* (n_shapes), at most SL_MAX_SHAPES */
} sl_watch_frame;

typedef struct sl_watch {
    void (*show)(void *context, const sl_watch_frame *frame); /* NULL: nobody looks on */
    void *context;
} sl_watch;

#endif
