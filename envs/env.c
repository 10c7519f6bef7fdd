/* env.c - the table of environments and the dispatch to their classes. Any thread, one range of copies each. */
#include "envs/env.h"

#include "common/assert.h"
#include "envs/combat/combat.h"
#include "envs/env_class.h"
#include "envs/mpe/mpe.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COPIES = 1 << 20 };

static const sl_env_entry entries[] = {
    {"mpe/simple_v3", "one agent goes to one landmark", sl_mpe_create},
    {"mpe/simple_spread_v3", "N agents cover N landmarks without bumping", sl_mpe_create},
    {"mpe/simple_speaker_listener_v4", "a speaker knows the goal and guides a listener", sl_mpe_create},
    {"mpe/simple_adversary_v3", "N agents hide their goal from an adversary", sl_mpe_create},
    {"mpe/simple_tag_v3", "three slow adversaries chase a fast agent", sl_mpe_create},
    {"mpe/simple_push_v3", "an adversary pushes an agent away from its goal", sl_mpe_create},
    {"mpe/simple_reference_v3", "two agents tell each other where to go", sl_mpe_create},
    {"mpe/simple_crypto_v3", "Alice writes to Bob what Eve shall not understand", sl_mpe_create},
    {"mpe/simple_world_comm_v3", "tag with food, forests and a leader that speaks", sl_mpe_create},
    {"combat/3m", "3 marines against 3", sl_combat_create},
    {"combat/8m", "8 marines against 8", sl_combat_create},
    {"combat/5m_vs_6m", "5 marines against 6", sl_combat_create},
    {"combat/3s5z", "3 stalkers and 5 zealots against as many", sl_combat_create},
    {"combat/2s3z", "2 stalkers and 3 zealots against as many", sl_combat_create},
    {"combat/10m_vs_11m", "10 marines against 11", sl_combat_create},
    {"combat/3s5z_vs_3s6z", "3 stalkers and 5 zealots against 3 and 6", sl_combat_create},
    {"combat/27m_vs_30m", "27 marines against 30", sl_combat_create},
};

enum { N_ENTRIES = sizeof entries / sizeof entries[0] };

int sl_env_n_names(void) {
    return N_ENTRIES;
}

const char *sl_env_name(int index) {
    SL_ASSERT(index >= 0 && index < N_ENTRIES);
    return entries[index].name;
}

const char *sl_env_summary(int index) {
    SL_ASSERT(index >= 0 && index < N_ENTRIES);
    return entries[index].summary;
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
    // a map of one's own
    size_t len = strlen(name);
    if (strncmp(name, "combat/", 7) == 0 && len > 12 && strcmp(name + len - 5, ".json") == 0) {
        return sl_combat_create(name, options, V, stream, out);
    }
    for (int i = 0; i < N_ENTRIES; i++) {
        if (strcmp(entries[i].name, name) == 0) return entries[i].create(name, options, V, stream, out);
    }
    return sl_fail(SL_CONFIG, "`starling env list` shows the names", "unknown environment '%s'", name);
}

sl_status sl_env_opponent_spec(const char *name, const sl_env_options *options, sl_env_spec *out) {
    if (strncmp(name, "combat/", 7) == 0) return sl_combat_opponent_spec(name, options, out);
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

size_t sl_env_state_bytes(const sl_env *self) {
    return self->class->state_bytes(self);
}

void sl_env_save(const sl_env *self, uint8_t *bytes) {
    self->class->save(self, bytes);
}

sl_status sl_env_load(sl_env *self, const uint8_t *bytes, size_t n_bytes) {
    return self->class->load(self, bytes, n_bytes);
}

uint64_t sl_env_hash(const sl_env *self) {
    return self->class->hash(self);
}

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
