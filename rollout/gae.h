/* gae.h - generalised advantage estimation (eq. 1 and 2) over a rollout of T steps and B copies with M rows of
 * reward each. Terminated and truncated are two flags: behind a termination there is nothing, behind a truncation the
 * critic's value of the last observation stands in for the future. */
#ifndef SL_ROLLOUT_GAE_H
#define SL_ROLLOUT_GAE_H

#include <stdint.h>

typedef struct sl_gae {
    int T, B, M;
    float gamma, lambda;
    const float *reward;                   /* (T, B, M) */
    const float *value;                    /* (T + 1, B, M); row T: after the last step, read where it did not end */
    const float *last_value;               /* (T, B, M) of the last observation, read where truncated[t] */
    const uint8_t *terminated, *truncated; /* (T, B); terminated wins when both are set */
    float *advantage, *target;             /* (T, B, M): A_t, and A_t + V(s_t) */
} sl_gae;

/* For copies [begin, end):
 *   delta_t = r_t + gamma V(s_{t+1}) (1 - terminated_t) - V(s_t)                                               eq. 1
 *   A_t = delta_t + gamma lambda A_{t+1} (1 - done_t)                                                          eq. 2
 * summed from the last step to the first. Distinct ranges may run on distinct threads. */
void sl_gae_compute(const sl_gae *gae, int begin, int end);

#endif
