/* rng.c - seeding and splitting of streams. */
#include "common/rng.h"

#include "common/fnv1a.h"

#include <math.h>
#include <string.h>

static uint64_t splitmix(uint64_t *x) {
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

sl_rng sl_rng_seed(uint64_t seed) {
    sl_rng rng;
    for (int i = 0; i < 4; i++) rng.s[i] = splitmix(&seed);
    return rng;
}

sl_rng sl_rng_split(const sl_rng *parent, uint64_t key) {
    // every word of the parent is mixed in, so that siblings of different parents never meet
    uint64_t x = splitmix(&key);
    for (int i = 0; i < 4; i++) {
        x ^= parent->s[i];
        x = splitmix(&x);
    }
    return sl_rng_seed(x);
}

sl_rng sl_rng_split_name(const sl_rng *parent, const char *name) {
    return sl_rng_split(parent, sl_fnv1a(SL_FNV1A, name, strlen(name)));
}

double sl_rng_normal(sl_rng *rng) {
    double u = 1.0 - sl_rng_uniform(rng);
    double v = sl_rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

void sl_rng_permute(sl_rng *rng, int n, int *order) {
    for (int k = 0; k < n; k++) order[k] = k;
    for (int k = n - 1; k > 0; k--) {
        int other = (int)sl_rng_below(rng, (uint32_t)k + 1), swap = order[k];
        order[k] = order[other];
        order[other] = swap;
    }
}
