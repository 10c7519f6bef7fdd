/* fly.c - starling fly: the students as processes over tcp, against a coordinator of their own. */
#include "starling/commands/command.h"
#include "starling/report/report.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/process_group.h"
#include "starling/run/spawn.h"
#include "starling/view/watcher.h"

#include <stdio.h>

// enough for an interval, and done in a few seconds; a run's own flight is fleet.episodes long
enum { EPISODES = 100 };

// what changed actions is a part of the result, what did not is of its circumstances
static void set_incidents(const sl_incidents *incidents, json_t *result, json_t *timing, bool *failed) {
    json_t *fallback = json_object();
    for (int k = 0; k < sl_incident_metrics.n; k++) {
        const sl_metric *metric = &sl_incident_metrics.metrics[k];
        sl_json_set(k < SL_INCIDENT_FALLBACKS ? fallback : timing, metric->name,
                    json_integer((json_int_t)sl_metric_get(metric, incidents)), failed);
    }
    sl_json_set(result, "fallback", fallback, failed);
}

static void print_incidents(const sl_incidents *incidents) {
    if (incidents->late + incidents->absent > 0)
        printf("the fallback acted %lld times for a late agent, %lld times for an absent one\n",
               (long long)incidents->late, (long long)incidents->absent);
    if (incidents->dropped > 0) printf("%lld messages of agents were dropped\n", (long long)incidents->dropped);
}

static sl_status print_json(const sl_run *run, uint64_t seed, const sl_evaluation *results, const sl_score *score,
                            const sl_step_times *p, json_t *restarts) {
    bool failed = false;
    json_t *object = json_object(), *returns = json_array(), *timing = json_object();
    for (int e = 0; e < results->n_episodes; e++) {
        double total = sl_env_return(run->spec, results->returns + (size_t)e * (size_t)results->n_agents);
        if (json_array_append_new(returns, sl_json_number(total)) != 0) failed = true;
    }
    SL_JSON_SET(object, &failed, {"env", json_string(run->spec->name)},
                {"n_agents", json_integer(results->n_agents)});
    if (run->spec->opposed) sl_json_set(object, "opposed_sides", json_true(), &failed);
    SL_JSON_SET(object, &failed, {"seed", sl_json_seed(seed)}, {"episodes", json_integer(results->n_episodes)},
                {"return_mean", sl_json_number(score->mean)}, {"return_ci95", sl_json_number(score->ci95)},
                {"length_mean", sl_json_number(score->length)});
    sl_score_set_wins(score, object, &failed);
    sl_json_set(object, "returns", returns, &failed);
    SL_JSON_SET(timing, &failed, {"seconds", sl_json_number(results->seconds)},
                {"ticks", json_integer((json_int_t)results->n_ticks)},
                {"ticks_per_second", sl_json_number(p->per_second)},
                {"ms_per_step", json_pack("{s:f,s:f,s:f}", "mean", p->mean, "p50", p->p50, "p99", p->p99)},
                {"restarts", json_incref(restarts)});
    set_incidents(&results->incidents, object, timing, &failed);
    sl_json_set(object, "timing", timing, &failed);
    return sl_json_print(object, failed);
}

static sl_status print_result(const sl_run *run, uint64_t seed, const sl_evaluation *results, json_t *restarts,
                              bool json) {
    sl_score score;
    sl_step_times p;
    SL_TRY(sl_score_of(run->spec, results, &score));
    SL_TRY(sl_step_times_of(results, &p));
    if (json) return print_json(run, seed, results, &score, &p, restarts);
    char text[SL_SCORE_TEXT];
    sl_print_wrapped(stdout, 2, "%d agent%s flew %s: %s\n", results->n_agents, results->n_agents == 1 ? "" : "s",
                     run->spec->name, sl_score_text(&score, results->n_episodes, seed, text));
    if (run->spec->opposed) sl_print_sides(run->spec->name);
    printf("%.0f steps/s; a step takes %.3f ms (p50 %.3f, p99 %.3f)\n", p.per_second, p.mean, p.p50, p.p99);
    print_incidents(&results->incidents);
    return SL_OK;
}

typedef struct choice {
    int64_t episodes, seed; /* -1: the experiment's */
    double speed;           /* 0: not given */
    bool watch, json;
    const char *record, *agent;
    sl_members members;
} choice;

static sl_status show(const choice *c, sl_process_group *group, const sl_run *run, sl_watcher **watcher) {
    SL_TRY(sl_watcher_open(run, watcher));
    sl_process_group_show(group, sl_watcher_step_us(*watcher, c->speed > 0 ? c->speed : 1), sl_watcher_take,
                          *watcher);
    return SL_OK;
}

// the first line of two, for whoever starts the others: only when there are any
static sl_status print_ready(const choice *c, const sl_process_group *group) {
    const sl_members *members = &c->members;
    if (!c->json || members->n_remote == 0) return SL_OK;
    bool failed = false;
    json_t *event = json_object(), *slots = json_array();
    for (int i = 0; i < members->n_agents; i++)
        if (members->comes[i] && json_array_append_new(slots, json_integer(i)) != 0) failed = true;
    SL_JSON_SET(event, &failed, {"event", json_string("ready")},
                {members->remote_coordinator ? "listen" : "endpoint", json_string(sl_process_group_endpoint(group))},
                {"slots", slots});
    SL_TRY(sl_json_print(event, failed));
    if (fflush(stdout) != 0) return sl_fail(SL_IO, NULL, "cannot write to stdout");
    return SL_OK;
}

static sl_status fly(sl_run *run, const sl_args *args, const choice *c) {
    int episodes = (int)c->episodes;
    uint64_t seed = (uint64_t)c->seed;
    sl_run_progress progress;
    sl_run_progress_init(&progress, args->log_json);
    // its line would tear the picture
    progress.quiet = c->watch;
    sl_evaluation results = {0};
    sl_process_group *group = NULL;
    sl_watcher *watcher = NULL;
    SL_TRY(sl_process_group_create(run, args, &c->members, &progress, &group));
    sl_process_group_record(group, c->record);
    sl_process_group_use_agent(group, c->agent);
    sl_status status = sl_process_group_serve(group);
    if (status == SL_OK && c->watch) status = show(c, group, run, &watcher);
    if (status == SL_OK) status = sl_process_group_start_coordinator(group);
    if (status == SL_OK) status = print_ready(c, group);
    if (status == SL_OK) status = sl_process_group_start_agents(group);
    if (status == SL_OK) status = sl_process_group_fly(group, episodes, seed, "fly", &results);
    sl_process_group_end(group);
    json_t *restarts = sl_process_group_restarts(group);
    sl_process_group_destroy(&group);
    sl_watcher_close(&watcher);
    if (status == SL_OK) status = print_result(run, seed, &results, restarts, c->json);
    json_decref(restarts);
    sl_evaluation_fini(&results);
    return status;
}

// before anything is started
static sl_status check_agent(const char *program) {
    char path[SL_PATH_BYTES];
    if (!program || sl_program_find(program, path) == SL_OK) return SL_OK;
    return sl_fail(SL_NOT_FOUND, "a path such as ./my-agent, or a name in PATH; executable",
                   "there is no program '%s' to fly as an agent", program);
}

sl_status sl_cmd_fly(const char *path, int argc, char **argv) {
    choice c = {.episodes = -1, .seed = -1};
    const sl_option options[] = {
        {"episodes", SL_OPTION_INT, "N", "how many (100; 1 with --watch)", &c.episodes, 1, 1000000},
        {"seed", SL_OPTION_INT, "N", "of the episodes (the experiment's eval.seed)", &c.seed, 0, 9007199254740992.0},
        {"watch", SL_OPTION_SWITCH, NULL, "show them in the terminal", &c.watch, 0, 0},
        {"speed", SL_OPTION_REAL, "X", "1 (the default): the environment's own time", &c.speed, 0.1, 1000},
        {"record", SL_OPTION_TEXT, "FILE", "write them as .jsonl or .jsonl.gz", &c.record, 0, 0},
        {"agent", SL_OPTION_TEXT, "PROGRAM", "an agent of yours, not starling-agent-<H>", &c.agent, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &c.json, 0, 0},
        SL_MEMBER_OPTIONS(&c.members),
    };
    static const char text[] = "Starts a coordinator and one agent process a student, and flies episodes over tcp on "
                               "this machine. An agent that dies is started again and the flight goes on. A folder "
                               "that is not there is looked for among the installed models: mpe/spread.";
    sl_usage usage = {path, "RUN|MODELS", text, 1, 1, 7 + SL_MEMBER_N_OPTIONS, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    if (c.watch && c.json)
        return sl_fail(SL_USAGE, "leave one of them out", "--watch and --json both write to stdout");
    if (c.speed > 0 && !c.watch) return sl_fail(SL_USAGE, "add --watch, or leave it out", "--speed is for --watch");
    SL_TRY(check_agent(c.agent));
    sl_run *run = NULL;
    SL_TRY(sl_run_open(args.v[0], &run));
    if (c.episodes < 0) c.episodes = c.watch ? 1 : EPISODES;
    if (c.seed < 0) c.seed = (int64_t)run->experiment->eval.seed;
    sl_status status = sl_members_settle(&c.members, &run->experiment->fleet, run->spec->n_agents);
    if (status == SL_OK && c.agent && c.members.n_remote == c.members.n_agents)
        status = sl_fail(SL_USAGE, "leave it out", "--agent is for agents that are started here");
    if (status == SL_OK) status = sl_run_load_policies(run, true, true);
    if (status == SL_OK) status = fly(run, &args, &c);
    sl_run_close(&run);
    return status;
}
