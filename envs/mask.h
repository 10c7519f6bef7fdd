/* mask.h - observation masks: which features of an agent's observation its student may see; the rest is zero.
 * kind none: all. blocks: named blocks per agent, fixed. random: per episode and agent, k features drawn without
 * replacement, k uniform in [k_min, k_max], from a seeded stream (kd-marl: "8 to 10 of 18 features per episode").
 * Besides, where the environment has blocks of entries: sight hides the entries of units beyond the sight range, so
 * that students of a teacher without a sight limit see what the environment with one would show them. */
#ifndef SL_ENVS_MASK_H
#define SL_ENVS_MASK_H

#include "common/choice.h"
#include "envs/env.h"

typedef struct sl_mask_blocks {
    char names[SL_MAX_BLOCKS][SL_NAME_SIZE]; /* that an agent keeps; "" ends the list */
} sl_mask_blocks;

typedef struct sl_mask_def {
    sl_mask_kind kind;
    int k_min, k_max;             /* random */
    int n_agents;                 /* blocks: entries of the list below, equal to N */
    const sl_mask_blocks *blocks; /* (n_agents), borrowed by create */
    bool sight;                   /* zero an entry whose distance is over 1 */
    bool hides_movement;          /* blocks: else a block "move" is kept by all, listed or not */
    bool hides_avail;             /* which actions are legal is not told */
} sl_mask_def;

typedef struct sl_mask sl_mask;

/* Masks for V copies. SL_CONFIG: unknown block (the hint lists the agent's), k out of range. */
SL_MUST_CHECK sl_status sl_mask_create(const sl_mask_def *def, const sl_env_spec *spec, int V, sl_mask **out);
void sl_mask_destroy(sl_mask **self);
/* A new episode of copy v: draws its random mask from the stream; without randomness, a no-op. */
void sl_mask_draw(sl_mask *self, int v, sl_rng *stream);
/* masked (V, N, O) = what is seen of obs (V, N, O), copies [begin, end); masked may be obs. */
void sl_mask_apply(const sl_mask *self, int begin, int end, const float *obs, float *masked);
const float *sl_mask_get(const sl_mask *self, int v); /* (N, O) of 0 and 1; borrowed until the next draw */
/* The same of one copy, (N, O), under a given observation mask (N, O), as for recorded episodes; seen may be obs. */
void sl_mask_see(const sl_mask *self, const float *obs_mask, const float *obs, float *seen);
/* The same in place and in wider rows, seen (V, N, width) of copies [begin, end): each agent's own features are
 * masked, what stands behind them stays. cover: of one copy, (N, width), under a given observation mask. */
void sl_mask_cover_all(const sl_mask *self, int begin, int end, int width, float *seen);
void sl_mask_cover(const sl_mask *self, const float *obs_mask, int width, float *seen);
/* The legal actions as students are shown them, (rows, A) of which row r is agent r mod N's; seen may be avail. Where
 * they are hidden, all that the agent has but no-op (0), which stays as it is; a row in which nothing but no-op is
 * legal stays. The choice goes to the environment as it is: an illegal one counts as no-op. */
void sl_mask_avail(const sl_mask *self, int64_t rows, const uint8_t *avail, uint8_t *seen);
bool sl_mask_is_identity(const sl_mask *self); /* of observations */
/* For snapshots: the observation mask of all copies. */
size_t sl_mask_state_bytes(const sl_mask *self);
void sl_mask_save(const sl_mask *self, uint8_t *bytes);
SL_MUST_CHECK sl_status sl_mask_load(sl_mask *self, const uint8_t *bytes, size_t n_bytes);

#endif
