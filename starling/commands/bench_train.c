/* bench_train.c - starling bench train: trainer and coordinator at work on an experiment's first stage, measured
 * from their progress events, beside the machine's sgemm peak in the same run. */
#include "starling/commands/command.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/process_group.h"
#include "starling/run/scratch.h"
#include "starling/run/shipped.h"

#include "common/clock.h"
#include "common/pool.h"
#include "nn/blas_start.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* The first and the newest progress event: what lies between them is measured, start-up is not. */
typedef struct watched {
    sl_run_progress
        line;       /* how much of the measure is done: the stage's own share and ETA are of a training without end */
    double seconds; /* to measure */
    int n;
    double first_seconds, last_seconds;
    json_int_t first_steps, last_steps;
    double trainer_bytes, coordinator_bytes; /* of memory, at most */
    double overlap; /* share of the time in which both programs worked, since the stage began */
} watched;

static void on_progress(void *context, const json_t *event) {
    watched *w = context;
    w->last_steps = json_integer_value(json_object_get(event, "done"));
    w->last_seconds = sl_clock_seconds();
    w->overlap = json_number_value(json_object_get(event, "overlap"));
    if (w->n++ == 0) {
        w->first_steps = w->last_steps;
        w->first_seconds = w->last_seconds;
    }
    double begun = w->last_seconds - w->first_seconds, left = w->seconds - begun;
    sl_run_progress_news news = {.stage = "bench train",
                                 .unit = "s",
                                 .done = (int64_t)begun,
                                 .total = (int64_t)w->seconds,
                                 .per_second = -1,
                                 .eta_seconds = left > 0 ? left : 0,
                                 .won = -1};
    if (news.done > news.total) news.done = news.total;
    sl_run_progress_update(&w->line, &news);
}

// FLOPs of one environment step, in matrix products: every agent's decision and the critic's values, then the epochs
// over them
static double step_flops(const sl_run *run) {
    const sl_setup *setup = run->setup;
    bool direct = run->experiment->method == SL_EXP_DIRECT;
    double epochs = run->experiment->teacher.ppo.epochs, sum = 0;
    for (int i = 0; i < setup->N; i++) {
        const sl_net_def *actor = direct ? &setup->students[i] : &setup->teacher;
        sum += sl_net_forward_products(actor) + epochs * sl_net_epoch_products(actor);
    }
    return sum +
           setup->M * (sl_net_forward_products(&setup->critic) + epochs * sl_net_epoch_products(&setup->critic));
}

enum { MAX_CORES = 256 };

static void measure_peak(void *context, int task, int thread) {
    (void)thread;
    double *gflops = context;
    gflops[task] = sl_blas_peak_gflops();
}

// all cores multiplying at once: what the machine could do
static sl_status machine_peak(int *cores, double *out) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    *cores = online < 1 ? 1 : online > MAX_CORES ? MAX_CORES : (int)online;
    double gflops[MAX_CORES] = {0};
    sl_pool *pool = NULL;
    SL_TRY(sl_pool_create(*cores, &pool));
    sl_pool_run(pool, *cores, measure_peak, gflops);
    sl_pool_destroy(&pool);
    *out = 0;
    for (int i = 0; i < *cores; i++) *out += gflops[i];
    return SL_OK;
}

static sl_status train_for(const sl_run *run, const sl_args *args, double seconds, watched *w) {
    sl_run_progress progress;
    sl_run_progress_init(&progress, args->log_json);
    progress.quiet = true;
    sl_run_progress_init(&w->line, args->log_json);
    w->seconds = seconds;
    sl_process_group *group = NULL;
    SL_TRY(sl_process_group_create(run, args, NULL, &progress, &group));
    sl_process_group_watch(group, on_progress, w);
    sl_status status = sl_process_group_start_trainer(group, false);
    if (status == SL_OK) status = sl_process_group_start_coordinator(group);
    // the clock starts with the first event, so that slow starts do not shorten the measure
    double give_up = sl_clock_seconds() + seconds + 60;
    while (status == SL_OK && w->last_seconds - w->first_seconds < seconds && sl_clock_seconds() < give_up) {
        status = sl_process_group_train_for(group, 0.2);
    }
    sl_process_group_memory(group, &w->trainer_bytes, &w->coordinator_bytes);
    sl_process_group_end(group);
    sl_process_group_destroy(&group);
    sl_run_progress_break(&w->line);
    if (status == SL_OK && w->last_steps <= w->first_steps)
        status = sl_fail(SL_IO, "more --seconds", "training made no progress to measure");
    return status;
}

static sl_status print_result(const sl_run *run, const watched *w, int cores, double peak, bool json) {
    double seconds = w->last_seconds - w->first_seconds;
    double rate = (double)(w->last_steps - w->first_steps) / seconds, flops = step_flops(run);
    double gflops = rate * flops / 1e9;
    const char *precision = run->experiment->teacher.precision == SL_EXP_BF16 ? "bf16" : "f32";
    if (!json) {
        sl_print_wrapped(stdout, 2, "%s on %s, %d threads, %.1f s\n", run->experiment->name, run->spec->name,
                         run->experiment->threads, seconds);
        printf("  %.0f env-steps/s, %.0f agent-steps/s, learning in %s\n", rate, rate * run->spec->n_agents,
               precision);
        printf("  roll-out and learner both at work for %.0f%% of the time\n", 100 * w->overlap);
        sl_print_wrapped(
            stdout, 4,
            "  %.1f GFLOP/s in matrix products: %.1f%% of the sgemm peak of %.0f GFLOP/s on %d cores (%s)\n", gflops,
            100 * gflops / peak, peak, cores, sl_blas_core());
        if (isfinite(w->trainer_bytes + w->coordinator_bytes))
            printf("  memory at most: trainer %.0f MB, coordinator %.0f MB\n", w->trainer_bytes / 1e6,
                   w->coordinator_bytes / 1e6);
        return SL_OK;
    }
    bool failed = false;
    json_t *object = json_object();
    SL_JSON_SET(object, &failed, {"experiment", json_string(run->experiment->name)},
                {"env", json_string(run->spec->name)}, {"threads", json_integer(run->experiment->threads)},
                {"precision", json_string(precision)}, {"seconds", sl_json_number(seconds)},
                {"env_steps_per_second", sl_json_number(rate)},
                {"agent_steps_per_second", sl_json_number(rate * run->spec->n_agents)},
                {"overlap", sl_json_number(w->overlap)}, {"flops_per_env_step", sl_json_number(flops)},
                {"gflops", sl_json_number(gflops)}, {"peak_gflops", sl_json_number(peak)},
                {"peak_share", sl_json_number(gflops / peak)}, {"trainer_bytes", sl_json_number(w->trainer_bytes)},
                {"coordinator_bytes", sl_json_number(w->coordinator_bytes)}, {"cores", json_integer(cores)},
                {"blas_core", json_string(sl_blas_core())});
    return sl_json_print(object, failed);
}

static sl_status bench(const sl_scratch *scratch, const sl_args *args, double seconds, bool json) {
    sl_run *run = NULL;
    watched w = {0};
    double peak = 0;
    int cores = 0;
    SL_TRY(sl_run_open(scratch->folder, &run));
    sl_status status = train_for(run, args, seconds, &w);
    if (status == SL_OK) status = machine_peak(&cores, &peak);
    if (status == SL_OK) status = print_result(run, &w, cores, peak, json);
    sl_run_close(&run);
    return status;
}

sl_status sl_cmd_bench_train(const char *path, int argc, char **argv) {
    double seconds = 10;
    bool json = false;
    sl_text_list given = {0};
    const sl_option options[] = {
        {"seconds", SL_OPTION_REAL, "S", "how long (10)", &seconds, 0.1, 3600},
        {"set", SL_OPTION_LIST, "KEY=VALUE", "override a key of the experiment; may be repeated", &given, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    static const char text[] =
        "Trains with trainer and coordinator for a while and prints steps a second, GFLOP/s (matrix products only) "
        "and their share of the machine's sgemm peak, measured right after.";
    sl_usage usage = {path, "EXPERIMENT.yaml", text, 1, 1, 3, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    // the measure must not run out of steps, nor stop for checkpoints
    const char *sets[SL_LIST_MAX + 2];
    int n = 0;
    for (int i = 0; i < given.n; i++) sets[n++] = given.items[i];
    sets[n++] = "teacher.ppo.total_steps=1000000000";
    sets[n++] = "checkpoint_seconds=86400";
    sl_experiment *experiment = NULL;
    sl_scratch scratch = {{0}};
    char file[SL_RUN_PATH];
    SL_TRY(sl_shipped_find("experiments", args.v[0], file));
    SL_TRY(sl_experiment_load(file, sets, n, &experiment));
    sl_status status = sl_scratch_create(experiment, &scratch);
    sl_experiment_destroy(&experiment);
    if (status == SL_OK) status = bench(&scratch, &args, seconds, json);
    sl_scratch_remove(&scratch);
    return status;
}
