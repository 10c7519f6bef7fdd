/* policy_set.c - gathers each network's inputs, runs it on the slice, scatters its outputs. */
#include "rollout/policy_set.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "common/assert.h"

#include <string.h>

/* Scratch of one slice; one thread at a time. */
typedef struct slot {
    float *x, *out, *z, *scratch;
    sl_net_workspace **ws; /* (n_nets) */
} slot;

struct sl_policy_set {
    sl_policy_set_def def;
    sl_slices slices;
    int n_nets, rows, hidden; /* rows of one network in one copy */
    bool recurrent;
    sl_net_def *nets; /* (n_nets) */
    size_t *offsets, n_params;
    float *own; /* NULL: borrowed */
    const float *params;
    float **h; /* (n_nets) of (V, rows, H); NULL: without a cell */
    slot *slots;
    sl_array_pool arrays;
};

sl_policy_set_def sl_policy_set_teacher_def(const sl_setup *setup, int V) {
    return (sl_policy_set_def){.V = V,
                               .N = setup->N,
                               .O = setup->O,
                               .A = setup->A,
                               .shared = true,
                               .agent_id = setup->teacher_agent_id,
                               .nets = &setup->teacher};
}

sl_policy_set_def sl_policy_set_students_def(const sl_setup *setup, int V) {
    return (sl_policy_set_def){.V = V, .N = setup->N, .O = setup->P, .A = setup->A, .nets = setup->students};
}

static int n_nets_of(const sl_policy_set_def *def) {
    return def->shared ? 1 : def->N;
}

size_t sl_policy_set_def_n_params(const sl_policy_set_def *def) {
    size_t n = 0;
    for (int k = 0; k < n_nets_of(def); k++) n += sl_net_n_params(&def->nets[k]);
    return n;
}

static sl_status check_def(const sl_policy_set_def *def) {
    for (int k = 0; k < n_nets_of(def); k++) {
        const sl_net_def *net = &def->nets[k];
        SL_TRY(sl_net_def_check(net));
        int in_dim = def->O + (def->agent_id ? def->N : 0);
        bool fits = def->shared ? net->in_dim == in_dim && net->out_dim == def->A
                                : net->in_dim <= def->O && net->out_dim <= def->A;
        if (!fits)
            return sl_fail(SL_MISMATCH, "was it made for another environment, or with another number of agents?",
                           "network %d maps %d to %d, the environment has %d inputs and %d outputs", k, net->in_dim,
                           net->out_dim, in_dim, def->A);
    }
    return SL_OK;
}

static sl_status create_slot(sl_policy_set *self, slot *l) {
    const sl_policy_set_def *def = &self->def;
    int B = self->slices.width * self->rows;
    l->x = SL_TAKE_FLOATS(&self->arrays, (int64_t)B * (def->O + def->N));
    l->out = SL_TAKE_FLOATS(&self->arrays, (int64_t)B * def->A);
    l->z = SL_TAKE_FLOATS(&self->arrays, (int64_t)B * self->hidden);
    l->scratch = SL_TAKE_FLOATS(&self->arrays, 8 * (int64_t)self->hidden);
    l->ws = sl_array_pool_take(&self->arrays, self->n_nets, sizeof(sl_net_workspace *));
    for (int k = 0; l->ws && k < self->n_nets; k++) SL_TRY(sl_net_workspace_create(&self->nets[k], 1, B, &l->ws[k]));
    return SL_OK;
}

// what each network is, where its parameters begin, and its recurrent states
static void place_nets(sl_policy_set *self) {
    self->nets = sl_array_pool_take(&self->arrays, self->n_nets, sizeof *self->nets);
    self->offsets = sl_array_pool_take(&self->arrays, self->n_nets, sizeof *self->offsets);
    self->h = sl_array_pool_take(&self->arrays, self->n_nets, sizeof(float *));
    for (int k = 0; !self->arrays.failed && k < self->n_nets; k++) {
        const sl_net_def *net = &self->def.nets[k];
        self->nets[k] = *net;
        self->offsets[k] = self->n_params;
        self->n_params += sl_net_n_params(net);
        if (net->hidden > self->hidden) self->hidden = net->hidden;
        if (net->cell == SL_CELL_NONE) continue;
        self->recurrent = true;
        self->h[k] = SL_TAKE_FLOATS(&self->arrays, (int64_t)self->def.V * self->rows * net->hidden);
    }
    self->def.nets = self->nets;
}

sl_status sl_policy_set_create(const sl_policy_set_def *def, sl_policy_set **out) {
    SL_TRY(check_def(def));
    sl_policy_set *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a policy set");
    self->def = *def;
    self->slices = sl_slices_of(def->V);
    self->n_nets = n_nets_of(def);
    self->rows = def->shared ? def->N : 1;
    place_nets(self);
    self->own = SL_TAKE_FLOATS(&self->arrays, def->params ? 0 : (int64_t)self->n_params);
    self->params = def->params ? def->params : self->own;
    self->slots = sl_array_pool_take(&self->arrays, self->slices.n, sizeof(slot));
    sl_status status = SL_OK;
    for (int s = 0; !self->arrays.failed && s < self->slices.n && status == SL_OK; s++)
        status = create_slot(self, &self->slots[s]);
    if (status == SL_OK && self->arrays.failed)
        status = sl_fail(SL_MEMORY, "lower n_envs", "cannot allocate networks for %d copies", def->V);
    if (status != SL_OK) {
        sl_policy_set_destroy(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_policy_set_destroy(sl_policy_set **self_pointer) {
    sl_policy_set *self = *self_pointer;
    if (!self) return;
    for (int s = 0; self->slots && s < self->slices.n; s++)
        for (int k = 0; self->slots[s].ws && k < self->n_nets; k++) sl_net_workspace_destroy(&self->slots[s].ws[k]);
    sl_array_pool_fini(&self->arrays);
    sl_free(self);
    *self_pointer = NULL;
}

size_t sl_policy_set_n_params(const sl_policy_set *self) {
    return self->n_params;
}

float *sl_policy_set_params(sl_policy_set *self) {
    SL_ASSERT(self->own);
    return self->own;
}

int sl_policy_set_hidden_dim(const sl_policy_set *self) {
    return self->hidden;
}

bool sl_policy_set_is_recurrent(const sl_policy_set *self) {
    return self->recurrent;
}

int sl_policy_set_n_nets(const sl_policy_set *self) {
    return self->n_nets;
}

float *sl_policy_set_states(sl_policy_set *self, int k, size_t *n) {
    *n = self->h[k] ? (size_t)self->def.V * (size_t)self->rows * (size_t)self->def.nets[k].hidden : 0;
    return self->h[k];
}

void sl_policy_set_reset(sl_policy_set *self, int v) {
    for (int k = 0; k < self->n_nets; k++) {
        if (!self->h[k]) continue;
        size_t n = (size_t)self->rows * (size_t)self->def.nets[k].hidden;
        memset(self->h[k] + (size_t)v * n, 0, n * sizeof(float));
    }
}

// the input of one row of network k
static void gather_row(const sl_policy_set *self, int k, int row, const float *in, float *x) {
    const sl_policy_set_def *def = &self->def;
    int n_copied = def->shared ? def->O : def->nets[k].in_dim;
    memcpy(x, in + (int64_t)row * def->O, (size_t)n_copied * sizeof(float));
    for (int n = 0; def->agent_id && n < def->N; n++) x[def->O + n] = n == row % def->N ? 1.0f : 0.0f;
}

// the inputs of network k for copies [begin, end), as one matrix
static const float *gather(const sl_policy_set *self, const slot *l, int k, int begin, int end, const float *in) {
    const sl_policy_set_def *def = &self->def;
    if (def->shared && !def->agent_id) return in + (int64_t)begin * def->N * def->O;
    float *x = l->x;
    for (int v = begin; v < end; v++)
        for (int r = 0; r < self->rows; r++, x += def->nets[k].in_dim)
            gather_row(self, k, v * def->N + (def->shared ? r : k), in, x);
    return l->x;
}

// the outputs of one row of network k
static void put_row(const sl_policy_set *self, int k, int row, const float *y, float *out) {
    const sl_policy_set_def *def = &self->def;
    int width = def->nets[k].out_dim;
    float *to = out + (int64_t)row * def->A;
    memcpy(to, y, (size_t)width * sizeof(float));
    for (int a = width; a < def->A; a++) to[a] = -1e10f;
}

static void scatter(const sl_policy_set *self, const slot *l, int k, int begin, int end, float *out) {
    int width = self->def.nets[k].out_dim;
    for (int v = begin; v < end; v++)
        put_row(self, k, v * self->def.N + k, l->out + (int64_t)(v - begin) * width, out);
}

void sl_policy_set_forward(sl_policy_set *self, int slice, sl_forward_mode mode, const float *in, float *out,
                           float *z) {
    const sl_policy_set_def *def = &self->def;
    slot *l = &self->slots[slice];
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    int B = (end - begin) * self->rows;
    SL_ASSERT(!z || def->shared);
    for (int k = 0; k < self->n_nets; k++) {
        const sl_net_def *net = &def->nets[k];
        const float *params = self->params + self->offsets[k];
        const float *x = gather(self, l, k, begin, end, in);
        float *h = self->h[k] ? self->h[k] + (int64_t)begin * self->rows * net->hidden : NULL;
        float *y = def->shared ? out + (int64_t)begin * def->N * def->A : l->out;
        float *embedding = z ? z + (int64_t)begin * def->N * net->hidden : h ? l->z : NULL;
        sl_net_forward(net, params, l->ws[k], 1, B, x, h, NULL, y, embedding);
        if (h && mode == SL_FORWARD_STEP) memcpy(h, embedding, (size_t)B * (size_t)net->hidden * sizeof(float));
        if (!def->shared) scatter(self, l, k, begin, end, out);
    }
}

// of network k all rows at once, or those that are active side by side
static void decide_all(sl_policy_set *self, const slot *l, int k, int begin, int end, const float *in, float *out) {
    const sl_policy_set_def *def = &self->def;
    const sl_net_def *net = &def->nets[k];
    float *h = self->h[k] ? self->h[k] + (int64_t)begin * self->rows * net->hidden : NULL;
    float *y = def->shared ? out + (int64_t)begin * def->N * def->A : l->out;
    sl_net_decide(net, self->params + self->offsets[k], (end - begin) * self->rows,
                  gather(self, l, k, begin, end, in), h, y, l->scratch);
    if (!def->shared) scatter(self, l, k, begin, end, out);
}

static void decide_some(sl_policy_set *self, const slot *l, int k, int begin, int end, const uint8_t *active,
                        const float *in, float *out) {
    const sl_policy_set_def *def = &self->def;
    const sl_net_def *net = &def->nets[k];
    size_t H = (size_t)net->hidden;
    int n = 0, n_rows = (end - begin) * self->rows;
    // of the network's rows from the slice's first one on
    float *states = self->h[k] ? self->h[k] + (size_t)begin * (size_t)self->rows * H : NULL;
    for (int i = 0; i < n_rows; i++) {
        int row = begin * def->N + (def->shared ? i : i * def->N + k);
        if (!active[row]) continue;
        gather_row(self, k, row, in, l->x + (size_t)n * (size_t)net->in_dim);
        if (states) memcpy(l->z + (size_t)n * H, states + (size_t)i * H, H * sizeof(float));
        n++;
    }
    sl_net_decide(net, self->params + self->offsets[k], n, l->x, states ? l->z : NULL, l->out, l->scratch);
    n = 0;
    for (int i = 0; i < n_rows; i++) {
        int row = begin * def->N + (def->shared ? i : i * def->N + k);
        if (!active[row]) continue;
        put_row(self, k, row, l->out + (size_t)n * (size_t)net->out_dim, out);
        if (states) memcpy(states + (size_t)i * H, l->z + (size_t)n * H, H * sizeof(float));
        n++;
    }
}

void sl_policy_set_decide(sl_policy_set *self, int slice, const uint8_t *active, const float *in, float *out) {
    const slot *l = &self->slots[slice];
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice);
    for (int k = 0; k < self->n_nets; k++) {
        if (active)
            decide_some(self, l, k, begin, end, active, in, out);
        else
            decide_all(self, l, k, begin, end, in, out);
    }
}

void sl_policy_set_get_hidden(const sl_policy_set *self, int slice, float *hidden) {
    const sl_policy_set_def *def = &self->def;
    int begin = sl_slices_begin(self->slices, slice), end = sl_slices_end(self->slices, slice), H = self->hidden;
    for (int v = begin; v < end; v++) {
        for (int n = 0; n < def->N; n++) {
            int k = def->shared ? 0 : n, width = def->nets[k].hidden;
            float *to = hidden + ((int64_t)v * def->N + n) * H;
            memset(to, 0, (size_t)H * sizeof(float));
            if (!self->h[k]) continue;
            int64_t row = def->shared ? (int64_t)v * def->N + n : v;
            memcpy(to, self->h[k] + row * width, (size_t)width * sizeof(float));
        }
    }
}
