/* eval.c - starling eval: one policy of a run or model folder, in the coordinator's process. */
#include "starling/commands/command.h"
#include "starling/report/link_report.h"
#include "starling/report/report.h"
#include "starling/report/scale.h"
#include "starling/run/links_choice.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/process_group.h"

#include "common/log.h"

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
    if (!text) return sl_fail(SL_USAGE, "one of teacher, students, random, heuristic", "needs --policy");
    for (int i = 0; i < N_POLICIES; i++) {
        if (strcmp(text, policies[i].name) != 0) continue;
        *out = policies[i].kind;
        return SL_OK;
    }
    return sl_fail(SL_USAGE, "one of teacher, students, random, heuristic", "--policy cannot be '%s'", text);
}

static sl_status load(sl_run *run, sl_policy_kind policy) {
    if (policy == SL_POLICY_HEURISTIC) SL_TRY(sl_env_check_heuristic(run->spec));
    if (policy == SL_POLICY_TEACHER || policy == SL_POLICY_STUDENTS) SL_TRY(sl_run_load_policies(run, true, false));
    // the files of a run belong together, whoever is evaluated; only that it may have no students yet
    sl_status students = sl_run_load_policies(run, false, true);
    if (students != SL_OK && (students != SL_NOT_FOUND || policy == SL_POLICY_STUDENTS)) return students;
    if (policy == SL_POLICY_TEACHER && !run->has_teacher)
        return sl_fail(SL_NOT_FOUND, "the run is not that far yet, or trains its students directly",
                       "'%s' has no teacher.safetensors", run->folder);
    return SL_OK;
}

/* A score on the scale of the run's own report. */
typedef struct placed {
    bool known;          /* the folder has a report with a random and a teacher row */
    double score;        /* NaN: see why_not */
    const char *why_not; /* the scale cannot be used; static */
} placed;

static placed place(const char *folder, double mean) {
    char path[SL_RUN_PATH];
    json_t *report = NULL;
    sl_scale scale;
    placed p = {.score = NAN};
    if (sl_run_path(folder, "report.json", path) != SL_OK || access(path, R_OK) != 0) return p;
    if (sl_report_load(folder, &report) != SL_OK) {
        SL_WARN("not normalised: %s", sl_error_what());
        return p;
    }
    if (sl_scale_of_report(report, &scale)) {
        p = (placed){true, sl_scale_score(&scale, mean), scale.why_not};
        // the report's numbers are rounded: a zero may come out as one on the other side
        if (fabs(p.score) < 1e-6) p.score = 0;
    }
    json_decref(report);
    return p;
}

typedef struct question {
    const char *name; /* of the policy */
    sl_policy_kind policy;
    int64_t episodes, seed; /* -1: the experiment's */
    bool divergence, json;
    sl_links_choice choice;
    sl_chosen_links links;
} question;

static sl_status print_json(const sl_run *run, const question *q, const sl_evaluation *results, const sl_score *score,
                            const placed *p) {
    bool failed = false;
    json_t *object = json_object(), *returns = json_array();
    for (int e = 0; e < results->n_episodes; e++) {
        double total = sl_env_return(run->spec, results->returns + (size_t)e * (size_t)results->n_agents);
        if (json_array_append_new(returns, sl_json_number(total)) != 0) failed = true;
    }
    SL_JSON_SET(object, &failed, {"policy", json_string(q->name)}, {"env", json_string(run->spec->name)});
    if (run->spec->opposed) sl_json_set(object, "opposed_sides", json_true(), &failed);
    SL_JSON_SET(object, &failed, {"seed", sl_json_seed((uint64_t)q->seed)},
                {"episodes", json_integer(results->n_episodes)}, {"return_mean", sl_json_number(score->mean)},
                {"return_ci95", sl_json_number(score->ci95)}, {"return_sd", sl_json_number(score->sd)});
    if (p->known) sl_scale_set(object, "normalised", p->score, p->why_not, &failed);
    sl_json_set(object, "length_mean", sl_json_number(score->length), &failed);
    sl_score_set_wins(score, object, &failed);
    sl_link_report_set(q->links.links, results, object, &failed);
    SL_JSON_SET(object, &failed, {"returns", returns}, {"timing", json_pack("{s:f}", "seconds", results->seconds)});
    return sl_json_print(object, failed);
}

static sl_status print_result(const sl_run *run, const question *q, const sl_evaluation *results) {
    sl_score score;
    char text[SL_SCORE_TEXT], scaled[64] = "";
    SL_TRY(sl_score_of(run->spec, results, &score));
    placed p = place(run->folder, score.mean);
    if (q->json) return print_json(run, q, results, &score, &p);
    if (p.known && !p.why_not) (void)snprintf(scaled, sizeof scaled, ", normalised %.3f", p.score);
    sl_print_wrapped(stdout, 2, "%s on %s: %s%s, %.1f steps\n", q->name, run->spec->name,
                     sl_score_text(&score, results->n_episodes, (uint64_t)q->seed, text), scaled, score.length);
    if (p.why_not) sl_print_wrapped(stdout, 2, "no normalised score: %s\n", p.why_not);
    if (run->spec->opposed) sl_print_sides(run->spec->name);
    sl_link_report_print(stdout, q->links.links, results);
    return SL_OK;
}

static sl_status evaluate(sl_run *run, const sl_args *args, const question *q, sl_evaluation *results) {
    sl_run_progress progress;
    sl_run_progress_init(&progress, args->log_json);
    sl_process_group *group = NULL;
    SL_TRY(sl_process_group_create(run, args, NULL, &progress, &group));
    sl_process_group_link(group, q->links.text, q->divergence);
    sl_status status = sl_process_group_serve(group);
    if (status == SL_OK) status = sl_process_group_start_coordinator(group);
    if (status == SL_OK)
        status =
            sl_process_group_evaluate(group, q->policy, (int)q->episodes, (uint64_t)q->seed, "evaluate", results);
    sl_process_group_end(group);
    sl_process_group_destroy(&group);
    return status;
}

// before anything is started
static sl_status prepare(sl_run *run, question *q) {
    if (q->episodes < 0) q->episodes = run->experiment->eval.episodes;
    if (q->seed < 0) q->seed = (int64_t)run->experiment->eval.seed;
    SL_TRY(load(run, q->policy));
    SL_TRY(sl_links_choose(&q->choice, run->setup, q->policy, &q->links));
    if (!q->divergence || q->links.links) return SL_OK;
    return sl_fail(SL_USAGE, "add --links, or leave it out",
                   "--divergence: nothing is late here, all decisions are the same");
}

sl_status sl_cmd_eval(const char *path, int argc, char **argv) {
    question q = {.episodes = -1, .seed = -1};
    const sl_option options[] = {
        {"policy", SL_OPTION_TEXT, "P", "teacher, students, random or heuristic", &q.name, 0, 0},
        {"episodes", SL_OPTION_INT, "N", "how many (the experiment's eval.episodes)", &q.episodes, 1, 1000000},
        {"seed", SL_OPTION_INT, "N", "of the episodes (the experiment's eval.seed)", &q.seed, 0, 9007199254740992.0},
        SL_LINKS_OPTIONS(&q.choice),
        {"divergence", SL_OPTION_SWITCH, NULL, "tell how often the links changed a decision", &q.divergence, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &q.json, 0, 0},
    };
    static const char text[] =
        "Evaluates a policy greedily and prints its mean return. A folder that is not there is "
        "looked for among the installed models: mpe/spread.";
    sl_usage usage = {path, "RUN|MODELS", text, 1, 1, 5 + SL_LINKS_N_OPTIONS, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    SL_TRY(parse_policy(q.name, &q.policy));
    sl_run *run = NULL;
    SL_TRY(sl_run_open(args.v[0], &run));
    sl_evaluation results = {0};
    sl_status status = prepare(run, &q);
    if (status == SL_OK) status = evaluate(run, &args, &q, &results);
    if (status == SL_OK) status = print_result(run, &q, &results);
    sl_evaluation_fini(&results);
    sl_chosen_links_fini(&q.links);
    sl_run_close(&run);
    return status;
}
