/* set.h - a set of units is a word of bits. Inside envs/ only. */
#ifndef SL_ENVS_COMBAT_SET_H
#define SL_ENVS_COMBAT_SET_H

#include <stdbool.h>
#include <stdint.h>

static inline bool sl_combat_has(uint64_t set, int u) {
    return set >> u & 1u;
}
static inline uint64_t sl_combat_range(int begin, int end) {
    return (end >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << end) - 1u) & ~(((uint64_t)1 << begin) - 1u);
}
/* Written out, because compilers do not vectorise a loop over bits. */
typedef double sl_combat_doubles __attribute__((vector_size(32), aligned(8), may_alias));
typedef uint64_t sl_combat_words __attribute__((vector_size(32)));

/* Of the first n units, rounded up to a vector, those whose centres are within a distance of (x, y), squared. */
static inline uint64_t sl_combat_within(const double *xs, const double *ys, int n, double x, double y,
                                        double square) {
    sl_combat_words bit = {1, 2, 4, 8}, set = {0};
    for (int k = 0; k < n; k += 4) {
        sl_combat_doubles dx = *(const sl_combat_doubles *)(xs + k) - x,
                          dy = *(const sl_combat_doubles *)(ys + k) - y;
        set |= (sl_combat_words)(dx * dx + dy * dy <= square) & bit;
        bit <<= 4;
    }
    return set[0] | set[1] | set[2] | set[3];
}
static inline int sl_combat_next(uint64_t *set) {
    int u = __builtin_ctzll(*set);
    *set &= *set - 1u;
    return u;
}

#endif
