/* state.h - the data of battles: what an environment of combat is made of, and one copy's columns. The state of one
 * copy is a block of columns, one entry a unit, padded to whole vectors. Units are numbered allies first, then
 * enemies; a set of units is a word of bits. Positions are float32, as in the reference; velocities are float64 or
 * float32 by where they came from (plane.h), and are kept in float64 columns. Inside envs/combat/ only. */
#ifndef SL_ENVS_COMBAT_STATE_H
#define SL_ENVS_COMBAT_STATE_H

#include "envs/combat/map.h"
#include "envs/env_class.h"
#include "envs/opponent.h"

/* A set of units is a word of bits. */
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

enum {
    SL_COMBAT_TICKS = 8,  /* a step: half a second; battle.c has the length of one */
    SL_COMBAT_ATTACK = 6, /* the first of the attack actions; before it: nothing, stop, north, south, east, west */
};

/* The columns of one copy. A dead unit keeps its last position. */
typedef struct sl_battle {
    uint64_t *alive, *single; /* single: whose velocity the reference holds in float32 */
    sl_rng *stream;
    int32_t *steps;
    double *hp, *shield, *vx, *vy, *cooldown, *delay; /* delay: until shields regenerate */
    float *x, *y;
    int32_t *target, *last; /* who is aimed at, or -1; the last action of who takes orders */
    float *memory;          /* (n_enemies, opponent policy.memory) */
} sl_battle;

typedef struct sl_combat {
    sl_env base;
    sl_combat_map map;
    bool full, hold, corpse_attack, wall_offset_fix, clamp_to_map, clear_last_actions;
    int P;      /* units rounded up to whole vectors */
    int n_bits; /* type bits: 0 or map.n_types */
    bool ally_shields, enemy_shields;
    double largest_radius, max_reward, spawn_shift; /* cells; 0 = none */
    const sl_combat_type *type[SL_COMBAT_MAX_UNITS];
    double radius[SL_COMBAT_MAX_UNITS]; /* columns of the table, padded with zeros */
    int n_commanded; /* the first units, which are told what to do: allies, and all where an opponent policy is */
    sl_opponent_policy policy; /* of the enemies */
    struct sl_combat
        *mirror; /* the battle as the opponent policy sees it, without copies; NULL without an opponent policy */
    size_t copy_bytes;
    uint8_t *copies; /* (V, copy_bytes) */
} sl_combat;

static inline int sl_combat_n_units(const sl_combat *m) {
    return m->map.n_allies + m->map.n_enemies;
}
static inline size_t sl_combat_n_memory(const sl_combat *m) { /* numbers of a copy */
    return m->mirror ? (size_t)m->map.n_enemies * (size_t)m->policy.memory : 0;
}
/* Bytes of one copy: P, the map and the policy are set. */
size_t sl_combat_copy_bytes(const sl_combat *m);
sl_battle sl_combat_copy(const sl_combat *m, int v);
/* Whether a saved copy, aligned to nothing, may be loaded: it addresses units, and no number of it points elsewhere.
 */
bool sl_combat_copy_is_sound(const sl_combat *m, const uint8_t *saved);

#endif
