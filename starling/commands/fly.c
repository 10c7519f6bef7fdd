/* fly.c - starling fly: the students as processes over tcp, against a coordinator of their own. */
#include "starling/commands/command.h"
#include "starling/report/flight.h"
#include "starling/report/link_report.h"
#include "starling/report/report.h"
#include "starling/run/links_choice.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/process_group.h"
#include "starling/run/spawn.h"
#include "starling/view/watcher.h"

#include <stdio.h>

// enough for an interval, and done in a few seconds; a run's own flight is fleet.episodes long
enum { EPISODES = 100 };

static void print_incidents(const sl_incidents *incidents) {
    if (incidents->late + incidents->absent > 0)
        printf("the fallback acted %lld times for a late agent, %lld times for an absent one\n",
               (long long)incidents->late, (long long)incidents->absent);
    if (incidents->dropped > 0) printf("%lld messages of agents were dropped\n", (long long)incidents->dropped);
}

typedef struct choice {
    int64_t episodes, seed; /* -1: the experiment's */
    double speed;           /* 0: not given */
    bool watch, json;
    const char *record, *agent;
    sl_members members;
    const char *clock_name;
    sl_exp_clock clock;
    sl_links_choice flags;
    sl_chosen_links links;
} choice;

static sl_status print_result(const sl_run *run, const choice *c, const sl_evaluation *results, json_t *restarts) {
    sl_score score;
    sl_step_times p;
    json_t *object = NULL;
    uint64_t seed = (uint64_t)c->seed;
    if (c->json) {
        SL_TRY(sl_flight_result(run, seed, c->links.links, results, restarts, &object));
        return sl_json_print(object, false);
    }
    SL_TRY(sl_score_of(run->spec, results, &score));
    SL_TRY(sl_step_times_of(results, &p));
    char text[SL_SCORE_TEXT];
    sl_print_wrapped(stdout, 2, "%d agent%s flew %s: %s\n", results->n_agents, results->n_agents == 1 ? "" : "s",
                     run->spec->name, sl_score_text(&score, results->n_episodes, seed, text));
    if (run->spec->opposed) sl_print_sides(run->spec->name);
    printf("%.0f steps/s; a step takes %.3f ms (p50 %.3f, p99 %.3f)\n", p.per_second, p.mean, p.p50, p.p99);
    print_incidents(&results->incidents);
    sl_flight_print_clock(results);
    sl_link_report_print(stdout, c->links.links, results);
    return SL_OK;
}

static sl_status show(const choice *c, sl_process_group *group, const sl_run *run, sl_watcher **watcher) {
    SL_TRY(sl_watcher_open(run, watcher));
    sl_process_group_show(group, sl_watcher_step_us(*watcher, c->speed > 0 ? c->speed : 1), sl_watcher_take,
                          *watcher);
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
    sl_process_group_link(group, c->links.text, false);
    sl_process_group_use_clock(group, sl_exp_clock_name(c->clock), c->flags.hz);
    sl_process_group_use_agent(group, c->agent);
    sl_status status = sl_process_group_serve(group);
    if (status == SL_OK && c->watch) status = show(c, group, run, &watcher);
    if (status == SL_OK) status = sl_process_group_start_coordinator(group);
    if (status == SL_OK && c->json && c->members.n_remote > 0) status = sl_flight_print_ready(group, &c->members);
    if (status == SL_OK) status = sl_process_group_start_agents(group);
    if (status == SL_OK) status = sl_process_group_fly(group, episodes, seed, "fly", &results);
    sl_process_group_end(group);
    json_t *restarts = sl_process_group_restarts(group);
    sl_process_group_destroy(&group);
    sl_watcher_close(&watcher);
    if (status == SL_OK) status = print_result(run, c, &results, restarts);
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

// what is late, and by which clock
static sl_status choose_links(choice *c, const sl_run *run) {
    if (c->members.remote_coordinator && (c->clock_name || c->flags.hz > 0))
        return sl_fail(SL_USAGE, "starling-coordinator takes --clock and --hz, too",
                       "--%s is for a coordinator that is started here", c->clock_name ? "clock" : "hz");
    SL_TRY(sl_links_choose(&c->flags, run->setup, SL_POLICY_STUDENTS, &c->links));
    c->clock = sl_links_clock(run->experiment, c->links.links);
    return c->clock_name ? sl_links_choose_clock(c->clock_name, c->links.links, &c->clock) : SL_OK;
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
        SL_LINKS_OPTIONS(&c.flags),
        {"clock", SL_OPTION_TEXT, "C", "lockstep, virtual or realtime (the experiment's)", &c.clock_name, 0, 0},
        {"hz", SL_OPTION_REAL, "X", "steps a second (the experiment's fleet.hz)", &c.flags.hz, 1e-3, SL_EXP_MAX_HZ},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &c.json, 0, 0},
        {"announce", SL_OPTION_SWITCH, NULL, "tell of it on this network, by mDNS", &c.members.announces, 0, 0},
        SL_MEMBER_OPTIONS(&c.members),
    };
    static const char text[] = "Starts a coordinator and one agent process a student, and flies episodes over tcp on "
                               "this machine. An agent that dies is started again and the flight goes on. A folder "
                               "that is not there is looked for among the installed models: mpe/spread.";
    sl_usage usage = {path, "RUN|MODELS", text, 1, 1, 10 + SL_LINKS_N_OPTIONS + SL_MEMBER_N_OPTIONS, options};
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
    if (status == SL_OK) status = choose_links(&c, run);
    if (status == SL_OK) status = fly(run, &args, &c);
    sl_chosen_links_fini(&c.links);
    sl_run_close(&run);
    return status;
}
