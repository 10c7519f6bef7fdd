/* view.h - what those who act are shown: an observation with what their masks hide, and behind each agent's own
 * features the ages of the blocks that others tell it. Rows are P wide: without ages O, with ages the longest of
 * obs_dim + told blocks. Plain data; distinct copies on distinct threads. Shapes as in envs/env.h. */
#ifndef SL_ROLLOUT_VIEW_H
#define SL_ROLLOUT_VIEW_H

#include "envs/mask.h"

typedef struct sl_view {
    const sl_env_spec *spec;
    const sl_mask *masks; /* NULL: everything is seen */
    bool hides_avail;     /* the masks hide what is legal, too */
    bool ages;
    int P;
} sl_view;

/* spec and masks are borrowed for life. */
sl_view sl_view_of(const sl_env_spec *spec, const sl_mask *masks, bool hides_avail, bool ages);
/* seen (V, N, P) of copies [begin, end), of observations (V, N, O) as they are: every age is 0. */
void sl_view_fresh(const sl_view *self, int begin, int end, const float *obs, float *seen);
/* Hides in place what the masks hide of rows (V, N, P) that have arrived with their ages; twice is once. */
void sl_view_cover(const sl_view *self, int begin, int end, float *seen);
/* shown (V, N, A) of avail; shown may be avail; twice is once. Only where what is legal is hidden. */
void sl_view_avail(const sl_view *self, int begin, int end, const uint8_t *avail, uint8_t *shown);

#endif
