/* view.h - one copy of an environment as text: a picture under a camera that never moves, a list of the units beside
 * it, a line above and below. A pure function of what it is given; screen.h shows it. Any thread. */
#ifndef SL_STARLING_VIEW_VIEW_H
#define SL_STARLING_VIEW_VIEW_H

#include "envs/picture.h"

#include <stddef.h>

enum { SL_VIEW_MAX_COLUMNS = 200, SL_VIEW_MAX_ROWS = 80, SL_VIEW_BYTES = 1 << 18 };

typedef struct sl_view_frame {
    const char *title; /* "combat/3m" */
    sl_camera camera;
    int n_shapes;
    const sl_shape *shapes; /* (n_shapes) as sl_env_draw gives them; numbers and labels may be anything */
    int n_agents;
    const char (*words)[SL_NAME_SIZE]; /* (n_agents) what each was told to do; NULL = nothing yet */
    int64_t episode, n_episodes;       /* from 1; n_episodes 0 = not known */
    int64_t step, max_steps;
    double reward, total; /* of the last step, and of the episode so far */
    const char *outcome;  /* "won"; NULL = it goes on */
} sl_view_frame;

typedef struct sl_view_size {
    int columns, rows; /* of the screen; out of bounds is brought into [40, SL_VIEW_MAX_COLUMNS], [12, ..._ROWS] */
    bool colour;       /* with the escape sequences of 256-colour terminals */
    const char *line_end;
} sl_view_size;

/* Writes rows - 1 lines at most, each with its line_end, and a zero into text (SL_VIEW_BYTES); returns the length. */
size_t sl_view_render(const sl_view_frame *frame, const sl_view_size *size, char text[static SL_VIEW_BYTES]);

#endif
