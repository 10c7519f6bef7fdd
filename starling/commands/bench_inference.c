/* bench_inference.c - starling bench inference: each agent program measures itself; the table stands here. */
#include "starling/commands/command.h"
#include "starling/report/table.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/spawn.h"

#include "common/agent_size.h"

#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>

// runs one program to its end and takes the JSON object that it prints last
static sl_status measure(const char *program, char *seconds, json_t **out) {
    char path[SL_PATH_BYTES];
    static sl_process process;
    SL_TRY(sl_program_find(program, path));
    char *argv[] = {path, (char[]){"--bench"}, seconds, (char[]){"--log-level"}, (char[]){"warn"}, NULL};
    SL_TRY(sl_process_start(path, argv, &process));
    json_t *result = NULL;
    bool ended = false;
    while (!ended) {
        const char *line = sl_process_read_line(&process, &ended);
        json_error_t error;
        if (line) {
            json_decref(result);
            result = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        } else if (!ended) {
            struct pollfd fd = {.fd = process.out, .events = POLLIN};
            (void)poll(&fd, 1, -1);
        }
    }
    int status = sl_process_wait(&process);
    double ns = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !sl_json_find_number(result, "ns_per_decision", &ns)) {
        json_decref(result);
        return sl_fail(SL_IO, "its own message is above", "%s did not measure itself", program);
    }
    *out = result;
    return SL_OK;
}

static sl_status print_table(const json_t *results) {
    const char *const titles[] = {"agent", "cell", "ns/decision", "best batch"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(4, 2, titles, &table));
    sl_status status = SL_OK;
    for (size_t i = 0; i < json_array_size(results) && status == SL_OK; i++) {
        const json_t *r = json_array_get(results, i);
        const char *cell = json_string_value(json_object_get(r, "cell"));
        double hidden = 0, ns = 0, best = 0;
        status = sl_table_add_row(table);
        if (status != SL_OK) break;
        if (sl_json_find_number(r, "hidden", &hidden)) sl_table_set(table, 0, "starling-agent-%.0f", hidden);
        if (cell) sl_table_set(table, 1, "%s", cell);
        if (sl_json_find_number(r, "ns_per_decision", &ns)) sl_table_set(table, 2, "%.0f", ns);
        if (sl_json_find_number(r, "best_ns_per_decision", &best)) sl_table_set(table, 3, "%.0f", best);
    }
    if (status == SL_OK) sl_table_print(table, stdout);
    sl_table_destroy(&table);
    return status;
}

sl_status sl_cmd_bench_inference(const char *path, int argc, char **argv) {
    double seconds = 1;
    bool json = false, failed = false;
    const sl_option options[] = {
        {"seconds", SL_OPTION_REAL, "S", "how long for each size (1)", &seconds, 0.01, 600},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    static const char text[] = "Measures one decision of each agent program: GRU, 18 features, 5 actions.";
    sl_usage usage = {path, "", text, 0, 0, 2, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    char duration[32], program[64];
    (void)snprintf(duration, sizeof duration, "%.3f", seconds);
    json_t *results = json_array();
    sl_status status = SL_OK;
    for (int i = 0; i < sl_agent_n_sizes() && status == SL_OK; i++) {
        json_t *result = NULL;
        (void)snprintf(program, sizeof program, "starling-agent-%d", sl_agent_size(i));
        status = measure(program, duration, &result);
        if (status == SL_OK && json_array_append_new(results, result) != 0) failed = true;
    }
    if (status == SL_OK && json) {
        json_t *object = json_object();
        sl_json_set(object, "agents", results, &failed);
        return sl_json_print(object, failed);
    }
    if (status == SL_OK) status = print_table(results);
    json_decref(results);
    return status;
}
