/* rng.h - explicit, splittable random streams: xoshiro256++ (Blackman and Vigna 2019), seeded through
 * SplitMix64. A stream is four plain words: copy it to save it, write it back to restore it. There is no
 * global generator; one stream belongs to one thread. */
#ifndef SL_COMMON_RNG_H
#define SL_COMMON_RNG_H

#include <stdint.h>

typedef struct sl_rng {
    uint64_t s[4];
} sl_rng;

sl_rng sl_rng_seed(uint64_t seed);
/* An independent stream named by key; the parent does not advance, so that the order of splits is free. */
sl_rng sl_rng_split(const sl_rng *parent, uint64_t key);
/* The same, named by a word ("rollout", "buffer"), for the streams that a program is born with. */
sl_rng sl_rng_split_name(const sl_rng *parent, const char *name);

static inline uint64_t sl_rng_u64(sl_rng *rng) {
    uint64_t *s = rng->s;
    uint64_t sum = s[0] + s[3];
    uint64_t result = ((sum << 23) | (sum >> 41)) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* Uniform in [0, 1), 53 bits. */
static inline double sl_rng_uniform(sl_rng *rng) {
    return (double)(sl_rng_u64(rng) >> 11) * 0x1.0p-53;
}

/* Uniform in [low, high). */
static inline double sl_rng_between(sl_rng *rng, double low, double high) {
    return low + (high - low) * sl_rng_uniform(rng);
}

/* Uniform integer in [0, n), n > 0, by Lemire's multiply (bias below n / 2^32). */
static inline uint32_t sl_rng_below(sl_rng *rng, uint32_t n) {
    return (uint32_t)(((sl_rng_u64(rng) >> 32) * (uint64_t)n) >> 32);
}

/* order (n) becomes a random permutation of 0 to n - 1 (Fisher and Yates); n - 1 draws. */
void sl_rng_permute(sl_rng *rng, int n, int *order);

/* Standard normal, by Box-Muller without a kept second value, so that a stream is its four words only. */
double sl_rng_normal(sl_rng *rng);

#endif
