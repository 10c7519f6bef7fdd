/* critic.c - puts the rows together and runs the network on them. */
#include "rollout/critic.h"

#include "common/alloc.h"

#include <string.h>

struct sl_critic {
    const sl_setup *setup;
    sl_slices slices;
    sl_policy_set *net;
    float *rows; /* (V, M, in); NULL where the state alone is read */
    float mean, std;
};

sl_status sl_critic_create(const sl_setup *setup, int V, const float *params, sl_critic **out) {
    sl_critic *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a critic");
    *self = (sl_critic){.setup = setup, .slices = sl_slices_of(V), .std = 1.0f};
    int in = setup->critic.in_dim;
    sl_policy_set_def def = {
        .V = V, .N = setup->M, .O = in, .A = 1, .shared = true, .nets = &setup->critic, .params = params};
    sl_status status = sl_policy_set_create(&def, &self->net);
    if (status == SL_OK && setup->critic_rows) {
        self->rows = sl_alloc_array((size_t)V * (size_t)setup->M * (size_t)in, sizeof *self->rows);
        if (!self->rows) status = sl_fail(SL_MEMORY, "lower n_envs", "cannot allocate a critic's rows");
    }
    if (status != SL_OK) {
        sl_critic_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_critic_destroy(sl_critic **self) {
    if (!*self) return;
    sl_policy_set_destroy(&(*self)->net);
    sl_free((*self)->rows);
    sl_free(*self);
    *self = NULL;
}

void sl_critic_set(sl_critic *self, const float *params) {
    memcpy(sl_policy_set_params(self->net), params, sl_policy_set_n_params(self->net) * sizeof *params);
}

void sl_critic_scale(sl_critic *self, double mean, double std) {
    self->mean = (float)mean;
    self->std = (float)std;
}

void sl_critic_reset(sl_critic *self, int v) {
    sl_policy_set_reset(self->net, v);
}

sl_policy_set *sl_critic_net(sl_critic *self) {
    return self->net;
}

// [state | own observation | index], of the dead the index alone
static void fill_rows(const sl_critic *self, int begin, int end, const sl_critic_view *view) {
    const sl_setup *s = self->setup;
    size_t S = (size_t)s->S, O = s->critic_own ? (size_t)s->O : 0, in = S + O + (size_t)s->N;
    const float *states = view->state ? view->state : view->obs;
    float *row = self->rows + (size_t)begin * (size_t)s->M * in;
    for (int64_t v = begin; v < end; v++) {
        for (int64_t n = 0; n < s->N; n++, row += in) {
            memset(row, 0, in * sizeof *row);
            row[S + O + (size_t)n] = 1.0f;
            if (view->alive && !view->alive[v * s->N + n]) continue;
            memcpy(row, states + v * s->S, S * sizeof *row);
            if (O > 0) memcpy(row + S, view->obs + (v * s->N + n) * s->O, O * sizeof *row);
        }
    }
}

void sl_critic_value(sl_critic *self, int slice, sl_forward_mode mode, const sl_critic_view *view, float *value) {
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice), M = self->setup->M;
    if (self->rows) fill_rows(self, begin, end, view);
    const float *in = self->rows ? self->rows : view->state ? view->state : view->obs;
    sl_policy_set_forward(self->net, slice, mode, in, value, NULL);
    for (int64_t i = (int64_t)begin * M; i < (int64_t)end * M; i++) value[i] = value[i] * self->std + self->mean;
}
