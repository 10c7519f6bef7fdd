/* env.c - the names of all families and the dispatch to the classes of environments. Any thread, one range of copies
 * each. */
#include "envs/env.h"

#include "common/assert.h"
#include "common/fnv1a.h"
#include "envs/env_class.h"
#include "envs/family.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COPIES = 1 << 20 };

const sl_env_family *sl_env_family_of(const char *name) {
    for (int f = 0; sl_env_families[f]; f++) {
        if (strncmp(name, sl_env_families[f]->prefix, strlen(sl_env_families[f]->prefix)) == 0) {
            return sl_env_families[f];
        }
    }
    return NULL;
}

int sl_env_n_names(void) {
    int n = 0;
    for (int f = 0; sl_env_families[f]; f++) n += sl_env_families[f]->n_scenarios;
    return n;
}

static const sl_env_scenario *scenario_at(int index) {
    SL_ASSERT(index >= 0 && index < sl_env_n_names());
    int f = 0;
    for (; index >= sl_env_families[f]->n_scenarios; f++) index -= sl_env_families[f]->n_scenarios;
    return &sl_env_families[f]->scenarios[index];
}

const char *sl_env_name(int index) {
    return scenario_at(index)->name;
}

const char *sl_env_summary(int index) {
    return scenario_at(index)->summary;
}

const char *sl_env_file(const char *name) {
    const sl_env_family *family = sl_env_family_of(name);
    return family && family->file ? family->file(name) : NULL;
}

bool sl_env_is_known(const char *name) {
    for (int i = 0; i < sl_env_n_names(); i++) {
        if (strcmp(sl_env_name(i), name) == 0) return true;
    }
    return sl_env_file(name) != NULL;
}

sl_env_options sl_env_default_options(void) {
    return (sl_env_options){.local_ratio = -1.0};
}

/* The words of switches. */
enum { FULL, HOLD, NO_CORPSE_ATTACK, WALL_OFFSET_FIX, CLAMP_TO_MAP, CLEAR_LAST_ACTIONS, CONTINUOUS, LEGACY_PHYSICS };
static const char *const switch_names[SL_ENV_SWITCHES] = {
    "full",       "hold",          "no_corpse_attack", "wall_offset_fix", "clamp_to_map", "clear_last_actions",
    "continuous", "legacy_physics"};

// where an option that is a plain flag is kept; NULL: it is none
static bool *flag_of(sl_env_options *options, int which) {
    switch (which) {
    case FULL:
        return &options->full;
    case WALL_OFFSET_FIX:
        return &options->wall_offset_fix;
    case CLAMP_TO_MAP:
        return &options->clamp_to_map;
    case CLEAR_LAST_ACTIONS:
        return &options->clear_last_actions;
    case CONTINUOUS:
        return &options->continuous;
    case LEGACY_PHYSICS:
        return &options->legacy_physics;
    default:
        return NULL;
    }
}

// whether it is a shift of the starts; its range is the environment's business
static bool read_shift(const char *text, double *out) {
    static const char key[] = "spawn_shift=";
    char *end;
    if (strncmp(text, key, strlen(key)) != 0 || text[strlen(key)] == '\0') return false;
    double shift = strtod(text + strlen(key), &end);
    if (*end != '\0') return false;
    *out = shift;
    return true;
}

sl_status sl_env_set_switch(sl_env_options *options, const char *name) {
    if (read_shift(name, &options->spawn_shift)) return SL_OK;
    for (int k = 0; k < SL_ENV_SWITCHES; k++) {
        if (strcmp(switch_names[k], name) != 0) continue;
        bool *flag = flag_of(options, k);
        if (flag) *flag = true;
        if (k == HOLD) options->opponent = SL_OPPONENT_HOLD;
        if (k == NO_CORPSE_ATTACK) options->corpse_attack = SL_SWITCH_OFF;
        return SL_OK;
    }
    return sl_fail(SL_CONFIG,
                   "full, hold, no_corpse_attack, wall_offset_fix, clamp_to_map, clear_last_actions, spawn_shift=X, "
                   "continuous, legacy_physics",
                   "unknown switch '%s' of an environment", name);
}

int sl_env_list_switches(const sl_env_options *options, const char *names[SL_ENV_SWITCHES]) {
    sl_env_options copy = *options;
    int n = 0;
    for (int k = 0; k < SL_ENV_SWITCHES; k++) {
        const bool *flag = flag_of(&copy, k);
        bool on = flag && *flag;
        if (k == HOLD) on = copy.opponent == SL_OPPONENT_HOLD;
        if (k == NO_CORPSE_ATTACK) on = copy.corpse_attack == SL_SWITCH_OFF;
        if (on) names[n++] = switch_names[k];
    }
    return n;
}

sl_status sl_env_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream, sl_env **out) {
    if (V < 1 || V > MAX_COPIES) return sl_fail(SL_CONFIG, "1 to 1048576", "%d copies of an environment", V);
    if (options->max_steps < 0) {
        return sl_fail(SL_CONFIG, "0 = the environment's default", "max_steps is %d", options->max_steps);
    }
    if (sl_env_is_known(name)) return sl_env_family_of(name)->create(name, options, V, stream, out);
    return sl_fail(SL_CONFIG, "`starling env list` shows the names", "unknown environment '%s'", name);
}

sl_status sl_env_opponent_spec(const char *name, const sl_env_options *options, sl_env_spec *out) {
    const sl_env_family *family = sl_env_family_of(name);
    if (family && family->opponent_spec) return family->opponent_spec(name, options, out);
    return sl_fail(SL_CONFIG, "only battles have one: combat/3m", "%s has no opponent", name);
}

void sl_env_destroy(sl_env **self) {
    if (!*self) return;
    (*self)->class->destroy(*self);
    *self = NULL;
}

const sl_env_spec *sl_env_get_spec(const sl_env *self) {
    return &self->spec;
}

// a range is whole tiles, but for the last copy
static void check_range(const sl_env *self, int begin, int end) {
    SL_ASSERT(begin >= 0 && begin <= end && end <= self->V);
    SL_ASSERT(begin % SL_ENV_LANES == 0 || begin == self->V);
    SL_ASSERT(end % SL_ENV_LANES == 0 || end == self->V);
}

double sl_env_return(const sl_env_spec *spec, const double *returns) {
    double sum = 0;
    for (int i = 0; i < (spec->shared_reward ? 1 : spec->n_agents); i++) sum += returns[i];
    return sum;
}

void sl_env_seed(sl_env *self, int v, const sl_rng *stream) {
    SL_ASSERT(v >= 0 && v < self->V);
    self->class->seed(self, v, stream);
}

void sl_env_reset(sl_env *self, int begin, int end, const uint8_t *which, sl_env_out *out) {
    check_range(self, begin, end);
    self->class->reset(self, begin, end, which, out);
}

void sl_env_step(sl_env *self, int begin, int end, const int32_t *actions, sl_env_out *out) {
    check_range(self, begin, end);
    SL_ASSERT(!self->spec.continuous);
    self->class->step(self, begin, end, actions, out);
}

void sl_env_step_continuous(sl_env *self, int begin, int end, const float *actions, sl_env_out *out) {
    check_range(self, begin, end);
    SL_ASSERT(self->spec.continuous);
    self->class->step_continuous(self, begin, end, actions, out);
}

void sl_env_heuristic(const sl_env *self, int begin, int end, int32_t *actions) {
    check_range(self, begin, end);
    SL_ASSERT(self->spec.has_heuristic);
    self->class->heuristic(self, begin, end, actions);
}

// ------------------------------------------------------------------------------------------------------- saved
// states

static sl_env_state list_state(const sl_env *self) {
    sl_env_state state = {.head.copies = (uint32_t)self->V};
    self->class->list_state(self, &state);
    return state;
}

size_t sl_env_state_bytes(const sl_env *self) {
    sl_env_state state = list_state(self);
    size_t n_bytes = sizeof state.head;
    for (int k = 0; k < SL_ENV_STATE_PARTS; k++) n_bytes += state.parts[k].n_bytes;
    return n_bytes;
}

void sl_env_save(const sl_env *self, uint8_t *bytes) {
    sl_env_state state = list_state(self);
    memcpy(bytes, &state.head, sizeof state.head);
    bytes += sizeof state.head;
    for (int k = 0; k < SL_ENV_STATE_PARTS && state.parts[k].n_bytes; k++) {
        memcpy(bytes, state.parts[k].memory, state.parts[k].n_bytes);
        bytes += state.parts[k].n_bytes;
    }
}

sl_status sl_env_load(sl_env *self, const uint8_t *bytes, size_t n_bytes) {
    static const char hint[] = "was it saved with the same environment, options and number of copies?";
    sl_env_state want = list_state(self), got = {0};
    if (n_bytes != sl_env_state_bytes(self)) {
        return sl_fail(SL_MISMATCH, hint, "%s: a saved state of %zu bytes, not %zu", self->spec.name, n_bytes,
                       sl_env_state_bytes(self));
    }
    memcpy(&got.head, bytes, sizeof got.head);
    if (memcmp(&want.head, &got.head, sizeof want.head) != 0) {
        return sl_fail(SL_MISMATCH, hint, "%s: a saved state of version %u, %u copies, %u %s, %u %s", self->spec.name,
                       got.head.version, got.head.copies, got.head.shape[0], self->class->shape_words[0],
                       got.head.shape[1], self->class->shape_words[1]);
    }
    bytes += sizeof got.head;
    if (self->class->check_state) SL_TRY(self->class->check_state(self, bytes));
    for (int k = 0; k < SL_ENV_STATE_PARTS && want.parts[k].n_bytes; k++) {
        memcpy(want.parts[k].memory, bytes, want.parts[k].n_bytes);
        bytes += want.parts[k].n_bytes;
    }
    return SL_OK;
}

uint64_t sl_env_hash(const sl_env *self) {
    sl_env_state state = list_state(self);
    uint64_t hash = sl_fnv1a(SL_FNV1A, &state.head, sizeof state.head);
    for (int k = 0; k < SL_ENV_STATE_PARTS; k++) hash = sl_fnv1a(hash, state.parts[k].memory, state.parts[k].n_bytes);
    return hash;
}

// ---------------------------------------------------------------------------------------------------------- pictures

const sl_camera *sl_env_get_camera(const sl_env *self) {
    return &self->camera;
}

int sl_env_draw(const sl_env *self, int v, sl_shape *shapes, int capacity) {
    SL_ASSERT(v >= 0 && v < self->V);
    return self->class->draw(self, v, shapes, capacity);
}

void sl_env_tell_action(const sl_env *self, int agent, int32_t action, char text[SL_NAME_SIZE]) {
    SL_ASSERT(agent >= 0 && agent < self->spec.n_agents);
    self->class->tell_action(self, agent, action, text);
}
