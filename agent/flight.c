/* flight.c - the callbacks of the session, and the cache: DIR/<sha256>.safetensors for every student flown. */
#include "agent/flight.h"

#include "agent/model.h"
#include "agent/session.h"
#include "agent/trust.h"
#include "common/alloc.h"
#include "common/decision.h"
#include "common/json_line.h"
#include "common/log.h"
#include "common/sha256.h"
#include "storage/file.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

typedef struct flight {
    sl_kernel *kernel;
    const char *cache;
    sl_model model;
    uint8_t hash[SL_MINISIGN_HASH]; /* of its file */
    bool is_own;                    /* it came with the agent, and so did its signature */
    uint8_t signature[SL_MINISIGN_BYTES];
    size_t n_signature; /* 0: it has none */
    bool trusts;        /* as trust says; else anything is flown */
    sl_trust trust;
    int slot;
} flight;

static int32_t decide(void *context, const float *obs, const uint8_t *avail, bool episode_start) {
    sl_kernel *kernel = ((flight *)context)->kernel;
    float logits[SL_KERNEL_ACTIONS];
    if (episode_start) sl_kernel_reset(kernel);
    sl_kernel_decide(kernel, obs, logits);
    return sl_kernel_choose(logits, avail, kernel->n_actions);
}

static void live(void *context, int slot) {
    const flight *self = context;
    sl_json_line line = {0};
    sl_json_line_text(&line, "event", "ready");
    sl_json_line_whole(&line, "slot", slot);
    sl_json_line_text(&line, "model", self->model.sha256);
    sl_json_line_print(&line);
}

// the hash is the coordinator's word, so it is checked before it becomes a path
static sl_status name_file(const flight *self, const char *sha256, char *path) {
    if (!sl_sha256_is_text(sha256))
        return sl_fail(SL_CORRUPT, NULL, "the coordinator names a model by what is not a SHA-256");
    int n = snprintf(path, PATH_BYTES, "%s/%s.safetensors", self->cache, sha256);
    if (n < 0 || n >= PATH_BYTES) return sl_fail(SL_USAGE, NULL, "--cache: the path is too long");
    return SL_OK;
}

/* whether the bytes may be looked into */
static sl_status check_bytes(flight *self, const uint8_t *bytes, size_t n_bytes) {
    if (!self->trusts) return SL_OK;
    sl_minisign_hash(bytes, n_bytes, self->hash);
    return sl_trust_check(&self->trust, self->hash);
}

static sl_status decode(flight *self, const char *what, const uint8_t *bytes, size_t n_bytes) {
    SL_TRY(sl_model_decode(what, bytes, n_bytes, self->kernel, &self->model));
    if (self->model.profile.arithmetic != SL_ARITHMETIC)
        SL_WARN("%s has the known answers of arithmetic %d and flies in %d: they differ by rounding", what,
                self->model.profile.arithmetic, SL_ARITHMETIC);
    return SL_OK;
}

/* whether the model at hand may fly the slot */
static sl_status accept(flight *self) {
    return self->trusts ? sl_trust_accept(&self->trust, self->model.profile.agent, self->slot) : SL_OK;
}

/* the signature goes first: what is not signed, or with another key, is not even fetched */
static sl_status welcome(void *context, int slot, const char *sha256, const uint8_t *signature, size_t n) {
    flight *self = context;
    char what[64];
    self->slot = slot;
    (void)snprintf(what, sizeof what, "the model of slot %d", slot);
    if (self->is_own) signature = self->signature, n = self->n_signature;
    SL_TRY(sl_trust_take(&self->trust, what, signature, n));
    bool is_at_hand =
        self->is_own || (self->model.sha256[0] && (!sha256[0] || strcmp(self->model.sha256, sha256) == 0));
    if (!is_at_hand) return SL_OK;
    SL_TRY(sl_trust_check(&self->trust, self->hash));
    return accept(self);
}

static void say_shape(const flight *self, int *obs_dim, int *n_actions) {
    *obs_dim = self->model.profile.obs_dim;
    *n_actions = self->model.profile.n_actions;
}

static sl_status recall(void *context, const char *sha256, int *obs_dim, int *n_actions) {
    flight *self = context;
    char path[PATH_BYTES], found[65];
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(name_file(self, sha256, path));
    if (sl_file_read(path, SL_MODEL_MAX_BYTES, &bytes, &n_bytes) != SL_OK) return SL_NOT_FOUND;
    sl_file_sha256(bytes, n_bytes, found);
    sl_status status = SL_NOT_FOUND;
    // a damaged file is fetched again, and replaced then
    if (strcmp(found, sha256) == 0) {
        status = check_bytes(self, bytes, n_bytes);
        if (status == SL_OK) status = decode(self, path, bytes, n_bytes);
        if (status == SL_OK) status = accept(self);
    } else {
        SL_WARN("%s was changed and is not flown", path);
    }
    sl_free(bytes);
    if (status == SL_OK) say_shape(self, obs_dim, n_actions);
    return status;
}

static sl_status load(void *context, const uint8_t *bytes, size_t n_bytes, const char *sha256, int *obs_dim,
                      int *n_actions) {
    flight *self = context;
    char path[PATH_BYTES];
    SL_TRY(name_file(self, sha256, path));
    SL_TRY(check_bytes(self, bytes, n_bytes));
    SL_TRY(decode(self, "the coordinator's model", bytes, n_bytes));
    SL_TRY(accept(self));
    // what cannot be kept is flown all the same
    if (sl_file_make_folder(self->cache) != SL_OK || sl_file_replace(path, bytes, n_bytes) != SL_OK)
        SL_WARN("the model is not kept: %s", sl_error_what());
    say_shape(self, obs_dim, n_actions);
    return SL_OK;
}

static sl_status load_own_signature(flight *self, const char *path) {
    uint8_t *text = NULL;
    sl_status status = sl_sidecar_read(path, &text, &self->n_signature);
    if (status == SL_OK) memcpy(self->signature, text, self->n_signature);
    sl_free(text);
    return status == SL_NOT_FOUND ? SL_OK : status;
}

/* The signature is judged when a coordinator has welcomed the agent, so that both sides hear of a refusal. */
static sl_status load_own(flight *self, const char *path) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    self->is_own = true;
    SL_TRY(sl_file_read(path, SL_MODEL_MAX_BYTES, &bytes, &n_bytes));
    sl_status status = decode(self, path, bytes, n_bytes);
    sl_minisign_hash(bytes, n_bytes, self->hash);
    sl_free(bytes);
    if (status == SL_OK && self->trusts) status = load_own_signature(self, path);
    return status;
}

sl_status sl_flight_run(const sl_agent_options *options, const sl_link_def *link, const volatile sig_atomic_t *stop,
                        sl_kernel *kernel) {
    flight self = {.kernel = kernel, .cache = options->cache};
    sl_session_def def = sl_session_default_def(*link);
    def.slot = options->slot;
    def.hidden = SL_HIDDEN;
    def.context = &self;
    def.decide = decide;
    def.live = live;
    def.stop = stop;
    def.stays = options->stays;
    def.is_impatient = options->is_impatient;
    def.max_model_bytes = SL_MODEL_MAX_BYTES;
    self.trusts = options->trust != NULL;
    if (self.trusts) SL_TRY(sl_trust_open(options->trust, options->cache, &self.trust));
    if (self.trusts) def.welcome = welcome;
    if (!options->model) {
        def.recall = recall;
        def.load = load;
    } else {
        SL_TRY(load_own(&self, options->model));
        say_shape(&self, &def.obs_dim, &def.n_actions);
        memcpy(def.model_sha256, self.model.sha256, sizeof def.model_sha256);
    }
    sl_session *session = NULL;
    SL_TRY(sl_session_create(&def, &session));
    sl_status status = sl_session_run(session);
    sl_session_stats stats = sl_session_get_stats(session);
    sl_json_line line = {0};
    sl_json_line_text(&line, "event", "done");
    sl_json_line_counters(&line, &sl_session_metrics, SL_SESSION_DONE_METRICS, &stats);
    sl_json_line_print(&line);
    sl_session_destroy(&session);
    return status;
}
