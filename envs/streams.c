/* streams.c - see streams.h. */
#include "envs/streams.h"

sl_streams sl_streams_of_episode(uint64_t seed, int64_t episode) {
    sl_rng root = sl_rng_seed(seed);
    return sl_streams_split(&root, episode);
}

sl_streams sl_streams_split(const sl_rng *stream, int64_t episode) {
    sl_rng env = sl_rng_split(stream, (uint64_t)episode);
    return (sl_streams){.episode = episode,
                        .env = env,
                        .mask = sl_rng_split_name(&env, "mask"),
                        .action = sl_rng_split_name(&env, "action"),
                        .links = sl_rng_split_name(&env, "links")};
}

int32_t sl_streams_choose(sl_rng *action, int n, const uint8_t *avail) {
    uint32_t n_legal = 0;
    for (int a = 0; a < n; a++) n_legal += !avail || avail[a];
    if (n_legal == 0) return 0;
    uint32_t chosen = sl_rng_below(action, n_legal);
    int32_t a = 0;
    while ((avail && !avail[a]) || chosen-- > 0) a++;
    return a;
}
