/* train.c - starling train: one run from the experiment file to report.json. */
#include "starling/commands/command.h"
#include "starling/report/report.h"
#include "starling/run/check.h"
#include "starling/run/extend.h"
#include "starling/run/lock.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/process_group.h"
#include "starling/run/shipped.h"

#include "common/clock.h"
#include "common/log.h"
#include "storage/file.h"
#include "storage/manifest.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct train_options {
    const char *experiment, *out;
    int64_t seed; /* -1: the experiment's */
    sl_text_list sets;
    bool resume, json;
    sl_members members;
} train_options;

// ------------------------------------------------------------------------------------------------ the run's folder

static sl_status resolve(const train_options *o, sl_experiment **out) {
    const char *sets[SL_LIST_MAX + 1];
    char seed[40], path[SL_RUN_PATH];
    int n = 0;
    for (int i = 0; i < o->sets.n; i++) sets[n++] = o->sets.items[i];
    if (o->seed >= 0) {
        (void)snprintf(seed, sizeof seed, "seed=%" PRId64, o->seed);
        sets[n++] = seed;
    }
    SL_TRY(sl_shipped_find("experiments", o->experiment, path));
    return sl_experiment_load(path, sets, n, out);
}

// --resume without a run: what was killed before there was one begins anew, a folder of something else is left alone
static sl_status check_no_run(const char *folder) {
    DIR *listing = opendir(folder);
    int n = 0;
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;)
        n += entry->d_name[strspn(entry->d_name, ".")] && !strstr(entry->d_name, ".tmp");
    if (listing) (void)closedir(listing);
    if (n > 0)
        return sl_fail(SL_NOT_FOUND,
                       "a run's folder holds its experiment.yaml; name the run's, or leave --resume out",
                       "there is no run in '%s' to resume", folder);
    SL_INFO("nothing to resume in '%s': starting from the beginning", folder);
    return SL_OK;
}

static sl_status prepare_folder(const train_options *o, const sl_experiment *experiment, char folder[SL_RUN_PATH],
                                bool *differs) {
    int n = o->out ? snprintf(folder, SL_RUN_PATH, "%s", o->out)
                   : snprintf(folder, SL_RUN_PATH, "runs/%s-seed%" PRIu64, experiment->name, experiment->seed);
    if (n <= 0 || n >= SL_RUN_PATH) return sl_fail(SL_USAGE, NULL, "--out is too long or empty");
    char path[SL_RUN_PATH], manifest[SL_RUN_PATH];
    SL_TRY(sl_run_path(folder, "experiment.yaml", path));
    SL_TRY(sl_run_path(folder, SL_MANIFEST_NAME, manifest));
    bool exists = access(path, F_OK) == 0;
    bool noted = access(manifest, F_OK) == 0;
    if ((exists || noted) && !o->resume)
        return sl_fail(SL_USAGE, "go on with it by --resume, or choose another --out or --seed",
                       "there is a run in '%s' already", folder);
    if (exists) return sl_extend_check(experiment, folder, differs);
    if (o->resume) SL_TRY(check_no_run(folder));
    SL_TRY(sl_file_make_folder(folder));
    return sl_experiment_save(experiment, path);
}

// -------------------------------------------------------------------------------------------------------- stages

static sl_status train(sl_process_group *group, bool resume) {
    SL_TRY(sl_process_group_start_trainer(group, resume));
    SL_TRY(sl_process_group_start_coordinator(group));
    return sl_process_group_train(group);
}

static sl_status evaluate(sl_process_group *group, sl_run *run, sl_scores *scores) {
    const sl_exp_eval *eval = &run->experiment->eval;
    SL_TRY(sl_run_load_policies(run, true, true));
    if (!run->has_teacher && run->experiment->method == SL_EXP_KD_MARL)
        return sl_fail(SL_NOT_FOUND, "put it back, or begin anew with another --out",
                       "'%s' has no teacher.safetensors any more", run->folder);
    SL_TRY(sl_process_group_serve(group));
    const struct {
        sl_policy_kind policy;
        sl_scored scored;
        bool wanted;
        const char *stage;
    } questions[] = {
        {SL_POLICY_RANDOM, SL_SCORED_RANDOM, true, "evaluate random"},
        {SL_POLICY_HEURISTIC, SL_SCORED_HEURISTIC, run->spec->has_heuristic, "evaluate heuristic"},
        {SL_POLICY_TEACHER, SL_SCORED_TEACHER, run->has_teacher, "evaluate teacher"},
        {SL_POLICY_STUDENTS, SL_SCORED_STUDENTS, true, "evaluate students"},
    };
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (!questions[i].wanted) continue;
        SL_TRY(sl_process_group_evaluate(group, questions[i].policy, eval->episodes, eval->seed, questions[i].stage,
                                         &scores->results[questions[i].scored]));
    }
    SL_TRY(sl_process_group_start_agents(group));
    return sl_process_group_fly(group, run->experiment->fleet.episodes, eval->seed, "fly",
                                &scores->results[SL_SCORED_FLEET]);
}

static sl_status finish(const sl_run *run, const sl_scores *scores, const sl_process_group *group,
                        const sl_run_progress *progress, double seconds, bool json) {
    json_t *timing = sl_run_progress_timing(progress), *restarts = sl_process_group_restarts(group), *report = NULL;
    char path[SL_RUN_PATH];
    sl_status status = sl_run_path(run->folder, "report.json", path);
    if (status == SL_OK) status = sl_report_make(run, scores, timing, restarts, seconds, &report);
    json_decref(timing);
    json_decref(restarts);
    if (status != SL_OK) return status;
    status = sl_report_save(report, path);
    if (status == SL_OK) status = sl_run_end_manifest(run);
    if (status == SL_OK && json) return sl_json_print(report, false);
    if (status == SL_OK) {
        sl_print_wrapped(stdout, 2, "\n%s, seed %" PRIu64 ", %s: %d episodes, %d flown by the fleet\n\n",
                         run->experiment->name, run->experiment->seed, run->spec->name,
                         scores->results[SL_SCORED_RANDOM].n_episodes, scores->results[SL_SCORED_FLEET].n_episodes);
        status = sl_report_print(report);
        sl_print_wrapped(stdout, 2, "Everything is in %s; 'starling fly %s' flies it.\n", run->folder, run->folder);
    }
    json_decref(report);
    return status;
}

static sl_status run_all(const train_options *o, const sl_args *args, sl_run *run) {
    double begin = sl_clock_seconds();
    sl_run_progress progress;
    sl_run_progress_init(&progress, args->log_json);
    sl_scores scores = {0};
    sl_process_group *group = NULL;
    SL_TRY(sl_process_group_create(run, args, &o->members, &progress, &group));
    sl_status status = train(group, o->resume);
    if (status == SL_OK) status = evaluate(group, run, &scores);
    if (status == SL_INTERRUPTED) SL_INFO("ending the run; the trainer writes a checkpoint");
    sl_process_group_end(group);
    if (status == SL_OK) status = finish(run, &scores, group, &progress, sl_clock_seconds() - begin, o->json);
    if (status == SL_INTERRUPTED) {
        char hint[2 * SL_RUN_PATH + 64];
        (void)snprintf(hint, sizeof hint, "go on with 'starling train %s --out %s --resume'", run->experiment_path,
                       run->folder);
        status = sl_fail(status, hint, "%s", sl_error_what());
    }
    sl_process_group_destroy(&group);
    sl_scores_fini(&scores);
    return status;
}

// before there is a folder
static sl_status settle(train_options *o, const sl_experiment *experiment) {
    sl_setup *setup = NULL;
    SL_TRY(sl_setup_create(experiment, &setup));
    sl_status status = sl_members_settle(&o->members, &experiment->fleet, setup->N);
    sl_setup_destroy(&setup);
    return status;
}

sl_status sl_cmd_train(const char *path, int argc, char **argv) {
    train_options o = {.seed = -1};
    const sl_option options[] = {
        {"out", SL_OPTION_TEXT, "DIR", "the run's folder (runs/<name>-seed<N>)", &o.out, 0, 0},
        {"seed", SL_OPTION_INT, "N", "instead of the experiment's seed", &o.seed, 0, 9007199254740992.0},
        {"set", SL_OPTION_LIST, "KEY=VALUE", "override a key, such as distill.w_kl=0.5; may be repeated", &o.sets, 0,
         0},
        {"resume", SL_OPTION_SWITCH, NULL, "go on with a run that was interrupted", &o.resume, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print the report as one JSON object instead of the table", &o.json, 0, 0},
        SL_MEMBER_OPTIONS(&o.members),
    };
    static const char text[] =
        "Trains the teacher, records the expert buffer, distils the students, evaluates everything in process and "
        "flown by agent processes, and writes report.json. Programs that die are restarted. A "
        "file that is not there is looked for among the installed experiments: mpe/spread.";
    sl_usage usage = {path, "EXPERIMENT.yaml", text, 1, 1, 5 + SL_MEMBER_N_OPTIONS, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    o.experiment = args.v[0];
    sl_experiment *experiment = NULL;
    SL_TRY(resolve(&o, &experiment));
    char folder[SL_RUN_PATH];
    int lock = -1;
    sl_run *run = NULL;
    bool differs = false;
    sl_status status = settle(&o, experiment);
    if (status == SL_OK) status = sl_check_experiment(experiment, &o.members, o.resume);
    if (status == SL_OK) status = prepare_folder(&o, experiment, folder, &differs);
    if (status == SL_OK) status = sl_lock_folder(folder, &lock);
    if (status == SL_OK && differs) status = sl_extend_run(experiment, folder);
    sl_experiment_destroy(&experiment);
    if (status == SL_OK) status = sl_run_open(folder, &run);
    if (status == SL_OK && run->spec->opposed)
        SL_WARN("the sides of %s oppose one another: returns, scores and retention add them up", run->spec->name);
    if (status == SL_OK) status = sl_run_begin_manifest(run);
    if (status == SL_OK) status = run_all(&o, &args, run);
    sl_run_close(&run);
    if (lock >= 0) close(lock);
    return status;
}
