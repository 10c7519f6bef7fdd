/* gae.c - see gae.h. */
#include "rollout/gae.h"

// one step of copies [begin, end) with one reward row each: the loop that compilers vectorise
static void step_team(const sl_gae *g, int64_t at, int begin, int end, int last) {
    const float *reward = g->reward + at, *value = g->value + at, *next = g->value + at + g->B;
    const float *last_value = g->last_value + at;
    const uint8_t *terminated = g->terminated + at, *truncated = g->truncated + at;
    float *restrict advantage = g->advantage + at, *restrict target = g->target + at;
    float gamma = g->gamma, decay = g->gamma * g->lambda;
    for (int b = begin; b < end; b++) {
        float ended = terminated[b] ? 1.0f : 0.0f, cut = truncated[b] ? 1.0f : 0.0f;
        float future = cut != 0.0f ? last_value[b] : next[b];
        float delta = reward[b] + (ended != 0.0f ? 0.0f : gamma * future) - value[b];
        float carried = last || ended != 0.0f || cut != 0.0f ? 0.0f : decay * advantage[b + g->B];
        advantage[b] = delta + carried;
        target[b] = advantage[b] + value[b];
    }
}

static void step_agents(const sl_gae *g, int t, int begin, int end, int last) {
    int64_t row = (int64_t)g->B * g->M;
    for (int b = begin; b < end; b++) {
        int ended = g->terminated[(int64_t)t * g->B + b], cut = g->truncated[(int64_t)t * g->B + b];
        for (int m = 0; m < g->M; m++) {
            int64_t i = t * row + (int64_t)b * g->M + m;
            float future = ended ? 0.0f : g->gamma * (cut ? g->last_value[i] : g->value[i + row]);
            float delta = g->reward[i] + future - g->value[i];
            float carried = last || ended || cut ? 0.0f : g->gamma * g->lambda * g->advantage[i + row];
            g->advantage[i] = delta + carried;
            g->target[i] = g->advantage[i] + g->value[i];
        }
    }
}

void sl_gae_compute(const sl_gae *gae, int begin, int end) {
    for (int t = gae->T - 1; t >= 0; t--) {
        int last = t == gae->T - 1;
        if (gae->M == 1) {
            step_team(gae, (int64_t)t * gae->B, begin, end, last);
        } else {
            step_agents(gae, t, begin, end, last);
        }
    }
}
