/* model_registry.c - see model_registry.h. */
#include "coordinator/model_registry.h"

#include "common/alloc.h"
#include "common/log.h"
#include "nn/policy.h"
#include "rollout/models.h"
#include "storage/file.h"
#include "storage/tensors_file.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MODEL_BYTES = 1 << 26, ENDPOINT_BYTES = 256, GOODBYE_MS = 50 };

typedef struct stock {
    uint8_t *bytes[SL_MAX_AGENTS]; /* NULL: agents bring theirs */
    size_t n_bytes[SL_MAX_AGENTS];
    int hidden[SL_MAX_AGENTS];
} stock;

struct sl_model_registry {
    sl_model_registry_def def;
    char *run, *endpoint;
    char resolved[ENDPOINT_BYTES]; /* "" before the first fleet */
    stock models;
    sl_fleet *fleet;
};

static void drop_stock(stock *models) {
    for (int i = 0; i < SL_MAX_AGENTS; i++) sl_free(models->bytes[i]);
    *models = (stock){.hidden = {0}};
}

// the very bytes that are handed out, checked by the reader that evaluations use
static sl_status check_student(const sl_model_registry *self, int i, const char *path, stock *models) {
    sl_policy policy;
    sl_tensors *file = NULL;
    const sl_agent_spec *agent = &self->def.setup->spec.agents[i];
    SL_TRY(sl_tensors_decode(path, models->bytes[i], models->n_bytes[i], &file));
    sl_status status = sl_policy_read(file, &policy);
    sl_tensors_destroy(&file);
    SL_TRY(status);
    status = sl_models_check_profile(self->def.setup, &policy.profile, path, i);
    bool fits = policy.def.in_dim == agent->obs_dim && policy.def.out_dim == agent->n_actions;
    models->hidden[i] = policy.def.hidden;
    sl_policy_fini(&policy);
    if (status != SL_OK || fits) return status;
    return sl_fail(SL_MISMATCH, NULL, "%s: not a student of agent %d of %s", path, i, self->def.setup->spec.name);
}

static sl_status load_stock(const sl_model_registry *self, stock *out) {
    stock models = {.hidden = {0}};
    sl_status status = SL_OK;
    for (int i = 0; i < self->def.setup->N && status == SL_OK; i++) {
        char path[4096];
        // a run that has not come so far has no students
        if (sl_models_find_student(NULL, self->run, i, path, sizeof path) != SL_OK) continue;
        // read once: the file may be another one a moment later
        status = sl_file_read(path, MAX_MODEL_BYTES, &models.bytes[i], &models.n_bytes[i]);
        if (status == SL_OK) status = check_student(self, i, path, &models);
    }
    if (status != SL_OK) {
        drop_stock(&models);
        return status;
    }
    *out = models;
    return SL_OK;
}

static bool same_stock(const stock *a, const stock *b) {
    for (int i = 0; i < SL_MAX_AGENTS; i++) {
        if (a->n_bytes[i] != b->n_bytes[i]) return false;
        if (a->n_bytes[i] && memcmp(a->bytes[i], b->bytes[i], a->n_bytes[i]) != 0) return false;
    }
    return true;
}

static sl_status open_fleet(sl_model_registry *self) {
    const sl_setup *setup = self->def.setup;
    const sl_exp_fleet *settings = &setup->experiment->fleet;
    sl_fleet_slot_def slots[SL_MAX_AGENTS];
    for (int i = 0; i < setup->N; i++) {
        slots[i] = (sl_fleet_slot_def){.obs_dim = setup->spec.agents[i].obs_dim,
                                       .n_actions = setup->spec.agents[i].n_actions,
                                       .hidden = self->models.hidden[i],
                                       .model = self->models.bytes[i],
                                       .model_bytes = self->models.n_bytes[i]};
    }
    sl_link_def link = self->def.link;
    link.endpoint = self->resolved[0] ? self->resolved : self->endpoint;
    sl_fleet_def def = sl_fleet_default_def(link, setup->N, slots, setup->O, setup->A, setup->spec.max_steps);
    if (settings->lease_ms > 0) def.lease_ms = settings->lease_ms;
    if (settings->heartbeat_ms > 0) def.heartbeat_ms = settings->heartbeat_ms;
    if (settings->tick_deadline_ms > 0) def.deadline_ms = settings->tick_deadline_ms;
    memcpy(def.config_hash, self->def.config_hash, sizeof def.config_hash);
    def.stop = self->def.stop;
    SL_TRY(sl_fleet_create(&def, &self->fleet));
    (void)snprintf(self->resolved, sizeof self->resolved, "%s", sl_fleet_endpoint(self->fleet));
    return SL_OK;
}

sl_status sl_model_registry_open(const sl_model_registry_def *def, sl_model_registry **out) {
    sl_model_registry *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate the fleet");
    self->def = *def;
    self->run = sl_alloc_string(def->run);
    self->endpoint = sl_alloc_string(def->link.endpoint);
    sl_status status = self->run && self->endpoint ? load_stock(self, &self->models)
                                                   : sl_fail(SL_MEMORY, NULL, "cannot allocate the fleet");
    if (status == SL_OK) status = open_fleet(self);
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
        // a connection that is closed with unread bytes is reset, and what was just sent is lost with it
        if (sl_fleet_poll(self->fleet, GOODBYE_MS) != SL_OK) SL_DEBUGF("goodbye was cut short");
    }
    sl_fleet_destroy(&self->fleet);
    drop_stock(&self->models);
    sl_free(self->run);
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

sl_status sl_model_registry_refresh(sl_model_registry *self) {
    stock models = {.hidden = {0}};
    SL_TRY(load_stock(self, &models));
    if (self->fleet && same_stock(&models, &self->models)) {
        drop_stock(&models);
        return SL_OK;
    }
    SL_INFO("the fleet takes the run's new students");
    sl_fleet_destroy(&self->fleet);
    drop_stock(&self->models);
    self->models = models;
    return open_fleet(self);
}
