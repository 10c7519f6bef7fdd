/* state.c - how a copy lies in memory, and in a saved state. */
#include "envs/combat/state.h"

#include <math.h>
#include <string.h>

enum { HEAD_BYTES = 64, UNIT_BYTES = 6 * sizeof(double) + 2 * sizeof(float) + 2 * sizeof(int32_t) };

// whole lines, so that every copy's columns are aligned
size_t sl_combat_copy_bytes(const sl_combat *m) {
    size_t lines = (sl_combat_n_memory(m) * sizeof(float) + HEAD_BYTES - 1) / HEAD_BYTES;
    return HEAD_BYTES + (size_t)m->P * UNIT_BYTES + lines * HEAD_BYTES;
}

// the columns lie one after the other behind a head of one cache line
static sl_battle columns(uint8_t *copy, int P) {
    double *d = (double *)(void *)(copy + HEAD_BYTES);
    float *f = (float *)(void *)(d + 6 * P);
    int32_t *i = (int32_t *)(void *)(f + 2 * P);
    return (sl_battle){.alive = (uint64_t *)(void *)copy,
                       .stream = (sl_rng *)(void *)(copy + sizeof(uint64_t)),
                       .steps = (int32_t *)(void *)(copy + sizeof(uint64_t) + sizeof(sl_rng)),
                       .single = (uint64_t *)(void *)(copy + HEAD_BYTES) - 1,
                       .hp = d,
                       .shield = d + P,
                       .vx = d + 2 * P,
                       .vy = d + 3 * P,
                       .cooldown = d + 4 * P,
                       .delay = d + 5 * P,
                       .x = f,
                       .y = f + P,
                       .target = i,
                       .last = i + P,
                       .memory = (float *)(void *)(i + 2 * P)};
}

sl_battle sl_combat_copy(const sl_combat *m, int v) {
    return columns(m->copies + (size_t)v * m->copy_bytes, m->P);
}

bool sl_combat_copy_is_sound(const sl_combat *m, const uint8_t *saved) {
    int32_t target, last;
    uint64_t alive;
    float memory;
    const uint8_t *targets = saved + HEAD_BYTES + (size_t)m->P * (6 * sizeof(double) + 2 * sizeof(float));
    const uint8_t *lasts = targets + (size_t)m->P * sizeof target;
    memcpy(&alive, saved, sizeof alive);
    if (alive & ~sl_combat_range(0, sl_combat_n_units(m))) return false;
    for (int u = 0; u < sl_combat_n_units(m); u++) {
        memcpy(&target, targets + (size_t)u * sizeof target, sizeof target);
        memcpy(&last, lasts + (size_t)u * sizeof last, sizeof last);
        int n_targets = u < m->map.n_allies ? m->map.n_enemies : m->map.n_allies;
        if (target < -1 || target >= sl_combat_n_units(m) || last < -1 || last >= SL_COMBAT_ATTACK + n_targets)
            return false;
    }
    const uint8_t *memories = lasts + (size_t)m->P * sizeof last;
    for (size_t k = 0; k < sl_combat_n_memory(m); k++) {
        memcpy(&memory, memories + k * sizeof memory, sizeof memory);
        if (!isfinite(memory)) return false;
    }
    return true;
}
