/* env_bench.c - starling env bench: the measuring loop is envs/bench.h's. */
#include "starling/commands/command.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "envs/bench.h"
#include "setup/opponent.h"

#include <inttypes.h>
#include <stdio.h>

static sl_status print_result(const char *name, int V, int threads, const sl_env_bench_result *r, bool json) {
    if (!json) {
        sl_print_wrapped(stdout, 2, "%s: %.0f env-steps/s, %.0f agent-steps/s (%d copies, %d thread%s, %.1f s)\n",
                         name, r->env_steps_per_second, r->agent_steps_per_second, V, threads,
                         threads == 1 ? "" : "s", r->seconds);
        return SL_OK;
    }
    bool failed = false;
    char checksum[20];
    (void)snprintf(checksum, sizeof checksum, "%016" PRIx64, r->checksum);
    json_t *object = json_object();
    sl_json_set(object, "env", json_string(name), &failed);
    sl_json_set(object, "envs", json_integer(V), &failed);
    sl_json_set(object, "threads", json_integer(threads), &failed);
    sl_json_set(object, "seconds", sl_json_number(r->seconds), &failed);
    sl_json_set(object, "env_steps", json_integer(r->env_steps), &failed);
    sl_json_set(object, "env_steps_per_second", sl_json_number(r->env_steps_per_second), &failed);
    sl_json_set(object, "agent_steps_per_second", sl_json_number(r->agent_steps_per_second), &failed);
    sl_json_set(object, "mean_return", sl_json_number(r->mean_return), &failed);
    sl_json_set(object, "checksum", json_string(checksum), &failed);
    return sl_json_print(object, failed);
}

sl_status sl_cmd_env_bench(const char *path, int argc, char **argv) {
    int64_t V = 1024, threads = 1, n_agents = 0;
    double seconds = 2;
    bool json = false;
    sl_text_list switches = {0};
    const char *opponent = NULL;
    sl_env_options env_options = sl_env_default_options();
    const sl_option options[] = {
        {"envs", SL_OPTION_INT, "V", "copies (1024)", &V, 1, 1 << 20},
        {"threads", SL_OPTION_INT, "T", "threads (1)", &threads, 1, 256},
        {"seconds", SL_OPTION_REAL, "S", "how long (2)", &seconds, 0.01, 3600},
        {"agents", SL_OPTION_INT, "N", "number of agents, where it can be chosen", &n_agents, 1, SL_MAX_AGENTS},
        {"continuous", SL_OPTION_SWITCH, NULL, "continuous actions", &sl_env_at(&env_options, "continuous")->yes, 0,
         0},
        {"legacy-physics", SL_OPTION_SWITCH, NULL, "the first release's rules",
         &sl_env_at(&env_options, "legacy_physics")->yes, 0, 0},
        {"local-ratio", SL_OPTION_REAL, "R", "share of an agent's own reward",
         &sl_env_at(&env_options, "local_ratio")->real, 0, 1},
        {"switch", SL_OPTION_LIST, "NAME", "full, spawn_shift=4, ...: as in the brackets of a name", &switches, 0, 0},
        {"opponent", SL_OPTION_TEXT, "WHO", "who commands the enemies: reference, hold, FILE", &opponent, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    sl_usage usage = {path,   "NAME", "Steps copies of an environment with random actions and prints steps a second.",
                      1,      1,      10,
                      options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    for (int i = 0; i < switches.n; i++) SL_TRY(sl_env_set_switch(&env_options, switches.items[i]));
    if (n_agents > 0) sl_env_at(&env_options, "n_agents")->whole = (int)n_agents;
    sl_opponent_network *policy = NULL;
    if (opponent) SL_TRY(sl_opponent_network_create("--opponent", opponent, args.v[0], &env_options, &policy));
    sl_opponent_network_announce(policy);
    sl_env_bench_result result;
    sl_status status = sl_env_bench(args.v[0], &env_options, (int)V, (int)threads, seconds, &result);
    sl_opponent_network_destroy(&policy);
    return status == SL_OK ? print_result(args.v[0], (int)V, (int)threads, &result, json) : status;
}
