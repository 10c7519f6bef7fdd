/* mask.c - observation masks of 0 and 1, one a copy, multiplied onto observations, and the sight limit before them.
 */
#include "envs/mask.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <stdio.h>
#include <string.h>

/* The entries of an agent's blocks lie one behind the other: n of them, of len features, from begin. */
typedef struct entries {
    int begin, len, n;
} entries;

/* What an agent has; sights: of its blocks those whose entries are in or out of sight. */
typedef struct watcher {
    int obs_dim, n_actions, n_sights;
    entries sights[SL_MAX_BLOCKS];
} watcher;

struct sl_mask {
    sl_mask_kind kind;
    bool sight, hides_avail;
    int k_min, k_max;
    int V, N, O, A;
    watcher *agents; /* (N) */
    float *obs_mask; /* (V, N, O) */
};

static const uint32_t STATE_VERSION = 1;

/* The head of a saved mask. */
typedef struct state_head {
    uint32_t version, V, N, O;
} state_head;

static float *mask_row(const sl_mask *self, int v, int i) {
    return self->obs_mask + ((size_t)v * (size_t)self->N + (size_t)i) * (size_t)self->O;
}

static const sl_block *find_block(const sl_agent_spec *agent, const char *name) {
    for (int b = 0; b < agent->n_blocks; b++) {
        if (strncmp(agent->blocks[b].name, name, SL_NAME_SIZE) == 0) return &agent->blocks[b];
    }
    return NULL;
}

static sl_status check_blocks(const sl_mask_def *def, const sl_env_spec *spec) {
    if (def->n_agents != spec->n_agents) {
        return sl_fail(SL_CONFIG, "one list of blocks for each agent", "mask: blocks for %d agents, %s has %d",
                       def->n_agents, spec->name, spec->n_agents);
    }
    for (int i = 0; i < spec->n_agents; i++) {
        for (int b = 0; b < SL_MAX_BLOCKS && def->blocks[i].names[b][0]; b++) {
            const sl_agent_spec *agent = &spec->agents[i];
            // "none" is an agent that sees nothing
            if (find_block(agent, def->blocks[i].names[b]) || strcmp(def->blocks[i].names[b], "none") == 0) continue;
            char hint[256] = "its blocks are none";
            for (int k = 0; k < agent->n_blocks; k++) {
                size_t len = strlen(hint);
                (void)snprintf(hint + len, sizeof hint - len, " %s", agent->blocks[k].name);
            }
            return sl_fail(SL_CONFIG, hint, "mask: %s has no block '%.*s'", agent->name, SL_NAME_SIZE - 1,
                           def->blocks[i].names[b]);
        }
    }
    return SL_OK;
}

static sl_status check_random(const sl_mask_def *def, const sl_env_spec *spec) {
    for (int i = 0; i < spec->n_agents; i++) {
        const sl_agent_spec *agent = &spec->agents[i];
        if (def->k_min >= 0 && def->k_min <= def->k_max && def->k_max <= agent->obs_dim) continue;
        return sl_fail(SL_CONFIG, "0 <= k_min <= k_max <= the shortest observation",
                       "mask: k_min %d, k_max %d, and %s observes %d features", def->k_min, def->k_max, agent->name,
                       agent->obs_dim);
    }
    return SL_OK;
}

static void keep_block(const sl_block *block, float *row) {
    for (int o = 0; block && o < block->len; o++) row[block->begin + o] = 1.0f;
}

// without a drawn mask nothing is visible; padding behind a short observation is never kept
static void fill_copy(sl_mask *self, const sl_mask_def *def, const sl_env_spec *spec, int v) {
    for (int i = 0; i < self->N; i++) {
        float *row = mask_row(self, v, i);
        if (def->kind == SL_MASK_NONE) {
            for (int o = 0; o < self->agents[i].obs_dim; o++) row[o] = 1.0f;
        }
        for (int b = 0; def->kind == SL_MASK_BLOCKS && b < SL_MAX_BLOCKS && def->blocks[i].names[b][0]; b++) {
            keep_block(find_block(&spec->agents[i], def->blocks[i].names[b]), row);
        }
        if (def->kind == SL_MASK_BLOCKS && !def->hides_movement)
            keep_block(find_block(&spec->agents[i], "move"), row);
    }
}

static void describe_agents(sl_mask *self, const sl_mask_def *def, const sl_env_spec *spec) {
    for (int i = 0; i < self->N; i++) {
        const sl_agent_spec *agent = &spec->agents[i];
        watcher *seen = &self->agents[i];
        seen->obs_dim = agent->obs_dim;
        seen->n_actions = agent->n_actions;
        for (int b = 0; def->sight && b < agent->n_blocks; b++) {
            const sl_block *block = &agent->blocks[b];
            if (block->entry == 0) continue;
            seen->sights[seen->n_sights++] = (entries){block->begin, block->entry, block->len / block->entry};
            self->sight = true;
        }
    }
}

sl_status sl_mask_create(const sl_mask_def *def, const sl_env_spec *spec, int V, sl_mask **out) {
    SL_ASSERT(V > 0);
    if (def->kind == SL_MASK_BLOCKS) SL_TRY(check_blocks(def, spec));
    if (def->kind == SL_MASK_RANDOM) SL_TRY(check_random(def, spec));
    sl_mask *self = sl_alloc(sizeof *self);
    size_t n_rows = (size_t)V * (size_t)spec->n_agents;
    watcher *agents = self ? sl_alloc_array((size_t)spec->n_agents, sizeof *agents) : NULL;
    float *obs_mask = agents ? sl_alloc_array(n_rows * (size_t)spec->obs_dim, sizeof *obs_mask) : NULL;
    if (!obs_mask) {
        sl_free(agents);
        sl_free(self);
        return sl_fail(SL_MEMORY, NULL, "cannot allocate masks of %d copies", V);
    }
    *self = (sl_mask){.kind = def->kind,
                      .hides_avail = def->hides_avail,
                      .k_min = def->k_min,
                      .k_max = def->k_max,
                      .V = V,
                      .N = spec->n_agents,
                      .O = spec->obs_dim,
                      .A = spec->n_actions,
                      .agents = agents,
                      .obs_mask = obs_mask};
    describe_agents(self, def, spec);
    for (int v = 0; v < V; v++) fill_copy(self, def, spec, v);
    *out = self;
    return SL_OK;
}

void sl_mask_destroy(sl_mask **self) {
    if (!*self) return;
    sl_free((*self)->agents);
    sl_free((*self)->obs_mask);
    sl_free(*self);
    *self = NULL;
}

// selection sampling (Knuth, algorithm S): feature o is kept with probability needed / left
void sl_mask_draw(sl_mask *self, int v, sl_rng *stream) {
    SL_ASSERT(v >= 0 && v < self->V);
    if (self->kind != SL_MASK_RANDOM) return;
    for (int i = 0; i < self->N; i++) {
        float *row = mask_row(self, v, i);
        int needed = self->k_min + (int)sl_rng_below(stream, (uint32_t)(self->k_max - self->k_min + 1));
        for (int o = 0; o < self->agents[i].obs_dim; o++) {
            bool kept = (int)sl_rng_below(stream, (uint32_t)(self->agents[i].obs_dim - o)) < needed;
            row[o] = kept ? 1.0f : 0.0f;
            needed -= kept;
        }
    }
}

// a hidden feature is +0 whatever it was, so that NaN or -0 cannot leak through the mask
static void mask_features(const float *obs_mask, const float *obs, size_t n, float *seen) {
    for (size_t i = 0; i < n; i++) seen[i] = obs_mask[i] != 0.0f ? obs[i] : 0.0f;
}

// n features of one agent's row: first the entries out of sight, as the observation mask may hide how far away a unit
// is
static void cover_row(const sl_mask *self, int agent, const float *obs_mask, size_t n, float *seen) {
    for (int b = 0; b < self->agents[agent].n_sights; b++) {
        const entries *block = &self->agents[agent].sights[b];
        for (int k = 0; k < block->n; k++) {
            float *entry = seen + block->begin + k * block->len;
            if (entry[1] > 1.0f) memset(entry, 0, (size_t)block->len * sizeof *entry);
        }
    }
    mask_features(obs_mask, seen, n, seen);
}

void sl_mask_see(const sl_mask *self, const float *obs_mask, const float *obs, float *seen) {
    size_t O = (size_t)self->O;
    if (!self->sight) {
        mask_features(obs_mask, obs, (size_t)self->N * O, seen);
        return;
    }
    if (seen != obs) memcpy(seen, obs, (size_t)self->N * O * sizeof *seen);
    for (int i = 0; i < self->N; i++) cover_row(self, i, obs_mask + (size_t)i * O, O, seen + (size_t)i * O);
}

void sl_mask_cover(const sl_mask *self, const float *obs_mask, int width, float *seen) {
    SL_ASSERT(width >= self->O);
    for (int i = 0; i < self->N; i++)
        cover_row(self, i, obs_mask + (size_t)i * (size_t)self->O, (size_t)self->agents[i].obs_dim,
                  seen + (size_t)i * (size_t)width);
}

void sl_mask_cover_all(const sl_mask *self, int begin, int end, int width, float *seen) {
    SL_ASSERT(begin >= 0 && begin <= end && end <= self->V);
    for (int v = begin; v < end; v++)
        sl_mask_cover(self, mask_row(self, v, 0), width, seen + (size_t)v * (size_t)self->N * (size_t)width);
}

void sl_mask_apply(const sl_mask *self, int begin, int end, const float *obs, float *masked) {
    SL_ASSERT(begin >= 0 && begin <= end && end <= self->V);
    size_t row = (size_t)self->N * (size_t)self->O;
    for (int v = begin; v < end; v++) {
        sl_mask_see(self, mask_row(self, v, 0), obs + (size_t)v * row, masked + (size_t)v * row);
    }
}

void sl_mask_avail(const sl_mask *self, int64_t rows, const uint8_t *avail, uint8_t *seen) {
    size_t A = (size_t)self->A;
    if (seen != avail) memcpy(seen, avail, (size_t)rows * A);
    for (int64_t r = 0; r < rows && self->hides_avail; r++) {
        uint8_t *row = seen + (size_t)r * A;
        if (!memchr(row + 1, 1, A - 1)) continue;
        memset(row + 1, 1, (size_t)self->agents[r % self->N].n_actions - 1);
    }
}

const float *sl_mask_get(const sl_mask *self, int v) {
    SL_ASSERT(v >= 0 && v < self->V);
    return mask_row(self, v, 0);
}

bool sl_mask_is_identity(const sl_mask *self) {
    return self->kind == SL_MASK_NONE && !self->sight;
}

static size_t mask_bytes(const sl_mask *self) {
    return (size_t)self->V * (size_t)self->N * (size_t)self->O * sizeof *self->obs_mask;
}

static state_head make_head(const sl_mask *self) {
    return (state_head){STATE_VERSION, (uint32_t)self->V, (uint32_t)self->N, (uint32_t)self->O};
}

size_t sl_mask_state_bytes(const sl_mask *self) {
    return sizeof(state_head) + mask_bytes(self);
}

void sl_mask_save(const sl_mask *self, uint8_t *bytes) {
    state_head head = make_head(self);
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, self->obs_mask, mask_bytes(self));
}

sl_status sl_mask_load(sl_mask *self, const uint8_t *bytes, size_t n_bytes) {
    state_head want = make_head(self);
    if (n_bytes != sl_mask_state_bytes(self) || memcmp(&want, bytes, sizeof want) != 0) {
        return sl_fail(SL_MISMATCH, "was it saved with the same environment and number of copies?",
                       "a saved mask of %zu bytes does not fit %d copies", n_bytes, self->V);
    }
    memcpy(self->obs_mask, bytes + sizeof want, mask_bytes(self));
    return SL_OK;
}
