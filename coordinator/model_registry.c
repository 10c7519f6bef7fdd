/* model_registry.c - see model_registry.h. */
#include "coordinator/model_registry.h"

#include "common/alloc.h"
#include "common/array_pool.h"
#include "common/log.h"
#include "experiment/clock.h"
#include "nn/policy.h"
#include "storage/minisign.h"
#include "storage/tensors_file.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MODEL_BYTES = 1 << 26, ENDPOINT_BYTES = 256, GOODBYE_MS = 100 };

/* files of the agents, one after the other */
typedef struct pile {
    uint8_t *bytes;
    size_t n_bytes;
    int64_t *n_bytes_of; /* (N), 0: it has none */
} pile;

typedef struct stock {
    pile files; /* an agent without one brings its own */
    pile signatures;
    int *hidden; /* (N) */
} stock;

struct sl_model_registry {
    sl_model_registry_def def;
    char *endpoint;
    char resolved[ENDPOINT_BYTES]; /* "" before the first fleet */
    stock models;
    stock asked;              /* what a request brings, whose bytes it borrows */
    const uint8_t **begin;    /* (N) where each file of a pile begins */
    sl_fleet_slot_def *slots; /* (N) */
    sl_fleet *fleet;
    sl_array_pool arrays;
};

// the very bytes that are handed out, checked by the reader of files
static sl_status check_student(const sl_setup *setup, int i, const uint8_t *bytes, const stock *models) {
    char what[64];
    sl_policy policy;
    sl_tensors *file = NULL;
    const sl_agent_spec *agent = &setup->spec.agents[i];
    const char *env = setup->experiment->env.name;
    (void)snprintf(what, sizeof what, "the student for agent %d", i);
    SL_TRY(sl_tensors_decode(what, bytes, (size_t)models->files.n_bytes_of[i], &file));
    sl_status status = sl_policy_read(file, &policy);
    sl_tensors_destroy(&file);
    SL_TRY(status);
    const sl_profile *p = &policy.profile;
    if (strcmp(p->env, env) != 0)
        status = sl_fail(SL_MISMATCH, NULL, "%s: made for %s, not for %s", what, p->env, env);
    else if (p->n_agents != setup->N || p->agent != i)
        status = sl_fail(SL_MISMATCH, NULL, "%s: agent %d of %d, expected %d of %d", what, p->agent, p->n_agents, i,
                         setup->N);
    else if (policy.def.in_dim != setup->students[i].in_dim || policy.def.out_dim != agent->n_actions)
        status = sl_fail(SL_MISMATCH, NULL, "%s: not a student of agent %d of %s", what, i, setup->spec.name);
    models->hidden[i] = policy.def.hidden;
    sl_policy_fini(&policy);
    return status;
}

/* each file of a pile, where it begins; what: "student", for error lines */
static sl_status split(const sl_setup *setup, const char *what, int64_t most, const pile *all,
                       const uint8_t **begin) {
    size_t at = 0;
    for (int i = 0; i < setup->N; i++) {
        int64_t n = all->n_bytes_of[i];
        if (n < 0 || n > most || (size_t)n > all->n_bytes - at)
            return sl_fail(SL_MISMATCH, NULL, "the %s for agent %d: a file of %lld bytes does not fit", what, i,
                           (long long)n);
        begin[i] = all->bytes + at;
        at += (size_t)n;
    }
    if (at == all->n_bytes) return SL_OK;
    return sl_fail(SL_MISMATCH, NULL, "the %ss' files are %zu bytes, their sizes say %zu", what, all->n_bytes, at);
}

// *out points into the request
static sl_status read_pile(const sl_setup *setup, const sl_learn_message *request, sl_tensor_role files,
                           sl_tensor_role sizes, pile *out) {
    const sl_wire_tensor *bytes, *numbers;
    SL_TRY(sl_learn_take(request, files, SL_SHAPE(SL_ANY_LENGTH), &bytes));
    SL_TRY(sl_learn_take(request, sizes, SL_SHAPE(setup->N), &numbers));
    out->bytes = (uint8_t *)bytes->data;
    out->n_bytes = bytes->n_bytes;
    memcpy(out->n_bytes_of, numbers->data, numbers->n_bytes);
    return SL_OK;
}

static void empty_pile(const sl_setup *setup, pile *self) {
    self->bytes = NULL;
    self->n_bytes = 0;
    memset(self->n_bytes_of, 0, (size_t)setup->N * sizeof *self->n_bytes_of);
}

/* Whose they are is for the agents to say, who trust a key or none. */
static sl_status read_signatures(const sl_setup *setup, const sl_learn_message *request, const uint8_t **begin,
                                 pile *out) {
    if (!sl_learn_tensor(request, SL_TENSOR_POLICY_SIGNATURES)) return SL_OK;
    SL_TRY(read_pile(setup, request, SL_TENSOR_POLICY_SIGNATURES, SL_TENSOR_SIGNATURE_BYTES, out));
    SL_TRY(split(setup, "signature", SL_MINISIGN_BYTES, out, begin));
    for (int i = 0; i < setup->N; i++) {
        char what[64];
        sl_minisign_signature signature;
        (void)snprintf(what, sizeof what, "the signature for agent %d", i);
        if (out->n_bytes_of[i] > 0)
            SL_TRY(sl_minisign_read_signature(what, begin[i], (size_t)out->n_bytes_of[i], &signature));
    }
    return SL_OK;
}

static sl_status read_stock(const sl_setup *setup, const sl_learn_message *request, const uint8_t **begin,
                            stock *out) {
    empty_pile(setup, &out->files);
    empty_pile(setup, &out->signatures);
    memset(out->hidden, 0, (size_t)setup->N * sizeof *out->hidden);
    SL_TRY(read_pile(setup, request, SL_TENSOR_POLICY_FILES, SL_TENSOR_POLICY_BYTES, &out->files));
    SL_TRY(split(setup, "student", MAX_MODEL_BYTES, &out->files, begin));
    for (int i = 0; i < setup->N; i++)
        if (out->files.n_bytes_of[i] > 0) SL_TRY(check_student(setup, i, begin[i], out));
    return read_signatures(setup, request, begin, &out->signatures);
}

static bool same_pile(const sl_setup *setup, const pile *a, const pile *b) {
    return a->n_bytes == b->n_bytes &&
           memcmp(a->n_bytes_of, b->n_bytes_of, (size_t)setup->N * sizeof *a->n_bytes_of) == 0 &&
           (a->n_bytes == 0 || memcmp(a->bytes, b->bytes, a->n_bytes) == 0);
}

static sl_status keep_pile(pile *self) {
    if (self->n_bytes == 0) self->bytes = NULL;
    if (self->n_bytes == 0) return SL_OK;
    self->bytes = sl_alloc_copy(self->bytes, self->n_bytes);
    if (!self->bytes) return sl_fail(SL_MEMORY, NULL, "cannot keep %zu bytes of students", self->n_bytes);
    return SL_OK;
}

static void free_stock(stock *self) {
    sl_free(self->files.bytes);
    sl_free(self->signatures.bytes);
}

static sl_status open_fleet(sl_model_registry *self) {
    const sl_setup *setup = self->def.setup;
    const sl_exp_fleet *settings = &setup->experiment->fleet;
    sl_fleet_slot_def *slots = self->slots;
    const pile *files = &self->models.files, *signatures = &self->models.signatures;
    const uint8_t *file = files->bytes, *signature = signatures->bytes;
    for (int i = 0; i < setup->N; i++) {
        int64_t n_bytes = files->n_bytes_of[i], n_signature = signatures->n_bytes_of[i];
        slots[i] = (sl_fleet_slot_def){.obs_dim = setup->students[i].in_dim,
                                       .n_actions = setup->spec.agents[i].n_actions,
                                       .hidden = self->models.hidden[i],
                                       .is_reserved = sl_slot_set_has(&self->def.reserve, i),
                                       .model = n_bytes > 0 ? file : NULL,
                                       .model_bytes = (size_t)n_bytes,
                                       .signature = n_signature > 0 ? signature : NULL,
                                       .n_signature = (size_t)n_signature};
        if (n_bytes > 0) file += n_bytes;
        if (n_signature > 0) signature += n_signature;
    }
    sl_link_def link = self->def.link;
    link.endpoint = self->resolved[0] ? self->resolved : self->endpoint;
    sl_fleet_def def = sl_fleet_default_def(link, setup->N, slots, setup->P, setup->A, setup->spec.max_steps);
    if (settings->lease_ms > 0) def.lease_ms = settings->lease_ms;
    if (settings->heartbeat_ms > 0) def.heartbeat_ms = settings->heartbeat_ms;
    if (settings->tick_deadline_ms > 0) def.deadline_ms = settings->tick_deadline_ms;
    def.patience_ms = settings->patience_ms;
    // what is late is so in counted time, unless it is real; who asks for a clock knows the flights' links
    bool is_late = !self->def.clock_is_asked && settings->clock == SL_EXP_LOCKSTEP && !sl_links_is_none(setup->links);
    def.clock = sl_fleet_find_clock(sl_exp_clock_name(is_late ? SL_EXP_VIRTUAL : settings->clock));
    def.period_ns = (int64_t)(setup->step_ms * 1e6);
    def.fallback = setup->links->fallback;
    memcpy(def.config_hash, self->def.config_hash, sizeof def.config_hash);
    def.stop = self->def.stop;
    def.pulse = self->def.pulse;
    def.pulse_context = self->def.pulse_context;
    SL_TRY(sl_fleet_create(&def, &self->fleet));
    (void)snprintf(self->resolved, sizeof self->resolved, "%s", sl_fleet_endpoint(self->fleet));
    return SL_OK;
}

static void allocate_stock(sl_array_pool *arrays, int N, stock *out) {
    out->files.n_bytes_of = sl_array_pool_take(arrays, N, sizeof *out->files.n_bytes_of);
    out->signatures.n_bytes_of = sl_array_pool_take(arrays, N, sizeof *out->signatures.n_bytes_of);
    out->hidden = sl_array_pool_take(arrays, N, sizeof *out->hidden);
}

static void allocate(sl_model_registry *self) {
    sl_array_pool *arrays = &self->arrays;
    int N = self->def.setup->N;
    allocate_stock(arrays, N, &self->models);
    allocate_stock(arrays, N, &self->asked);
    self->begin = sl_array_pool_take(arrays, N, sizeof(uint8_t *));
    self->slots = sl_array_pool_take(arrays, N, sizeof *self->slots);
}

sl_status sl_model_registry_open(const sl_model_registry_def *def, sl_model_registry **out) {
    sl_model_registry *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the fleet");
    self->def = *def;
    self->endpoint = sl_alloc_string(def->link.endpoint);
    allocate(self);
    sl_status status = self->endpoint && !self->arrays.failed ? open_fleet(self)
                                                              : sl_fail(SL_MEMORY, NULL, "cannot allocate the fleet");
    if (status != SL_OK) {
        sl_model_registry_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_model_registry_close(sl_model_registry **self_pointer) {
    sl_model_registry *self = *self_pointer;
    if (!self) return;
    if (self->fleet) {
        sl_fleet_goodbye(self->fleet);
        // a connection that is closed with unread bytes is reset, and what was just sent is lost with it: it is read
        // for a while, whoever was told to stop
        int64_t end_ns = sl_fleet_now_ns(self->fleet) + (int64_t)GOODBYE_MS * 1000000;
        while (sl_fleet_now_ns(self->fleet) < end_ns)
            if (sl_fleet_poll(self->fleet, 1) == SL_NETWORK) break;
    }
    sl_fleet_destroy(&self->fleet);
    free_stock(&self->models);
    sl_array_pool_fini(&self->arrays);
    sl_free(self->endpoint);
    sl_free(self);
    *self_pointer = NULL;
}

const char *sl_model_registry_endpoint(const sl_model_registry *self) {
    return self->resolved;
}

sl_fleet *sl_model_registry_fleet(sl_model_registry *self) {
    return self->fleet;
}

sl_status sl_model_registry_refresh(sl_model_registry *self, const sl_learn_message *request) {
    const sl_setup *setup = self->def.setup;
    stock models = self->models, *asked = &self->asked;
    bool has_files = sl_learn_tensor(request, SL_TENSOR_POLICY_FILES) != NULL;
    if (has_files) SL_TRY(read_stock(setup, request, self->begin, asked));
    bool is_same = !has_files || (same_pile(setup, &models.files, &asked->files) &&
                                  same_pile(setup, &models.signatures, &asked->signatures));
    if (is_same) return self->fleet ? SL_OK : open_fleet(self);
    SL_TRY(keep_pile(&asked->files));
    sl_status status = keep_pile(&asked->signatures);
    if (status != SL_OK) {
        sl_free(asked->files.bytes);
        return status;
    }
    SL_INFO("the fleet takes the run's new students");
    sl_fleet_destroy(&self->fleet);
    free_stock(&models);
    self->models = *asked;
    *asked = models;
    return open_fleet(self);
}
