/* evaluate.h - episodes of a policy, greedy ones as a rule, in process: what a flown fleet of the same students must
 * reproduce episode by episode. Episode e is that of envs/streams.h. Several copies are played at a time, and the
 * result does not depend on how many. */
#ifndef SL_ROLLOUT_EVALUATE_H
#define SL_ROLLOUT_EVALUATE_H

#include "common/pool.h"
#include "links/team.h"
#include "net/learn_message.h"
#include "rollout/behaviour.h"
#include "rollout/policy_set.h"
#include "rollout/progress.h"

typedef struct sl_evaluate_def {
    const sl_setup *setup;
    sl_pool *pool;
    sl_policy_kind policy;
    sl_policy_set *set; /* teacher or students for sl_evaluate_width(n_episodes) copies; else NULL */
    int n_episodes;
    uint64_t seed;
    const sl_progress *progress;   /* in episodes; NULL = not wanted */
    const sl_behaviour *behaviour; /* of set; NULL: greedy */
    const sl_links *links;         /* of set; NULL: those that it is trained under, sl_setup_trained_links */
    sl_link_counts *counts;        /* written: what came of the links in these episodes; NULL: not wanted */
    bool want_divergence;          /* counts.divergent and compared, too: as rollout/divergence.h */
} sl_evaluate_def;

/* What episodes came to: written by an evaluation or a flight into the caller's memory. */
typedef struct sl_episodes {
    double *returns; /* (n_episodes, N) undiscounted */
    int32_t *length; /* (n_episodes) */
    uint8_t *won;    /* (n_episodes), or NULL = not wanted; all 0 where there is nothing to win */
} sl_episodes;

int sl_evaluate_width(int n_episodes); /* how many copies are played at a time */
/* SL_CONFIG: the environment has no heuristic, or links for a policy without networks; SL_MEMORY; what progress
 * returns. */
SL_MUST_CHECK sl_status sl_evaluate_run(const sl_evaluate_def *def, const sl_episodes *out);

#endif
