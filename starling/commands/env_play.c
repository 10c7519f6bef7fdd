/* env_play.c - starling env play: episodes of one copy in this process, counted, watched, recorded; or a
 * recording shown. */
#include "starling/commands/command.h"
#include "starling/report/statistics.h"
#include "starling/run/interrupt.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/view/player.h"
#include "starling/view/show.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "envs/recording/recording.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EPISODES = 20, MAX_EPISODES = 1000000 };

typedef struct choice {
    const char *env, *policy, *opponent, *record, *replay;
    sl_text_list switches;
    int64_t n_agents, n_episodes, seed;
    double speed;
    bool watch, json;
} choice;

/* What was played. */
typedef struct tally {
    double *returns, *lengths; /* (n) */
    int n, n_won;
    double seconds, n_steps;
} tally;

// -------------------------------------------------------------------------------------------------------- playing

static sl_status play_episode(sl_player *player, sl_show *show, int64_t episode, tally *out) {
    const sl_player_state *state = sl_player_get_state(player);
    SL_TRY(sl_player_begin(player, episode));
    if (show) SL_TRY(sl_show_state(show, state));
    while (!state->terminated && !state->truncated) {
        SL_TRY(sl_interrupt_check());
        SL_TRY(sl_player_step(player));
        if (show) SL_TRY(sl_show_state(show, state));
    }
    out->returns[out->n] = state->total;
    out->lengths[out->n++] = (double)state->step;
    out->n_steps += (double)state->step;
    out->n_won += state->won;
    return SL_OK;
}

static sl_status play_all(const choice *c, sl_player *player, tally *out) {
    sl_show *show = NULL;
    if (c->watch) SL_TRY(sl_show_open(sl_player_env(player), c->speed, c->n_episodes, &show));
    double begin = sl_clock_seconds();
    sl_status status = SL_OK;
    for (int64_t e = 0; e < c->n_episodes && status == SL_OK; e++) status = play_episode(player, show, e, out);
    out->seconds = sl_clock_seconds() - begin;
    sl_show_close(&show);
    return status;
}

static double standard_error(int n, const double *x) {
    return sl_sd(n, x) / sqrt(n);
}

static sl_status print_json(const choice *c, const sl_env_spec *spec, const tally *t) {
    bool failed = false;
    json_t *object = json_object();
    sl_json_set(object, "env", json_string(spec->name), &failed);
    if (spec->opposed) sl_json_set(object, "opposed_sides", json_true(), &failed);
    SL_JSON_SET(object, &failed, {"policy", json_string(c->policy)}, {"seed", sl_json_seed((uint64_t)c->seed)},
                {"episodes", json_integer(t->n)}, {"return_mean", sl_json_number(sl_mean(t->n, t->returns))},
                {"return_sd", sl_json_number(sl_sd(t->n, t->returns))},
                {"return_se", sl_json_number(standard_error(t->n, t->returns))},
                {"length_mean", sl_json_number(sl_mean(t->n, t->lengths))},
                {"length_se", sl_json_number(standard_error(t->n, t->lengths))});
    if (spec->can_win) {
        double rate = (double)t->n_won / t->n;
        SL_JSON_SET(object, &failed, {"wins", json_integer(t->n_won)}, {"win_rate", sl_json_number(rate)},
                    {"win_rate_se", sl_json_number(t->n > 1 ? sqrt(rate * (1 - rate) / t->n) : NAN)});
    }
    sl_json_set(object, "timing",
                json_pack("{s:o,s:o}", "seconds", sl_json_number(t->seconds), "steps_per_second",
                          sl_json_number(t->n_steps / t->seconds)),
                &failed);
    return sl_json_print(object, failed);
}

static sl_status print_tally(const choice *c, const sl_env_spec *spec, const tally *t) {
    if (c->json) return print_json(c, spec, t);
    char text[128], won[32] = "";
    double total = sl_mean(t->n, t->returns), steps = sl_mean(t->n, t->lengths);
    if (t->n > 1)
        (void)snprintf(text, sizeof text,
                       "return %.3f \u00b1 %.3f, %.1f \u00b1 %.1f steps (mean \u00b1 standard error, ", total,
                       standard_error(t->n, t->returns), steps, standard_error(t->n, t->lengths));
    else
        (void)snprintf(text, sizeof text, "return %.3f, %.0f steps (", total, steps);
    if (spec->can_win) (void)snprintf(won, sizeof won, ", %d won", t->n_won);
    sl_print_wrapped(stdout, 2, "%s on %s: %s%d episode%s, seed %lld)%s\n", c->policy, spec->name, text, t->n,
                     t->n == 1 ? "" : "s", (long long)c->seed, won);
    if (spec->opposed) sl_print_sides(spec->name);
    return SL_OK;
}

// the first failure is the one to tell
static sl_status end_play(sl_player **player, sl_status status) {
    sl_error first;
    if (status == SL_OK) return sl_player_close(player);
    sl_error_save(&first);
    if (sl_player_close(player) != SL_OK) SL_DEBUGF("%s", sl_error_what());
    sl_error_restore(&first);
    return status;
}

static sl_status play(const choice *c) {
    sl_player_def def = {.env = c->env,
                         .policy = c->policy,
                         .switches = &c->switches,
                         .n_agents = (int)c->n_agents,
                         .opponent = c->opponent,
                         .seed = (uint64_t)c->seed,
                         .record = c->record};
    sl_player *player = NULL;
    SL_TRY(sl_player_open(&def, &player));
    tally t = {.returns = sl_alloc_array((size_t)c->n_episodes, sizeof(double)),
               .lengths = sl_alloc_array((size_t)c->n_episodes, sizeof(double))};
    sl_status status = t.returns && t.lengths
                           ? play_all(c, player, &t)
                           : sl_fail(SL_MEMORY, NULL, "no memory for %lld episodes", (long long)c->n_episodes);
    sl_env_spec spec = *sl_env_get_spec(sl_player_env(player));
    // an interrupted recording is whole up to there
    status = end_play(&player, status);
    if (status == SL_OK) status = print_tally(c, &spec, &t);
    sl_free(t.returns);
    sl_free(t.lengths);
    return status;
}

// ------------------------------------------------------------------------------------------------------ replaying

static void take_event(const sl_recording_event *event, sl_player_state *state) {
    if (event->kind == SL_RECORDING_RESET) {
        *state = (sl_player_state){.episode = state->episode + 1};
        return;
    }
    state->step++;
    state->reward = event->reward;
    state->total += event->reward;
    state->actions = event->actions;
    state->terminated = event->terminated;
    state->truncated = event->truncated;
    state->won = event->won;
}

static sl_status show_recording(const choice *c, sl_recording *recording, int64_t *n_episodes) {
    sl_recording_event event = {.kind = SL_RECORDING_RESET};
    sl_player_state state = {.episode = -1};
    sl_show *show = NULL;
    if (!c->json) SL_TRY(sl_show_open(sl_recording_env(recording), c->speed, 0, &show));
    sl_status status = SL_OK;
    while (status == SL_OK) {
        status = sl_recording_next(recording, &event);
        if (status == SL_OK) status = sl_interrupt_check();
        if (status != SL_OK || event.kind == SL_RECORDING_END) break;
        take_event(&event, &state);
        if (show) status = sl_show_state(show, &state);
    }
    sl_show_close(&show);
    *n_episodes = state.episode + 1;
    return status;
}

static sl_status print_replay(const choice *c, const sl_recording_result *r, int64_t n_episodes) {
    if (!c->json) {
        sl_print_wrapped(stdout, 2, "%s: %lld episode%s, %ld steps of %s; %ld differ from the recording\n", c->replay,
                         (long long)n_episodes, n_episodes == 1 ? "" : "s", r->steps, r->env, r->mismatched_steps);
        return SL_OK;
    }
    bool failed = false;
    json_t *object = json_object();
    SL_JSON_SET(object, &failed, {"file", json_string(c->replay)}, {"env", json_string(r->env)},
                {"episodes", json_integer(n_episodes)}, {"steps", json_integer(r->steps)},
                {"mismatched_steps", json_integer(r->mismatched_steps)});
    return sl_json_print(object, failed);
}

static sl_status replay(const choice *c) {
    sl_recording *recording = NULL;
    sl_recording_result result;
    int64_t n_episodes = 0;
    SL_TRY(sl_recording_open(c->replay, &recording));
    const char *name = sl_env_get_spec(sl_recording_env(recording))->name;
    sl_status status = SL_OK;
    // the name may go on with its options
    size_t len = strcspn(name, "[");
    if (c->env && (strlen(c->env) != len || strncmp(c->env, name, len) != 0))
        status = sl_fail(SL_MISMATCH, "leave the environment out", "'%s' is a recording of %s, not of %s", c->replay,
                         name, c->env);
    if (status == SL_OK) status = show_recording(c, recording, &n_episodes);
    if (status == SL_OK) sl_recording_get_result(recording, &result);
    sl_recording_close(&recording);
    return status == SL_OK ? print_replay(c, &result, n_episodes) : status;
}

// ------------------------------------------------------------------------------------------------------- command

static sl_status check_choice(const choice *c) {
    if (!c->env && !c->replay) return sl_fail(SL_USAGE, "`starling env list` shows them", "needs NAME");
    if (c->replay && (c->record || c->policy || c->opponent || c->switches.n || c->n_agents || c->n_episodes))
        return sl_fail(SL_USAGE, "a recording brings its own environment, actions and length",
                       "--replay takes --speed and --json only");
    if (!c->replay && !c->policy)
        return sl_fail(SL_USAGE, "random, nearest, heuristic, a teacher.safetensors, or a run or model folder",
                       "needs --policy");
    if (c->watch && c->json)
        return sl_fail(SL_USAGE, "leave one of them out", "--watch and --json both write to stdout");
    if (c->speed > 0 && !c->watch && !c->replay)
        return sl_fail(SL_USAGE, "add --watch, or leave it out", "--speed is for --watch and --replay");
    return SL_OK;
}

sl_status sl_cmd_env_play(const char *path, int argc, char **argv) {
    choice c = {.seed = 1};
    const sl_option options[] = {
        {"policy", SL_OPTION_TEXT, "P", "random, nearest, heuristic, a policy file or a folder", &c.policy, 0, 0},
        {"switch", SL_OPTION_LIST, "NAME", "full, hold, ...: as in the brackets of a name", &c.switches, 0, 0},
        {"opponent", SL_OPTION_TEXT, "WHO", "who commands the enemies: reference, hold, FILE", &c.opponent, 0, 0},
        {"agents", SL_OPTION_INT, "N", "number of agents, where it can be chosen", &c.n_agents, 1, SL_MAX_AGENTS},
        {"episodes", SL_OPTION_INT, "N", "how many (20; 1 with --watch)", &c.n_episodes, 1, MAX_EPISODES},
        {"seed", SL_OPTION_INT, "N", "of the episodes (1)", &c.seed, 0, 9007199254740992.0},
        {"watch", SL_OPTION_SWITCH, NULL, "show them in the terminal", &c.watch, 0, 0},
        {"speed", SL_OPTION_REAL, "X", "1 (the default): the environment's own time", &c.speed, 0.1, 1000},
        {"record", SL_OPTION_TEXT, "FILE", "write them as .jsonl or .jsonl.gz", &c.record, 0, 0},
        {"replay", SL_OPTION_TEXT, "FILE", "show a recording instead", &c.replay, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &c.json, 0, 0},
    };
    static const char text[] =
        "Plays episodes in this process and prints the mean return; with --watch in the terminal.";
    sl_usage usage = {path, "NAME", text, 0, 1, sizeof options / sizeof options[0], options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    if (args.n > 0) c.env = args.v[0];
    SL_TRY(check_choice(&c));
    if (c.speed <= 0) c.speed = 1;
    if (c.n_episodes == 0) c.n_episodes = c.watch ? 1 : EPISODES;
    sl_interrupt_watch();
    return c.replay ? replay(&c) : play(&c);
}
