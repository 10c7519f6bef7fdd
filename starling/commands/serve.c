/* serve.c - starling serve: a coordinator that stays up, and flies one flight after the other with whoever is there.
 */
#include "starling/commands/command.h"
#include "starling/report/flight.h"
#include "starling/report/report.h"
#include "starling/run/links_choice.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/process_group.h"

#include "common/log.h"

#include <stdio.h>

enum { EPISODES = 100 };

typedef struct choice {
    int64_t flights; /* 0: for ever */
    int64_t episodes, seed;
    bool json;
    sl_members members;
} choice;

static sl_status print_flight(const choice *c, const sl_run *run, int64_t k, uint64_t seed,
                              const sl_evaluation *results, json_t *restarts) {
    sl_score score;
    char text[SL_SCORE_TEXT];
    if (c->json) {
        json_t *object = NULL;
        SL_TRY(sl_flight_result(run, seed, sl_links_own(run->setup), results, restarts, &object));
        bool failed = json_object_set_new(object, "flight", json_integer(k)) != 0;
        SL_TRY(sl_json_print(object, failed));
    } else {
        SL_TRY(sl_score_of(run->spec, results, &score));
        printf("flight %lld: %s\n", (long long)k, sl_score_text(&score, results->n_episodes, seed, text));
    }
    return fflush(stdout) == 0 ? SL_OK : sl_fail(SL_IO, NULL, "cannot write to stdout");
}

// for want of agents, or of a coordinator: told, and the next one is tried
static sl_status print_failure(const choice *c, int64_t k, uint64_t seed) {
    SL_WARN("flight %lld: %s", (long long)k, sl_error_what());
    if (!c->json) return SL_OK;
    bool failed = false;
    json_t *object = json_object();
    SL_JSON_SET(object, &failed, {"flight", json_integer(k)}, {"seed", sl_json_seed(seed)},
                {"error", json_string(sl_error_what())});
    SL_TRY(sl_json_print(object, failed));
    return fflush(stdout) == 0 ? SL_OK : sl_fail(SL_IO, NULL, "cannot write to stdout");
}

static sl_status fly_one(const choice *c, sl_run *run, sl_process_group *group, int64_t k, int64_t *n_flown) {
    sl_evaluation results = {0};
    uint64_t seed = (uint64_t)(c->seed + k);
    sl_status status = sl_process_group_fly(group, (int)c->episodes, seed, "fly", &results);
    if (status == SL_OK) {
        ++*n_flown;
        json_t *restarts = sl_process_group_restarts(group);
        status = print_flight(c, run, k, seed, &results, restarts);
        json_decref(restarts);
    } else if (!sl_process_group_is_broken(group) && (status == SL_NETWORK || status == SL_TIMEOUT)) {
        status = print_failure(c, k, seed);
    }
    sl_evaluation_fini(&results);
    return status;
}

static sl_status serve(sl_run *run, const sl_args *args, const choice *c) {
    sl_run_progress progress;
    sl_process_group *group = NULL;
    int64_t n_flown = 0;
    sl_run_progress_init(&progress, args->log_json);
    SL_TRY(sl_process_group_create(run, args, &c->members, &progress, &group));
    sl_status status = sl_process_group_serve(group);
    if (status == SL_OK) status = sl_process_group_start_coordinator(group);
    if (status == SL_OK && c->json) status = sl_flight_print_ready(group, &c->members);
    if (status == SL_OK) status = sl_process_group_start_agents(group);
    for (int64_t k = 0; status == SL_OK && (c->flights == 0 || k < c->flights); k++) {
        // the time of each flight is its own
        sl_run_progress_init(&progress, args->log_json);
        status = fly_one(c, run, group, k, &n_flown);
    }
    sl_process_group_end(group);
    sl_process_group_destroy(&group);
    // being told to end is how it ends
    if (status == SL_INTERRUPTED) return SL_OK;
    if (status == SL_OK && n_flown == 0)
        return sl_fail(SL_NETWORK, "its own message is above", "none of %lld flights came about",
                       (long long)c->flights);
    return status;
}

sl_status sl_cmd_serve(const char *path, int argc, char **argv) {
    choice c = {.episodes = EPISODES, .seed = -1};
    const sl_option options[] = {
        {"flights", SL_OPTION_INT, "N", "how many; for ever without it", &c.flights, 1, 1000000000},
        {"episodes", SL_OPTION_INT, "E", "of each (100)", &c.episodes, 1, 1000000},
        {"seed", SL_OPTION_INT, "S", "of the first, S + 1 of the second (eval.seed)", &c.seed, 0, 4503599627370496.0},
        {"announce", SL_OPTION_SWITCH, NULL, "tell of it on this network, by mDNS", &c.members.announces, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object a line, one a flight", &c.json, 0, 0},
        SL_MEMBER_OPTIONS(&c.members),
    };
    static const char text[] =
        "Keeps a coordinator up for flight after flight, of the agents that are there; they stay between flights. "
        "SIGTERM or Ctrl-C ends it in order.";
    sl_usage usage = {path, "RUN|MODELS", text, 1, 1, 5 + SL_MEMBER_N_OPTIONS, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_run *run = NULL;
    SL_TRY(sl_run_open(args.v[0], &run));
    if (c.seed < 0) c.seed = (int64_t)run->experiment->eval.seed;
    sl_status status = sl_members_settle(&c.members, &run->experiment->fleet, run->spec->n_agents);
    if (status == SL_OK) status = sl_run_load_policies(run, true, true);
    if (status == SL_OK) status = serve(run, &args, &c);
    sl_run_close(&run);
    return status;
}
