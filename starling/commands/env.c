/* env.c - starling env list | info | check. */
#include "starling/commands/command.h"
#include "starling/commands/env_flags.h"
#include "starling/report/table.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "envs/env.h"
#include "envs/recording/recording.h"

#include <stdio.h>

static json_t *json_of_agent(const sl_agent_spec *agent) {
    json_t *blocks = json_array();
    for (int b = 0; b < agent->n_blocks; b++) {
        const sl_block *block = &agent->blocks[b];
        (void)json_array_append_new(blocks,
                                    json_pack("{s:s,s:i,s:i,s:i,s:b}", "name", block->name, "begin", block->begin,
                                              "len", block->len, "entry", block->entry, "told", block->is_told));
    }
    return json_pack("{s:s,s:s,s:i,s:i,s:o}", "name", agent->name, "role", agent->role, "obs_dim", agent->obs_dim,
                     "n_actions", agent->n_actions, "blocks", blocks);
}

static sl_status print_list(bool json) {
    int n = sl_env_n_names();
    if (!json) {
        // one a line, for scripts too: the summaries are short enough, as a test says
        for (int i = 0; i < n; i++) printf("%-30s %s\n", sl_env_name(i), sl_env_summary(i));
        return SL_OK;
    }
    bool failed = false;
    json_t *object = json_object(), *list = json_array();
    for (int i = 0; i < n; i++) {
        json_t *entry = json_pack("{s:s,s:s}", "name", sl_env_name(i), "summary", sl_env_summary(i));
        if (json_array_append_new(list, entry) != 0) failed = true;
    }
    sl_json_set(object, "environments", list, &failed);
    return sl_json_print(object, failed);
}

sl_status sl_cmd_env_list(const char *path, int argc, char **argv) {
    bool json = false;
    const sl_option options[] = {{"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0}};
    sl_usage usage = {path, "", "Lists the environments, one a line.", 0, 0, 1, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    return args.done ? SL_OK : print_list(json);
}

static sl_status print_info_json(const sl_env_spec *spec) {
    bool failed = false;
    json_t *agents = json_array();
    for (int i = 0; i < spec->n_agents; i++) {
        if (json_array_append_new(agents, json_of_agent(&spec->agents[i])) != 0) failed = true;
    }
    json_t *object =
        json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:b,s:b,s:b,s:b,s:o}", "env", spec->name, "n_agents", spec->n_agents,
                  "obs_dim", spec->obs_dim, "n_actions", spec->n_actions, "state_dim", spec->state_dim, "max_steps",
                  spec->max_steps, "continuous", spec->continuous, "masks_actions", spec->masks_actions, "heuristic",
                  spec->has_heuristic, "mortal", spec->mortal, "agents", agents);
    return sl_json_print(object, failed);
}

static void print_blocks(const sl_agent_spec *agent) {
    char line[SL_MAX_BLOCKS * (SL_NAME_SIZE + 48)] = "";
    size_t n = 0;
    for (int b = 0; b < agent->n_blocks && n < sizeof line; b++) {
        const sl_block *block = &agent->blocks[b];
        n += (size_t)snprintf(line + n, sizeof line - n, " %s[%d:%d]", block->name, block->begin,
                              block->begin + block->len);
        if (n >= sizeof line) break;
        if (block->entry)
            n += (size_t)snprintf(line + n, sizeof line - n, " (%d each%s)", block->entry,
                                  block->is_told ? ", told" : "");
        else if (block->is_told)
            n += (size_t)snprintf(line + n, sizeof line - n, " (told)");
    }
    sl_print_wrapped(stdout, 4, "  %s:%s\n", agent->name, line);
}

static sl_status print_info_table(const sl_env_spec *spec) {
    sl_print_wrapped(stdout, 2, "%s: %d agent%s, %d steps, %s actions, state of %d numbers%s%s%s%s\n\n", spec->name,
                     spec->n_agents, spec->n_agents == 1 ? "" : "s", spec->max_steps,
                     spec->continuous ? "continuous" : "discrete", spec->state_dim,
                     spec->masks_actions ? ", legal-action masks" : "", spec->has_heuristic ? ", a heuristic" : "",
                     spec->opposed ? ", opposed sides" : "", spec->mortal ? ", agents can die" : "");
    sl_table *table = NULL;
    SL_TRY(sl_table_create(4, 2, (const char *const[]){"agent", "role", "actions", "observation"}, &table));
    sl_status status = SL_OK;
    for (int i = 0; i < spec->n_agents && status == SL_OK; i++) {
        const sl_agent_spec *agent = &spec->agents[i];
        status = sl_table_add_row(table);
        if (status != SL_OK) break;
        sl_table_set(table, 0, "%s", agent->name);
        sl_table_set(table, 1, "%s", agent->role);
        sl_table_set(table, 2, "%d", agent->n_actions);
        sl_table_set(table, 3, "%d", agent->obs_dim);
    }
    if (status == SL_OK) {
        sl_table_print(table, stdout);
        printf("\nobservation blocks:\n");
        for (int i = 0; i < spec->n_agents; i++) print_blocks(&spec->agents[i]);
    }
    sl_table_destroy(&table);
    return status;
}

sl_status sl_cmd_env_info(const char *path, int argc, char **argv) {
    bool json = false;
    sl_env_flags flags;
    sl_option options[SL_OPTIONS_MAX];
    int n = sl_env_flags_list(&flags, 2, (const sl_env_kind[]){SL_ENV_INT, SL_ENV_BOOL}, 0, options);
    options[n++] = (sl_option){"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0};
    static const char text[] = "Shows agents, observation blocks and actions of an environment.";
    sl_usage usage = {path, "NAME", text, 1, 1, n, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_rng stream = sl_rng_seed(0);
    sl_env *env = NULL;
    sl_status status = sl_env_flags_take(&flags, args.v[0]);
    if (status == SL_OK) status = sl_env_create(args.v[0], &flags.options, 1, &stream, &env);
    if (status == SL_OK)
        status = json ? print_info_json(sl_env_get_spec(env)) : print_info_table(sl_env_get_spec(env));
    sl_env_destroy(&env);
    sl_env_flags_fini(&flags);
    return status;
}

static sl_status check_file(const char *file, bool *within) {
    sl_recording_result r;
    SL_TRY(sl_recording_check(file, &r));
    *within = r.within_tolerance;
    bool failed = false;
    json_t *object = json_object();
    SL_JSON_SET(object, &failed, {"file", json_string(file)}, {"env", json_string(r.env)},
                {"steps", json_integer(r.steps)}, {"max_abs_obs", sl_json_number(r.max_abs_obs)},
                {"max_abs_state", sl_json_number(r.max_abs_state)},
                {"max_abs_reward", sl_json_number(r.max_abs_reward)},
                {"mismatched_steps", json_integer(r.mismatched_steps)}, {"flags_equal", json_boolean(r.flags_equal)});
    if (r.has_units) sl_json_set(object, "max_abs_units", sl_json_number(r.max_abs_units), &failed);
    return sl_json_print(object, failed);
}

sl_status sl_cmd_env_check(const char *path, int argc, char **argv) {
    enum { MAX_FILES = 10000 };
    // the output is JSON with and without it: the flag is there so that every command takes it
    bool json = false;
    const sl_option options[] = {{"json", SL_OPTION_SWITCH, NULL, "as without: one JSON object a file", &json, 0, 0}};
    static const char text[] =
        "Replays recorded trajectories (JSON lines, plain or .gz) and prints one JSON object a file: steps, the "
        "largest differences, steps beyond the tolerance. Exits with 10 when a file is.";
    sl_usage usage = {path, "FILE...", text, 1, MAX_FILES, 1, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    int beyond = 0;
    const char *first = NULL;
    for (int i = 0; i < args.n; i++) {
        bool within = false;
        SL_TRY(check_file(args.v[i], &within));
        if (within) continue;
        if (beyond++ == 0) first = args.v[i];
    }
    if (beyond == 0) return SL_OK;
    return sl_fail(SL_CHECK, NULL, "%d of %d files are beyond the tolerance, '%s' first", beyond, args.n, first);
}
