/* bench_inference.c - starling bench inference: each agent program measures its decisions, in turn with plain C that
 * the compiler may do what it likes with; medians over the rounds. */
#include "starling/commands/command.h"
#include "starling/report/statistics.h"
#include "starling/report/table.h"
#include "starling/run/interrupt.h"
#include "starling/run/json_program.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/run/scratch.h"

#include "common/agent_size.h"
#include "common/alloc.h"
#include "nn/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 99, OBS = 18, ACTIONS = 5 };

/* One network that is measured: what bench/plain.h says of it. */
typedef struct net {
    const char *name;
    sl_net_def def; /* without hidden */
} net;

static const net nets[] = {
    {"gru", {.in_dim = OBS, .out_dim = ACTIONS, .n_layers = 1, .cell = SL_CELL_GRU, .activation = SL_ACT_RELU}},
    {"tanh", {.in_dim = OBS, .out_dim = ACTIONS, .n_layers = 2, .cell = SL_CELL_NONE, .activation = SL_ACT_TANH}},
};
enum { N_NETS = sizeof nets / sizeof nets[0] };

/* What the rounds found of one size and network; ns a decision. */
typedef struct pair {
    double agent[ROUNDS_MAX], plain[ROUNDS_MAX], ratio[ROUNDS_MAX]; /* ratio: plain over agent */
    double best_agent, best_plain;                                  /* of all batches of all rounds */
    char rows[16];                                                  /* of plain C, in the last round */
} pair;

typedef struct bench {
    int64_t n_rounds;
    char seconds[32]; /* of one measurement */
    sl_scratch scratch;
} bench;

static sl_status measure(const char *program, char *const *flags, json_t **out) {
    char path[SL_PATH_BYTES], *argv[8] = {path};
    json_t *result = NULL;
    SL_TRY(sl_program_find(program, path));
    for (int i = 0; flags[i]; i++) argv[i + 1] = flags[i];
    SL_TRY(sl_json_program_run(path, argv, &result));
    double ns = 0;
    if (!sl_json_find_number(result, "ns_per_decision", &ns)) {
        json_decref(result);
        return sl_fail(SL_IO, "its own message is above", "%s did not measure itself", program);
    }
    *out = result;
    return SL_OK;
}

static sl_status measure_ns(const char *program, char *const *flags, double *ns, double *best, char rows[16]) {
    json_t *result = NULL;
    double fastest = 0;
    SL_TRY(measure(program, flags, &result));
    (void)sl_json_find_number(result, "ns_per_decision", ns);
    (void)sl_json_find_number(result, "best_ns_per_decision", &fastest);
    if (*best == 0 || fastest < *best) *best = fastest;
    const char *text = json_string_value(json_object_get(result, "rows"));
    if (text) (void)snprintf(rows, 16, "%s", text);
    json_decref(result);
    return SL_OK;
}

// a student that knows nothing takes as long to decide as a good one
static sl_status write_student(const net *which, int hidden, const char *path) {
    sl_rng rng = sl_rng_seed(1);
    sl_policy policy = {.def = which->def};
    policy.def.hidden = hidden;
    policy.profile = (sl_profile){.kind = "student",
                                  .env = "mpe/simple_spread_v3",
                                  .n_agents = 3,
                                  .role = "agent",
                                  .obs_dim = OBS,
                                  .mask = "none",
                                  .n_blocks = 1,
                                  .blocks = {{"all", 0, OBS}},
                                  .run = "bench inference"};
    policy.params = sl_alloc_array(sl_net_n_params(&policy.def), sizeof *policy.params);
    if (!policy.params) return sl_fail(SL_MEMORY, NULL, "no memory for a student");
    sl_net_init(&policy.def, 1.0f, &rng, policy.params);
    sl_status status = sl_policy_save(&policy, path);
    sl_free(policy.params);
    return status;
}

// one size and network, agent and plain C in turn
static sl_status compare(bench *self, const net *which, int hidden, pair *out) {
    char model[SL_RUN_PATH], program[64], size[16], rows[16];
    (void)snprintf(program, sizeof program, "starling-agent-%d", hidden);
    (void)snprintf(size, sizeof size, "%d", hidden);
    SL_TRY(sl_run_path(self->scratch.folder, "student.safetensors", model));
    SL_TRY(write_student(which, hidden, model));
    char *agent[] = {(char[]){"--bench"}, self->seconds, (char[]){"--model"}, model, NULL};
    char cell[8];
    (void)snprintf(cell, sizeof cell, "%s", which->def.cell == SL_CELL_GRU ? "gru" : "none");
    char *plain[] = {size, cell, self->seconds, NULL};
    memset(out, 0, sizeof *out);
    for (int r = 0; r < self->n_rounds; r++) {
        SL_TRY(measure_ns(program, agent, &out->agent[r], &out->best_agent, rows));
        SL_TRY(measure_ns("starling-plain-peer", plain, &out->plain[r], &out->best_plain, out->rows));
        out->ratio[r] = out->plain[r] / out->agent[r];
    }
    return SL_OK;
}

static double median(int n, const double *x) {
    double sorted[ROUNDS_MAX];
    memcpy(sorted, x, (size_t)n * sizeof *x);
    sl_sort(n, sorted);
    return n % 2 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
}

static json_t *json_of_pair(const bench *self, const net *which, int hidden, const pair *p, bool *failed) {
    char program[64];
    (void)snprintf(program, sizeof program, "starling-agent-%d", hidden);
    json_t *object = json_object();
    int n = (int)self->n_rounds;
    SL_JSON_SET(object, failed, {"program", json_string(program)}, {"hidden", json_integer(hidden)},
                {"net", json_string(which->name)}, {"layers", json_integer(which->def.n_layers)},
                {"obs", json_integer(OBS)}, {"actions", json_integer(ACTIONS)},
                {"ns_per_decision", sl_json_number(median(n, p->agent))},
                {"best_ns_per_decision", sl_json_number(p->best_agent)},
                {"plain_ns_per_decision", sl_json_number(median(n, p->plain))},
                {"plain_best_ns_per_decision", sl_json_number(p->best_plain)}, {"plain_rows", json_string(p->rows)},
                {"plain_over_agent", sl_json_number(median(n, p->ratio))});
    return object;
}

static sl_status add_row(const bench *self, const net *which, int hidden, const pair *p, sl_table *table) {
    int n = (int)self->n_rounds;
    SL_TRY(sl_table_add_row(table));
    sl_table_set(table, 0, "starling-agent-%d", hidden);
    sl_table_set(table, 1, "%s", which->name);
    sl_table_set(table, 2, "%.0f", median(n, p->agent));
    sl_table_set(table, 3, "%.0f", p->best_agent);
    sl_table_set(table, 4, "%.0f", median(n, p->plain));
    sl_table_set(table, 5, "%.0f", p->best_plain);
    sl_table_set(table, 6, "%.2f", median(n, p->ratio));
    return SL_OK;
}

static sl_status compare_all(bench *self, sl_table *table, json_t *results) {
    bool failed = false;
    static pair p;
    for (int k = 0; k < N_NETS; k++)
        for (int i = 0; i < sl_agent_n_sizes(); i++) {
            int hidden = sl_agent_size(i);
            SL_TRY(compare(self, &nets[k], hidden, &p));
            SL_TRY(add_row(self, &nets[k], hidden, &p, table));
            json_t *result = json_of_pair(self, &nets[k], hidden, &p, &failed);
            if (json_array_append_new(results, result) != 0) failed = true;
        }
    return failed ? sl_fail(SL_MEMORY, NULL, "no memory for a table") : SL_OK;
}

static sl_status run(bench *self, bool json) {
    const char *const titles[] = {"agent", "net", "ns/decision", "best", "plain C", "best", "plain/agent"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(7, 2, titles, &table));
    json_t *results = json_array();
    sl_status status = compare_all(self, table, results);
    if (status == SL_OK && json) {
        bool failed = false;
        json_t *object = json_object();
        SL_JSON_SET(object, &failed, {"rounds", json_integer(self->n_rounds)}, {"agents", json_incref(results)});
        status = sl_json_print(object, failed);
    } else if (status == SL_OK) {
        sl_table_print(table, stdout);
    }
    json_decref(results);
    sl_table_destroy(&table);
    return status;
}

sl_status sl_cmd_bench_inference(const char *path, int argc, char **argv) {
    double seconds = 1;
    bool json = false;
    bench self = {.n_rounds = 9};
    const sl_option options[] = {
        {"rounds", SL_OPTION_INT, "N", "rounds; agent and plain C run once in each (9)", &self.n_rounds, 1,
         ROUNDS_MAX},
        {"seconds", SL_OPTION_REAL, "S", "how long for each size (1)", &seconds, 0.01, 600},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    static const char text[] =
        "Measures one decision of each agent program, 18 features and 5 actions: a layer and a GRU, and two layers "
        "of tanh; in turn with the same in plain C, compiled with -O3 -ffast-math. Medians over the rounds.";
    sl_usage usage = {path, "", text, 0, 0, 3, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_interrupt_watch();
    double each = seconds / (2.0 * N_NETS * (double)self.n_rounds);
    (void)snprintf(self.seconds, sizeof self.seconds, "%.4f", each < 0.01 ? 0.01 : each);
    SL_TRY(sl_scratch_create(NULL, &self.scratch));
    sl_status status = run(&self, json);
    sl_scratch_remove(&self.scratch);
    return status;
}
