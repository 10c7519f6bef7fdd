/* env.c - the names of all families and the dispatch to the classes of environments. Any thread, one range of copies
 * each. */
#include "envs/env.h"

#include "common/assert.h"
#include "common/fnv1a.h"
#include "envs/env_class.h"
#include "envs/family.h"

#include <stdio.h>
#include <string.h>

enum { MAX_COPIES = 1 << 20 };

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

static bool has_option(const sl_env_family *family, const char *name) {
    for (int k = 0; k < family->n_options; k++) {
        if (strcmp(family->options[k].name, name) == 0) return true;
    }
    return false;
}

// what a switch brought: experiments look at the range themselves, and of the others scenarios know more
static sl_status check_in_range(const char *name, const sl_env_options *options, const sl_env_option *option) {
    if (!sl_env_option_is_number(option) || !option->is_switch) return SL_OK;
    sl_env_value value = sl_env_get(options, option->name);
    double low, high, number = option->kind == SL_ENV_INT ? value.whole : value.real;
    sl_env_option_range(option, &low, &high);
    if (number >= low && number <= high) return SL_OK;
    char hint[64];
    (void)snprintf(hint, sizeof hint, "%g to %g%s%s", low, high, option->unit ? " " : "",
                   option->unit ? option->unit : "");
    return sl_fail(SL_CONFIG, hint, "%s: %s is %g", name, option->name, number);
}

// options that a family does not have are refused, not ignored
static sl_status check_options(const char *name, const sl_env_options *options) {
    const sl_env_family *own = sl_env_family_of(name);
    for (int k = 0; k < sl_env_n_options(); k++) {
        const char *option = sl_env_option_at(k)->name;
        if (has_option(own, option) || sl_env_is_default(options, option)) continue;
        int f = 0;
        while (!has_option(sl_env_families[f], option)) f++;
        const sl_env_family *other = sl_env_families[f];
        if (!other->matter) {
            return sl_fail(SL_CONFIG, own->advice ? own->advice : "leave it out", "%s has no option %s", name,
                           option);
        }
        char hint[64];
        (void)snprintf(hint, sizeof hint, "leave the options of %.*s out", (int)strcspn(other->prefix, "/"),
                       other->prefix);
        return sl_fail(SL_CONFIG, hint, "%s has no %s", name, other->matter);
    }
    int max_steps = sl_env_get(options, "max_steps").whole;
    if (max_steps < 0) return sl_fail(SL_CONFIG, "0 = the environment's default", "max_steps is %d", max_steps);
    for (int k = 0; k < own->n_options; k++) SL_TRY(check_in_range(name, options, &own->options[k]));
    return SL_OK;
}

sl_status sl_env_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream, sl_env **out) {
    if (V < 1 || V > MAX_COPIES) return sl_fail(SL_CONFIG, "1 to 1048576", "%d copies of an environment", V);
    if (!sl_env_is_known(name)) {
        return sl_fail(SL_CONFIG, "`starling env list` shows the names", "unknown environment '%s'", name);
    }
    SL_TRY(check_options(name, options));
    return sl_env_family_of(name)->create(name, options, V, stream, out);
}

sl_status sl_env_opponent_spec(const char *name, const sl_env_options *options, sl_env_spec *out) {
    const sl_env_family *family = sl_env_family_of(name);
    if (family && family->opponent_spec) {
        SL_TRY(check_options(name, options));
        return family->opponent_spec(name, options, out);
    }
    char hint[96] = "";
    for (int f = 0; sl_env_families[f] && !hint[0]; f++) {
        const sl_env_family *other = sl_env_families[f];
        if (!other->opponent_spec) continue;
        (void)snprintf(hint, sizeof hint, "only %ss have one: %s", other->matter, other->scenarios[0].name);
    }
    return sl_fail(SL_CONFIG, hint[0] ? hint : NULL, "%s has no opponent", name);
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

// --------------------------------------------------------------------------------------------- saved states

static sl_env_state list_state(const sl_env *self) {
    sl_env_state state = {.head.copies = (uint32_t)self->V};
    self->class->list_state(self, &state);
    return state;
}

const char *sl_env_example(void) {
    for (int f = 0; sl_env_families[f]; f++) {
        if (sl_env_families[f]->heuristic) return sl_env_families[f]->heuristic;
    }
    return "";
}

sl_status sl_env_check_heuristic(const sl_env_spec *spec) {
    if (spec->has_heuristic) return SL_OK;
    char hint[SL_ENV_NAME_SIZE];
    (void)snprintf(hint, sizeof hint, "%s has one", sl_env_example());
    return sl_fail(SL_CONFIG, hint, "%s has no built-in heuristic", spec->name);
}

sl_status sl_env_heuristic_named(const char *name, const char *text, bool *out) {
    const sl_env_family *own = sl_env_family_of(name);
    *out = strcmp(text, "heuristic") == 0;
    for (int f = 0; sl_env_families[f] && !*out; f++) {
        const sl_env_family *family = sl_env_families[f];
        if (!family->heuristic_word || strcmp(family->heuristic_word, text) != 0) continue;
        *out = family == own;
        if (family == own) return SL_OK;
        return sl_fail(SL_CONFIG, "heuristic, where there is one", "%s has %s", name, family->heuristic_lack);
    }
    return SL_OK;
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
