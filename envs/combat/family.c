/* family.c - the battles as a family: their names and options. */
#include "envs/combat/family.h"

#include "envs/combat/combat.h"

#include <string.h>

static const sl_env_scenario scenarios[] = {
    {"combat/3m", "3 marines against 3"},
    {"combat/8m", "8 marines against 8"},
    {"combat/5m_vs_6m", "5 marines against 6"},
    {"combat/3s5z", "3 stalkers and 5 zealots against as many"},
    {"combat/2s3z", "2 stalkers and 3 zealots against as many"},
    {"combat/10m_vs_11m", "10 marines against 11"},
    {"combat/3s5z_vs_3s6z", "3 stalkers and 5 zealots against 3 and 6"},
    {"combat/27m_vs_30m", "27 marines against 30"},
};

// in the order of an experiment's keys
static const sl_env_option options[] = {
    {"full", SL_ENV_BOOL, "false", .is_switch = true, .is_observed = true, .help = "no sight limit"},
    {"opponent", SL_ENV_TEXT, SL_OPPONENT_REFERENCE, .word = SL_OPPONENT_HOLD, .is_switch = true,
     .help = "who commands the enemies"},
    {"corpse_attack", SL_ENV_BOOL, "true", .word = "no_corpse_attack", .is_switch = true,
     .help = "an ally goes on attacking a target that died until the step ends"},
    {"wall_offset_fix", SL_ENV_BOOL, "false", .is_switch = true,
     .help = "walls keep a unit's edge out, not only its centre"},
    {"clamp_to_map", SL_ENV_BOOL, "false", .is_switch = true, .help = "nobody leaves the map in the west or east"},
    {"clear_last_actions", SL_ENV_BOOL, "false", .is_switch = true,
     .help = "a new episode starts with a state without last actions"},
    {"spawn_shift", SL_ENV_REAL, "0", .range = "[0, 8]", .unit = "cells", .is_switch = true,
     .help = "cells by which every group's start is moved along each axis at most"},
    SL_ENV_MAX_STEPS,
};

static const char prefix[] = "combat/";

// a map of one's own
static const char *map_file(const char *name) {
    static const char suffix[] = ".json";
    size_t n = strlen(name), n_prefix = sizeof prefix - 1, n_suffix = sizeof suffix - 1;
    if (strncmp(name, prefix, n_prefix) != 0 || n <= n_prefix + n_suffix) return NULL;
    return strcmp(name + n - n_suffix, suffix) == 0 ? name + n_prefix : NULL;
}

const sl_env_family sl_combat_family = {
    .prefix = prefix,
    .scenarios = scenarios,
    .n_scenarios = sizeof scenarios / sizeof scenarios[0],
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .matter = "battle",
    .advice = "leave it out; another map is another name",
    .create = sl_combat_create,
    .opponent_spec = sl_combat_opponent_spec,
    .file = map_file,
    .heuristic = "combat/3m",
    .heuristic_word = "nearest",
    .heuristic_lack = "nothing to attack",
    .recording = &sl_combat_recording,
};
