/* family.c - the particle environments as a family: their names and options. */
#include "envs/mpe/family.h"

#include "envs/mpe/mpe.h"

static const sl_env_scenario scenarios[] = {
    {"mpe/simple_v3", "one agent goes to one landmark"},
    {"mpe/simple_spread_v3", "N agents cover N landmarks without bumping"},
    {"mpe/simple_speaker_listener_v4", "a speaker knows the goal and guides a listener"},
    {"mpe/simple_adversary_v3", "N agents hide their goal from an adversary"},
    {"mpe/simple_tag_v3", "three slow adversaries chase a fast agent"},
    {"mpe/simple_push_v3", "an adversary pushes an agent away from its goal"},
    {"mpe/simple_reference_v3", "two agents tell each other where to go"},
    {"mpe/simple_crypto_v3", "Alice writes to Bob what Eve shall not understand"},
    {"mpe/simple_world_comm_v3", "tag with food, forests and a leader that speaks"},
};

static const sl_env_option options[] = {
    {"n_agents", SL_ENV_INT, "0", .range = "[0, 1024]", .word = "N", .is_told = true, .flag = "agents", .value = "N",
     .help = "number of agents, where it can be chosen"},
    SL_ENV_MAX_STEPS,
    {"local_ratio", SL_ENV_REAL, "-1", .range = "[-1, 1]", .is_told = true, .flag = "local-ratio", .value = "R",
     .help = "share of an agent's own reward"},
    {"continuous", SL_ENV_BOOL, "false", .is_switch = true, .is_told = true, .flag = "continuous",
     .help = "continuous actions"},
    {"legacy_physics", SL_ENV_BOOL, "false", .is_switch = true, .is_told = true, .flag = "legacy-physics",
     .help = "the first release's rules"},
};

const sl_env_family sl_mpe_family = {
    .prefix = "mpe/",
    .scenarios = scenarios,
    .n_scenarios = sizeof scenarios / sizeof scenarios[0],
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .create = sl_mpe_create,
    .heuristic = "mpe/simple_spread_v3",
    .recording = &sl_mpe_recording,
};
