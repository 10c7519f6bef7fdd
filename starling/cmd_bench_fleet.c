/* cmd_bench_fleet.c - starling bench fleet: agent processes of random students in lockstep on Simple Spread, beside a
 * bare ZeroMQ barrier of as many processes and messages of the same sizes. */
#include "starling/command.h"
#include "starling/crew.h"
#include "starling/options.h"
#include "starling/output.h"
#include "starling/scratch.h"
#include "starling/spawn.h"
#include "starling/statistics.h"

#include "common/alloc.h"
#include "net/barrier.h"
#include "storage/file.h"

#include <stdio.h>

enum { WARM_EPISODES = 4, MAX_EPISODES = 100000, ROUNDS = 4 };

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

/* Ticks a second, and the percentiles of a tick in microseconds. */
typedef struct pace {
    double per_second, p50_us, p99_us;
} pace;

static sl_status pace_of(const sl_flown *flown, pace *out) {
    int n = (int)flown->n_ticks;
    double *us = n > 0 ? sl_alloc_array((size_t)n, sizeof *us) : NULL;
    if (!us) return sl_fail(SL_MEMORY, NULL, "no memory for %d tick times", n);
    for (int t = 0; t < n; t++) us[t] = (double)flown->tick_ns[t] / 1e3;
    double mean = sl_mean(n, us);
    sl_sort(n, us);
    *out = (pace){1e6 / mean, sl_percentile(n, us, 50), sl_percentile(n, us, 99)};
    sl_free(us);
    return SL_OK;
}

static sl_status run_barrier(const sl_run *run, double seconds, sl_barrier_result *out) {
    char peer[SL_PATH_BYTES];
    SL_TRY(sl_program_find("starling-barrier-peer", peer));
    sl_barrier_def def = {.peer = peer, .n_agents = run->spec->n_agents, .obs_dim = run->spec->obs_dim};
    def.n_avail = run->spec->masks_actions ? run->spec->n_actions : 0;
    def.seconds = seconds;
    return sl_barrier_bench(&def, out);
}

/* The best of several rounds of both, turn by turn: what else the machine does meets fleet and yardstick alike. */
typedef struct bests {
    pace fleet;
    sl_barrier_result barrier;
} bests;

static sl_status run_round(const sl_run *run, sl_crew *crew, double seconds, int episodes, bests *best) {
    sl_barrier_result barrier;
    SL_TRY(run_barrier(run, seconds, &barrier));
    if (barrier.ticks_per_second > best->barrier.ticks_per_second) best->barrier = barrier;
    sl_flown flown = {0};
    pace fleet = {0};
    SL_TRY(sl_crew_fly(crew, episodes, 2, "fly", &flown));
    sl_status status = pace_of(&flown, &fleet);
    sl_flown_fini(&flown);
    if (status == SL_OK && fleet.per_second > best->fleet.per_second) best->fleet = fleet;
    return status;
}

static sl_status run_rounds(const sl_run *run, sl_crew *crew, double seconds, bests *best) {
    sl_flown warm = {0};
    pace first = {0};
    SL_TRY(sl_crew_fly(crew, WARM_EPISODES, 1, "fly", &warm));
    sl_status status = pace_of(&warm, &first);
    double steps = (double)warm.n_ticks / WARM_EPISODES, slice = seconds / (2 * ROUNDS);
    sl_flown_fini(&warm);
    SL_TRY(status);
    double episodes = first.per_second * slice / steps;
    episodes = episodes < 1 ? 1 : episodes > MAX_EPISODES ? MAX_EPISODES : episodes;
    for (int r = 0; r < ROUNDS; r++) SL_TRY(run_round(run, crew, slice, (int)episodes, best));
    return SL_OK;
}

static sl_status measure(const sl_run *run, const sl_args *args, double seconds, bests *best) {
    sl_progress progress;
    sl_progress_init(&progress, args->log_json);
    progress.quiet = true;
    sl_crew *crew = NULL;
    SL_TRY(sl_crew_create(run, args, &progress, &crew));
    sl_status status = sl_crew_serve(crew);
    if (status == SL_OK) status = sl_crew_start_coordinator(crew);
    if (status == SL_OK) status = sl_crew_start_agents(crew);
    if (status == SL_OK) status = run_rounds(run, crew, seconds, best);
    sl_crew_end(crew);
    sl_crew_destroy(&crew);
    return status;
}

static sl_status print_result(const sl_run *run, const bests *best, bool json) {
    const pace *fleet = &best->fleet;
    const sl_barrier_result *bare = &best->barrier;
    double yard = bare->ticks_per_second, p50 = bare->round_trip_p50_ns / 1e3, p99 = bare->round_trip_p99_ns / 1e3;
    if (!json) {
        printf("%d agent processes in lockstep, %d features, tcp on loopback\n", run->spec->n_agents,
               run->spec->obs_dim);
        printf("  fleet         %8.0f ticks/s   a tick: p50 %6.1f us, p99 %6.1f us\n", fleet->per_second,
               fleet->p50_us, fleet->p99_us);
        printf("  bare barrier  %8.0f ticks/s   round trip: p50 %6.1f us, p99 %6.1f us (%zu and %zu bytes)\n", yard,
               p50, p99, bare->obs_bytes, bare->action_bytes);
        printf("  the fleet runs at %.0f%% of the barrier\n", 100 * fleet->per_second / yard);
        return SL_OK;
    }
    bool failed = false;
    json_t *object = json_object();
    sl_json_set(object, "n_agents", json_integer(run->spec->n_agents), &failed);
    sl_json_set(object, "obs_dim", json_integer(run->spec->obs_dim), &failed);
    sl_json_set(object, "ticks_per_second", sl_json_number(fleet->per_second), &failed);
    sl_json_set(object, "tick_p50_us", sl_json_number(fleet->p50_us), &failed);
    sl_json_set(object, "tick_p99_us", sl_json_number(fleet->p99_us), &failed);
    sl_json_set(object, "barrier_ticks_per_second", sl_json_number(yard), &failed);
    sl_json_set(object, "barrier_round_trip_p50_us", sl_json_number(p50), &failed);
    sl_json_set(object, "barrier_round_trip_p99_us", sl_json_number(p99), &failed);
    sl_json_set(object, "obs_bytes", json_integer((json_int_t)bare->obs_bytes), &failed);
    sl_json_set(object, "action_bytes", json_integer((json_int_t)bare->action_bytes), &failed);
    sl_json_set(object, "ratio", sl_json_number(fleet->per_second / yard), &failed);
    return sl_json_print(object, failed);
}

static sl_status bench(const sl_scratch *scratch, const sl_args *args, double seconds, bool json) {
    sl_run *run = NULL;
    bests best = {0};
    SL_TRY(sl_run_open(scratch->folder, &run));
    sl_status status = write_students(run);
    if (status == SL_OK) status = sl_run_load_policies(run, true);
    if (status == SL_OK) status = measure(run, args, seconds, &best);
    if (status == SL_OK) status = print_result(run, &best, json);
    sl_run_close(&run);
    return status;
}

sl_status sl_cmd_bench_fleet(const char *path, int argc, char **argv) {
    int64_t n_agents = 3;
    double seconds = 4;
    bool json = false;
    const sl_option options[] = {
        {"agents", SL_OPTION_INT, "N", "agent processes (3)", &n_agents, 1, SL_EXP_MAX_AGENTS},
        {"seconds", SL_OPTION_REAL, "S", "how long in all (4)", &seconds, 0.1, 3600},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    sl_usage usage = {
        path,
        "",
        "Flies random students of hidden size 16 on Simple Spread as processes in lockstep, and prints\n"
        "ticks a second beside a bare ZeroMQ barrier with as many processes and the same sizes.",
        0,
        0,
        3,
        options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    char yaml[256];
    (void)snprintf(yaml, sizeof yaml,
                   "name: bench-fleet\nenv: {name: mpe/simple_spread_v3, n_agents: %d}\n"
                   "students:\n- net: {cell: gru, hidden: 16, layers: 1, layer_norm: false}\n",
                   (int)n_agents);
    sl_scratch scratch = {{0}};
    SL_TRY(sl_scratch_create_text(yaml, &scratch));
    sl_status status = bench(&scratch, &args, seconds, json);
    sl_scratch_remove(&scratch);
    return status;
}
