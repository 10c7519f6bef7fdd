/* cmd_eval.c - starling eval: one policy of a run or model folder, in the coordinator's process. */
#include "starling/command.h"
#include "starling/crew.h"
#include "starling/nearest.h"
#include "starling/options.h"
#include "starling/output.h"
#include "starling/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    sl_policy_kind kind;
} policies[] = {
    {"teacher", SL_POLICY_TEACHER},
    {"students", SL_POLICY_STUDENTS},
    {"random", SL_POLICY_RANDOM},
    {"heuristic", SL_POLICY_HEURISTIC},
};
enum { N_POLICIES = sizeof policies / sizeof policies[0] };

static sl_status parse_policy(const char *text, sl_policy_kind *out) {
    if (!text) {
        return sl_fail(SL_USAGE, "one of teacher, students, random, heuristic", "needs --policy");
    }
    for (int i = 0; i < N_POLICIES; i++) {
        if (strcmp(text, policies[i].name) != 0) continue;
        *out = policies[i].kind;
        return SL_OK;
    }
    return sl_fail(SL_USAGE, "one of teacher, students, random, heuristic", "--policy cannot be '%s'", text);
}

static sl_status load(sl_run *run, sl_policy_kind policy) {
    if (policy == SL_POLICY_HEURISTIC && !run->spec->has_heuristic) {
        return sl_fail(SL_CONFIG, "mpe/simple_spread_v3 has one", "%s has no built-in heuristic", run->spec->name);
    }
    if (policy == SL_POLICY_TEACHER || policy == SL_POLICY_STUDENTS) {
        SL_TRY(sl_run_load_policies(run, policy == SL_POLICY_STUDENTS));
    }
    if (policy == SL_POLICY_TEACHER && !run->has_teacher) {
        return sl_fail(SL_NOT_FOUND, "the run is not that far yet, or trains its students directly",
                       "'%s' has no teacher.safetensors", run->folder);
    }
    return SL_OK;
}

// the score on the scale of the run's own report, when there is one with a random and a teacher row
static double normalise(const char *folder, double mean) {
    char path[SL_RUN_PATH];
    json_t *report = NULL;
    double random = 0, teacher = 0, normalised = NAN;
    if (sl_run_path(folder, "report.json", path) != SL_OK || access(path, R_OK) != 0) return NAN;
    if (sl_report_load(folder, &report) != SL_OK) return NAN;
    if (sl_report_number(report, "policies.random.return.mean", &random) &&
        sl_report_number(report, "policies.teacher.return.mean", &teacher)) {
        normalised = (mean - random) / (teacher - random);
        // the report's numbers are rounded: a zero may come out as one on the other side
        if (fabs(normalised) < 1e-6) normalised = 0;
    }
    json_decref(report);
    return normalised;
}

static sl_status print_result(const sl_run *run, const char *policy, uint64_t seed, const sl_flown *flown,
                              bool json) {
    sl_score score;
    SL_TRY(sl_score_of(run->spec, flown, &score));
    double normalised = normalise(run->folder, score.mean);
    if (!json) {
        printf("%s on %s: return %.2f \u00b1 %.2f (95%% CI, %d episodes, seed %llu)", policy, run->spec->name,
               score.mean, score.ci95, flown->n_episodes, (unsigned long long)seed);
        if (isfinite(normalised)) printf(", normalised %.3f", normalised);
        if (score.win_rate >= 0)
            printf(", won %.1f%% [%.1f, %.1f]", 100 * score.win_rate, 100 * score.win_low, 100 * score.win_high);
        printf(", %.1f steps\n", score.length);
        return SL_OK;
    }
    bool failed = false;
    json_t *object = json_object(), *returns = json_array();
    for (int e = 0; e < flown->n_episodes; e++) {
        double total = sl_env_return(run->spec, flown->returns + (size_t)e * (size_t)flown->n_agents);
        if (json_array_append_new(returns, sl_json_number(total)) != 0) failed = true;
    }
    sl_json_set(object, "policy", json_string(policy), &failed);
    sl_json_set(object, "env", json_string(run->spec->name), &failed);
    sl_json_set(object, "seed", json_integer((json_int_t)seed), &failed);
    sl_json_set(object, "episodes", json_integer(flown->n_episodes), &failed);
    sl_json_set(object, "return_mean", sl_json_number(score.mean), &failed);
    sl_json_set(object, "return_ci95", sl_json_number(score.ci95), &failed);
    sl_json_set(object, "return_sd", sl_json_number(score.sd), &failed);
    if (isfinite(normalised)) sl_json_set(object, "normalised", sl_json_number(normalised), &failed);
    sl_json_set(object, "length_mean", sl_json_number(score.length), &failed);
    sl_score_set_wins(&score, object, &failed);
    sl_json_set(object, "returns", returns, &failed);
    sl_json_set(object, "timing", json_pack("{s:f}", "seconds", flown->seconds), &failed);
    return sl_json_print(object, failed);
}

static sl_status evaluate(sl_run *run, const sl_args *args, sl_policy_kind policy, int episodes, uint64_t seed,
                          sl_flown *flown) {
    sl_progress progress;
    sl_progress_init(&progress, args->log_json);
    sl_crew *crew = NULL;
    SL_TRY(sl_crew_create(run, args, &progress, &crew));
    sl_status status = sl_crew_serve(crew);
    if (status == SL_OK) status = sl_crew_start_coordinator(crew);
    if (status == SL_OK) status = sl_crew_evaluate(crew, policy, episodes, seed, "evaluate", flown);
    sl_crew_end(crew);
    sl_crew_destroy(&crew);
    return status;
}

sl_status sl_cmd_eval(const char *path, int argc, char **argv) {
    const char *policy = NULL;
    int64_t episodes = -1, seed = -1;
    bool json = false;
    const sl_option options[] = {
        {"policy", SL_OPTION_TEXT, "P", "teacher, students, random or heuristic", &policy, 0, 0},
        {"episodes", SL_OPTION_INT, "N", "how many (the experiment's eval.episodes)", &episodes, 1, 1000000},
        {"seed", SL_OPTION_INT, "N", "of the episodes (the experiment's eval.seed)", &seed, 0, 9007199254740992.0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    sl_usage usage = {path, "RUN|MODELS", "Evaluates a policy greedily and prints its mean return.", 1, 1,
                      4,    options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_policy_kind kind = SL_POLICY_RANDOM;
    SL_TRY(parse_policy(policy, &kind));
    sl_run *run = NULL;
    SL_TRY(sl_run_open(args.v[0], &run));
    if (episodes < 0) episodes = run->experiment->eval.episodes;
    uint64_t episode_seed = seed >= 0 ? (uint64_t)seed : run->experiment->eval.seed;
    sl_flown flown = {0};
    sl_status status = load(run, kind);
    if (status == SL_OK) status = evaluate(run, &args, kind, (int)episodes, episode_seed, &flown);
    if (status == SL_OK) status = print_result(run, policy, episode_seed, &flown, json);
    sl_flown_fini(&flown);
    sl_run_close(&run);
    return status;
}
