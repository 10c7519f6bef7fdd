/* view.c - see view.h. */
#include "rollout/view.h"

#include <string.h>

static int count_told(const sl_agent_spec *agent) {
    int n = 0;
    for (int b = 0; b < agent->n_blocks; b++) n += agent->blocks[b].is_told;
    return n;
}

sl_view sl_view_of(const sl_env_spec *spec, const sl_mask *masks, bool hides_avail, bool ages) {
    sl_view self = {spec, masks, masks && hides_avail, ages, spec->obs_dim};
    for (int i = 0; ages && i < spec->n_agents; i++) {
        int width = spec->agents[i].obs_dim + count_told(&spec->agents[i]);
        if (i == 0 || width > self.P) self.P = width;
    }
    return self;
}

// wider rows: own features, then zeros
static void widen(const sl_view *self, int begin, int end, const float *obs, float *seen) {
    int N = self->spec->n_agents;
    for (int64_t r = (int64_t)begin * N; r < (int64_t)end * N; r++) {
        size_t n = (size_t)self->spec->agents[r % N].obs_dim;
        memset(seen + r * self->P, 0, (size_t)self->P * sizeof *seen);
        memcpy(seen + r * self->P, obs + r * self->spec->obs_dim, n * sizeof *seen);
    }
}

void sl_view_fresh(const sl_view *self, int begin, int end, const float *obs, float *seen) {
    if (!self->ages && self->masks) {
        sl_mask_apply(self->masks, begin, end, obs, seen);
        return;
    }
    widen(self, begin, end, obs, seen);
    sl_view_cover(self, begin, end, seen);
}

void sl_view_cover(const sl_view *self, int begin, int end, float *seen) {
    if (self->masks) sl_mask_cover_all(self->masks, begin, end, self->P, seen);
}

void sl_view_avail(const sl_view *self, int begin, int end, const uint8_t *avail, uint8_t *shown) {
    int64_t N = self->spec->n_agents, first = begin * N * self->spec->n_actions;
    sl_mask_avail(self->masks, (end - begin) * N, avail + first, shown + first);
}
