/* env_bench.c - starling env bench: the measuring loop is envs/bench.h's. */
#include "starling/commands/command.h"
#include "starling/commands/env_curve.h"
#include "starling/commands/env_flags.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "common/cores.h"
#include "envs/bench.h"

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
    SL_JSON_SET(object, &failed, {"env", json_string(name)}, {"envs", json_integer(V)},
                {"threads", json_integer(threads)}, {"seconds", sl_json_number(r->seconds)},
                {"cpu_seconds", sl_json_number(r->cpu_seconds)}, {"bytes", sl_json_number(r->n_bytes)},
                {"env_steps", json_integer(r->env_steps)},
                {"env_steps_per_second", sl_json_number(r->env_steps_per_second)},
                {"agent_steps_per_second", sl_json_number(r->agent_steps_per_second)},
                {"mean_return", sl_json_number(r->mean_return)}, {"checksum", json_string(checksum)});
    return sl_json_print(object, failed);
}

static sl_status run_once(const char *name, const sl_env_options *options, int V, int threads, double seconds,
                          bool json) {
    sl_env_bench_result result;
    SL_TRY(sl_env_bench(name, options, V, threads, seconds, &result));
    return print_result(name, V, threads, &result, json);
}

sl_status sl_cmd_env_bench(const char *path, int argc, char **argv) {
    static const sl_env_kind kinds[] = {SL_ENV_INT, SL_ENV_BOOL, SL_ENV_REAL};
    int64_t V = 1024, threads = 1, rounds = 3;
    double seconds = 2;
    const char *curve = NULL;
    bool json = false;
    sl_env_flags flags;
    sl_option options[SL_OPTIONS_MAX] = {
        {"envs", SL_OPTION_INT, "V", "copies (1024)", &V, 1, 1 << 20},
        {"threads", SL_OPTION_INT, "T", "threads (1)", &threads, 1, 256},
        {"seconds", SL_OPTION_REAL, "S", "how long (2)", &seconds, 0.01, 3600},
        {"curve", SL_OPTION_TEXT, "WHAT", "a point for each value: envs=1,2,4 or agents=2..64", &curve, 0, 0},
        {"rounds", SL_OPTION_INT, "N", "of a curve, the best counts (3)", &rounds, 1, 1000},
    };
    int n = 5 + sl_env_flags_list(&flags, 3, kinds, 1, options + 5);
    options[n++] = (sl_option){"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0};
    static const char text[] = "Steps copies of an environment with random actions and prints steps a second.";
    sl_usage usage = {path, "NAME", text, 1, 1, n, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_cores_warn("--threads", (int)threads);
    sl_status status = sl_env_flags_take(&flags, args.v[0]);
    if (status == SL_OK && curve) {
        sl_env_curve c = {args.v[0], curve, &flags.options, (int)V, (int)threads, (int)rounds, seconds, json};
        status = sl_env_curve_run(&c);
    } else if (status == SL_OK) {
        status = run_once(args.v[0], &flags.options, (int)V, (int)threads, seconds, json);
    }
    sl_env_flags_fini(&flags);
    return status;
}
