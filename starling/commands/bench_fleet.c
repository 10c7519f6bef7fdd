/* bench_fleet.c - starling bench fleet: agent processes in lockstep, of random students or of a run's, beside a
 * bare ZeroMQ barrier of as many processes and messages of the same sizes, and beside agents of another size. */
#include "starling/commands/command.h"
#include "starling/commands/keys.h"
#include "starling/commands/rounds.h"
#include "starling/commands/rounds_print.h"
#include "starling/run/options.h"
#include "starling/run/scratch.h"

#include "common/agent_size.h"
#include "common/alloc.h"
#include "common/log.h"
#include "envs/env.h"
#include "storage/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct fleet_options {
    const char *folder, *env, *agents, *sizes; /* NULL = not given */
    int64_t against, rounds;                   /* against: 0 = not given */
    double seconds;
    bool json, keys;
} fleet_options;

// ---------------------------------------------------------------------------------------------------- the options

static sl_status check_size(const char *option, int64_t hidden) {
    char hint[SL_AGENT_SIZES_TEXT];
    sl_agent_size_hint(hint);
    if (hidden <= INT32_MAX && sl_agent_size_is_built((int)hidden)) return SL_OK;
    return sl_fail(SL_USAGE, hint, "--%s: there is no agent of %lld units", option, (long long)hidden);
}

// "16,16,32"
static sl_status read_sizes(const char *text, int sizes[SL_EXP_MAX_AGENTS], int *n) {
    const char *at = text;
    char *end = NULL;
    for (*n = 0; *n < SL_EXP_MAX_AGENTS; at = end + 1) {
        errno = 0;
        long hidden = strtol(at, &end, 10);
        bool is_number = *at >= '0' && *at <= '9' && errno == 0 && (*end == ',' || *end == '\0');
        if (!is_number) break;
        SL_TRY(check_size("sizes", hidden));
        sizes[(*n)++] = (int)hidden;
        if (*end == '\0') return SL_OK;
    }
    return sl_fail(SL_USAGE, "units of each agent, such as 16,16,32, or one number for all",
                   "--sizes cannot be '%.60s'", text);
}

// "3,8,16"; none: the environment's own number, 0
static sl_status read_agents(const char *text, int counts[SL_ROUNDS_COUNTS], int *n) {
    const char *at = text;
    char *end = NULL;
    counts[0] = 0;
    *n = 1;
    if (!text) return SL_OK;
    for (*n = 0; *n < SL_ROUNDS_COUNTS; at = end + 1) {
        errno = 0;
        long count = strtol(at, &end, 10);
        bool is_number = *at >= '0' && *at <= '9' && errno == 0 && (*end == ',' || *end == '\0');
        if (!is_number || count < 1 || count > SL_EXP_MAX_AGENTS) break;
        counts[(*n)++] = (int)count;
        if (*end == '\0') return SL_OK;
    }
    return sl_fail(SL_USAGE, "a number of agents, or at most 16 of them, such as 3,8,16",
                   "--agents cannot be '%.60s'", text);
}

static sl_status count_agents(const fleet_options *o, int wanted, int *n) {
    sl_env_options options = sl_env_default_options();
    if (wanted > 0) sl_env_at(&options, "n_agents")->whole = wanted;
    sl_rng stream = sl_rng_seed(0);
    sl_env *env = NULL;
    SL_TRY(sl_env_create(o->env, &options, 1, &stream, &env));
    *n = sl_env_get_spec(env)->n_agents;
    sl_env_destroy(&env);
    return SL_OK;
}

static sl_status choose_sizes(const fleet_options *o, int wanted, int sizes[SL_EXP_MAX_AGENTS], int *n) {
    int n_agents = 0;
    SL_TRY(read_sizes(o->sizes ? o->sizes : "16", sizes, n));
    SL_TRY(count_agents(o, wanted, &n_agents));
    if (*n == 1 || *n == n_agents) return SL_OK;
    return sl_fail(SL_USAGE, "give one size for all agents, or one per agent", "--sizes names %d agents, %s has %d",
                   *n, o->env, n_agents);
}

// ------------------------------------------------------------------------------------------------------ the fleets

/* A fleet's run: the user's folder, or one of random students that lasts as long as the benchmark. */
typedef struct side {
    sl_scratch scratch;
    sl_run *run;
} side;

static sl_status write_student(const sl_run *run, int i, sl_rng *root) {
    sl_rng stream = sl_rng_split(root, (uint64_t)i);
    sl_policy policy = {.def = run->setup->students[i]};
    policy.profile = sl_setup_profile(run->setup, i);
    policy.params = sl_alloc_array(sl_net_n_params(&policy.def), sizeof *policy.params);
    if (!policy.params) return sl_fail(SL_MEMORY, NULL, "no memory for a student");
    sl_net_init(&policy.def, 1.0f, &stream, policy.params);
    char path[SL_RUN_PATH];
    sl_status status = sl_run_student_path(run, i, path);
    if (status == SL_OK) status = sl_policy_save(&policy, path);
    sl_free(policy.params);
    return status;
}

// students that know nothing take as long to decide as good ones
static sl_status write_students(const sl_run *run) {
    char folder[SL_RUN_PATH];
    SL_TRY(sl_run_path(run->folder, "students", folder));
    SL_TRY(sl_file_make_folder(folder));
    sl_rng root = sl_rng_seed(1);
    for (int i = 0; i < run->spec->n_agents; i++) SL_TRY(write_student(run, i, &root));
    return SL_OK;
}

static sl_status make_fleet(const sl_experiment *experiment, side *out) {
    SL_TRY(sl_scratch_create(experiment, &out->scratch));
    SL_TRY(sl_run_open(out->scratch.folder, &out->run));
    SL_TRY(write_students(out->run));
    return sl_run_load_policies(out->run, true, true);
}

static sl_status make_random(const fleet_options *o, int wanted, side *out) {
    int sizes[SL_EXP_MAX_AGENTS], n = 0;
    char env[SL_RUN_PATH], agents[40];
    SL_TRY(choose_sizes(o, wanted, sizes, &n));
    size_t at = 0, room = 64 + (size_t)n * 80;
    char *text = sl_alloc(room);
    if (!text) return sl_fail(SL_MEMORY, NULL, "no memory for a benchmark");
    at = (size_t)snprintf(text, room, "name: bench-fleet\nstudents:\n");
    for (int i = 0; i < n; i++) {
        at += (size_t)snprintf(text + at, room - at, "- net: {cell: gru, hidden: %d, layers: 1, layer_norm: false}\n",
                               sizes[i]);
    }
    (void)snprintf(env, sizeof env, "env.name=%s", o->env);
    (void)snprintf(agents, sizeof agents, "env.n_agents=%d", wanted);
    sl_experiment *experiment = NULL;
    sl_status status =
        sl_experiment_parse("bench fleet", text, at, (const char *const[]){env, agents}, 2, &experiment);
    sl_free(text);
    if (status == SL_OK) status = make_fleet(experiment, out);
    sl_experiment_destroy(&experiment);
    return status;
}

static sl_status take_folder(const char *folder, side *out) {
    SL_TRY(sl_run_open(folder, &out->run));
    return sl_run_load_policies(out->run, true, true);
}

// the same environment and the same sight, but agents of another size
static sl_status make_against(const fleet_options *o, const side *like, side *out) {
    sl_experiment *experiment = NULL;
    SL_TRY(sl_experiment_load(like->run->experiment_path, NULL, 0, &experiment));
    for (unsigned i = 0; i < experiment->students_count; i++) experiment->students[i].net.hidden = (int)o->against;
    sl_status status = make_fleet(experiment, out);
    sl_experiment_destroy(&experiment);
    return status;
}

// the same fleet, whose links have keys
static sl_status make_keys(const side *like, side *out, char folder[SL_RUN_PATH]) {
    SL_TRY(sl_scratch_create(like->run->setup->experiment, &out->scratch));
    SL_TRY(sl_run_path(out->scratch.folder, "keys", folder));
    return sl_keys_make(folder, like->run->spec->n_agents);
}

// ----------------------------------------------------------------------------------------------------- the command

/* Fleets of one number of agents, and what is measured of them. */
typedef struct contest {
    side sides[SL_ROUNDS_FLEETS];
    char keys[SL_RUN_PATH];
    sl_rounds rounds;
} contest;

static sl_status hold(const fleet_options *o, const sl_args *args, int wanted, double seconds, contest *out) {
    side *sides = out->sides;
    sl_rounds *rounds = &out->rounds;
    SL_TRY(o->folder ? take_folder(o->folder, &sides[0]) : make_random(o, wanted, &sides[0]));
    if (o->against) SL_TRY(make_against(o, &sides[0], &sides[1]));
    if (o->keys) SL_TRY(make_keys(&sides[0], &sides[1], out->keys));
    rounds->n_fleets = o->against || o->keys ? 2 : 1;
    for (int f = 0; f < rounds->n_fleets; f++) rounds->fleets[f] = sides[o->keys ? 0 : f].run;
    rounds->keys[1] = o->keys ? out->keys : NULL;
    rounds->n_rounds = (int)o->rounds;
    rounds->seconds = seconds;
    return sl_rounds_run(rounds, args);
}

static sl_status bench(const fleet_options *o, const sl_args *args) {
    int counts[SL_ROUNDS_COUNTS], n = 0;
    SL_TRY(read_agents(o->agents, counts, &n));
    contest *contests = sl_alloc_array((size_t)n, sizeof *contests);
    if (!contests) return sl_fail(SL_MEMORY, NULL, "no memory for a benchmark");
    const sl_rounds *rounds[SL_ROUNDS_COUNTS];
    sl_status status = SL_OK;
    for (int i = 0; i < n && status == SL_OK; i++) {
        rounds[i] = &contests[i].rounds;
        status = hold(o, args, counts[i], o->seconds / n, &contests[i]);
    }
    if (status == SL_OK) status = sl_rounds_print(n, rounds, o->json);
    for (int i = 0; i < n * SL_ROUNDS_FLEETS; i++) {
        side *last = &contests[i / SL_ROUNDS_FLEETS].sides[i % SL_ROUNDS_FLEETS];
        sl_run_close(&last->run);
        sl_scratch_remove(&last->scratch);
    }
    sl_free(contests);
    return status;
}

static sl_status check(const fleet_options *o) {
    if (o->against) SL_TRY(check_size("against", o->against));
    if (o->against && o->keys) return sl_fail(SL_USAGE, "give one of them", "--against does not go with --keys");
    if (o->folder && (o->env || o->agents || o->sizes))
        return sl_fail(SL_USAGE, "only --against, --rounds and --seconds go with a folder",
                       "'%s' brings its own environment and students", o->folder);
    return SL_OK;
}

sl_status sl_cmd_bench_fleet(const char *path, int argc, char **argv) {
    fleet_options o = {.rounds = 9, .seconds = 6};
    const sl_option options[] = {
        {"env", SL_OPTION_TEXT, "NAME", "environment (mpe/simple_spread_v3)", &o.env, 0, 0},
        {"agents", SL_OPTION_TEXT, "N,N,...", "agents, where it can be chosen; fleets of each number", &o.agents, 0,
         0},
        {"sizes", SL_OPTION_TEXT, "H,H,...", "units of each agent, or one number for all (16)", &o.sizes, 0, 0},
        {"against", SL_OPTION_INT, "H", "fly random agents of H units too, in turn", &o.against, 1, 1 << 20},
        {"keys", SL_OPTION_SWITCH, NULL, "fly the same with keys on the links too, in turn", &o.keys, 0, 0},
        {"rounds", SL_OPTION_INT, "N", "rounds; fleets and barrier run once in each (9)", &o.rounds, 1,
         SL_ROUNDS_MAX},
        {"seconds", SL_OPTION_REAL, "S", "how long to measure in all (6)", &o.seconds, 0.1, 3600},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &o.json, 0, 0},
    };
    static const char text[] =
        "Flies random students, or those of a folder, as processes in lockstep, and prints the milliseconds of a "
        "step beside a bare ZeroMQ barrier with as many processes and the same sizes and, with --against, beside "
        "agents of another size in the same environment.";
    sl_usage usage = {path, "[RUN|MODELS]", text, 0, 1, 8, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    if (args.n > 0) o.folder = args.v[0];
    SL_TRY(check(&o));
    // that a program was started is no news here
    if (!args.log_level) sl_log_init("starling", SL_LOG_WARN, args.log_json);
    if (!o.env) o.env = sl_env_example();
    return bench(&o, &args);
}
