/* rounds_print.c - see rounds_print.h. */
#include "starling/commands/rounds_print.h"

#include "starling/report/table.h"
#include "starling/run/output.h"

#include <stdio.h>

/* What a decision of a fleet costs: FLOPs on average over its agents, bytes of all policies together. */
typedef struct cost {
    double flops;
    int64_t n_bytes;
} cost;

static cost cost_of(const sl_run *run) {
    cost sum = {0};
    for (int i = 0; i < run->n_students; i++) {
        sum.flops += run->students[i].profile.flops / run->n_students;
        sum.n_bytes += run->students[i].profile.n_bytes;
    }
    return sum;
}

// "16", "16,16,32", or "16 + keys"
static void name_fleet(const sl_rounds *r, int f, char text[SL_TABLE_CELL]) {
    const sl_run *run = r->fleets[f];
    size_t n = 0;
    bool same = true;
    for (int i = 1; i < run->n_students; i++) same &= run->students[i].def.hidden == run->students[0].def.hidden;
    for (int i = 0; i < (same ? 1 : run->n_students) && n < SL_TABLE_CELL; i++) {
        n += (size_t)snprintf(text + n, SL_TABLE_CELL - n, "%s%d", i ? "," : "", run->students[i].def.hidden);
    }
    if (r->keys[f] && n < SL_TABLE_CELL) (void)snprintf(text + n, SL_TABLE_CELL - n, " + keys");
}

static sl_status add_fleet(const sl_rounds *r, int f, sl_table *table) {
    char name[SL_TABLE_CELL];
    cost c = cost_of(r->fleets[f]);
    name_fleet(r, f, name);
    SL_TRY(sl_table_add_row(table));
    sl_table_set(table, 0, "%.80s", name);
    sl_table_set(table, 1, "%.4f", sl_rounds_mean(r, f, SL_PACE_MS_P50));
    sl_table_set(table, 2, "%.4f", sl_rounds_median(r, f, SL_PACE_MS_P50));
    sl_table_set(table, 3, "%.4f", sl_rounds_median(r, f, SL_PACE_MS_P99));
    sl_table_set(table, 4, "%.0f", sl_rounds_median(r, f, SL_PACE_STEPS));
    sl_table_set(table, 5, "%.1f", sl_rounds_median(r, f, SL_PACE_TRIP_P50));
    sl_table_set(table, 6, "%.1f", sl_rounds_median(r, f, SL_PACE_AGENT_P50));
    sl_table_set(table, 7, "%.0f", c.flops);
    sl_table_set(table, 8, "%lld", (long long)c.n_bytes);
    return SL_OK;
}

static sl_status add_barrier(const sl_rounds *r, sl_table *table) {
    SL_TRY(sl_table_add_row(table));
    sl_table_set(table, 0, "barrier");
    sl_table_set(table, 4, "%.0f", sl_rounds_median(r, SL_ROUNDS_BARRIER, SL_PACE_STEPS));
    sl_table_set(table, 5, "%.1f", sl_rounds_median(r, SL_ROUNDS_BARRIER, SL_PACE_TRIP_P50));
    return SL_OK;
}

static sl_status print_table(const sl_rounds *r) {
    const char *const titles[] = {"agents of", "ms/step",  "p50",   "p99",  "steps/s",
                                  "trip us",   "agent us", "FLOPs", "bytes"};
    const sl_env_spec *spec = r->fleets[0]->spec;
    sl_table *table = NULL;
    SL_TRY(sl_table_create(9, 1, titles, &table));
    sl_status status = SL_OK;
    for (int f = 0; f < r->n_fleets && status == SL_OK; f++) status = add_fleet(r, f, table);
    if (status == SL_OK) status = add_barrier(r, table);
    if (status == SL_OK) {
        sl_print_wrapped(
            stdout, 2,
            "%s: %d agent processes in lockstep, %d features, tcp on loopback; %d round%s of %d episodes\n\n",
            spec->name, spec->n_agents, spec->obs_dim, r->n_rounds, r->n_rounds == 1 ? "" : "s", r->n_episodes);
        sl_table_print(table, stdout);
    }
    sl_table_destroy(&table);
    return status;
}

static void print_ratios(const sl_rounds *r) {
    double ratio[3];
    char range[64];
    sl_rounds_ratio(r, SL_PACE_STEPS, 0, SL_ROUNDS_BARRIER, ratio);
    (void)snprintf(range, sizeof range, " (%.0f%% to %.0f%% over the rounds)", 100 * ratio[1], 100 * ratio[2]);
    // one round has no range
    sl_print_wrapped(stdout, 2, "\nthe fleet runs at %.0f%% of the barrier%s\n", 100 * ratio[0],
                     r->n_rounds > 1 ? range : "");
    if (r->n_fleets < 2) return;
    char name[SL_TABLE_CELL];
    name_fleet(r, 1, name);
    if (r->keys[1]) {
        sl_rounds_ratio(r, SL_PACE_STEPS, 1, 0, ratio);
        (void)snprintf(range, sizeof range, " (%.0f%% to %.0f%% over the rounds)", 100 * ratio[1], 100 * ratio[2]);
        sl_print_wrapped(stdout, 2, "with keys it makes %.0f%% of the steps a second%s\n", 100 * ratio[0],
                         r->n_rounds > 1 ? range : "");
        return;
    }
    sl_rounds_ratio(r, SL_PACE_MS_P50, 1, 0, ratio);
    (void)snprintf(range, sizeof range, " (%.3f to %.3f over the rounds)", ratio[1], ratio[2]);
    sl_print_wrapped(stdout, 2, "agents of %s take %.3f times as long a step%s and %.1f times the FLOPs\n", name,
                     ratio[0], r->n_rounds > 1 ? range : "",
                     cost_of(r->fleets[1]).flops / cost_of(r->fleets[0]).flops);
}

static json_t *json_of_ratio(const sl_rounds *r, sl_pace pace, int a, int b) {
    double ratio[3];
    sl_rounds_ratio(r, pace, a, b, ratio);
    return json_pack("{s:o,s:o,s:o}", "median", sl_json_number(ratio[0]), "min", sl_json_number(ratio[1]), "max",
                     sl_json_number(ratio[2]));
}

static json_t *json_of_fleet(const sl_rounds *r, int f, bool *failed) {
    static const char *const keys[SL_PACES] = {
        "p50_ms",       "p99_ms",      "steps_per_second", "round_trip_p50_us", "round_trip_p99_us",
        "agent_p50_us", "agent_p99_us"};
    const sl_run *run = r->fleets[f];
    cost c = cost_of(run);
    json_t *object = json_object(), *hidden = json_array(), *ms = json_array(), *steps = json_array();
    json_t *returns = json_array();
    for (int i = 0; i < run->n_students; i++)
        if (json_array_append_new(hidden, json_integer(run->students[i].def.hidden)) != 0) *failed = true;
    for (int i = 0; i < r->n_rounds; i++) {
        if (json_array_append_new(ms, sl_json_number(r->paces[f][SL_PACE_MS_P50][i])) != 0) *failed = true;
        if (json_array_append_new(steps, json_integer((json_int_t)r->n_steps[f][i])) != 0) *failed = true;
        if (json_array_append_new(returns, sl_json_number(r->returns[f][i])) != 0) *failed = true;
    }
    SL_JSON_SET(object, failed, {"hidden", hidden}, {"keys", json_boolean(r->keys[f] != NULL)},
                {"ms_per_step", sl_json_number(sl_rounds_mean(r, f, SL_PACE_MS_P50))});
    for (int p = 0; p < SL_PACES; p++)
        sl_json_set(object, keys[p], sl_json_number(sl_rounds_median(r, f, (sl_pace)p)), failed);
    SL_JSON_SET(object, failed, {"flops_per_decision", sl_json_number(c.flops)},
                {"bytes", json_integer((json_int_t)c.n_bytes)}, {"rounds_ms", ms}, {"rounds_steps", steps},
                {"rounds_return", returns});
    return object;
}

static json_t *json_of(const sl_rounds *r, bool *failed) {
    const sl_env_spec *spec = r->fleets[0]->spec;
    json_t *object = json_object(), *fleets = json_array(), *barrier = json_object();
    for (int f = 0; f < r->n_fleets; f++)
        if (json_array_append_new(fleets, json_of_fleet(r, f, failed)) != 0) *failed = true;
    double steps = sl_rounds_median(r, SL_ROUNDS_BARRIER, SL_PACE_STEPS);
    double p50 = sl_rounds_median(r, SL_ROUNDS_BARRIER, SL_PACE_TRIP_P50);
    double p99 = sl_rounds_median(r, SL_ROUNDS_BARRIER, SL_PACE_TRIP_P99);
    SL_JSON_SET(barrier, failed, {"steps_per_second", sl_json_number(steps)},
                {"round_trip_p50_us", sl_json_number(p50)}, {"round_trip_p99_us", sl_json_number(p99)},
                {"obs_bytes", json_integer((json_int_t)r->obs_bytes)},
                {"action_bytes", json_integer((json_int_t)r->action_bytes)});
    SL_JSON_SET(object, failed, {"env", json_string(spec->name)}, {"n_agents", json_integer(spec->n_agents)},
                {"obs_dim", json_integer(spec->obs_dim)}, {"rounds", json_integer(r->n_rounds)},
                {"episodes", json_integer(r->n_episodes)}, {"fleets", fleets}, {"barrier", barrier},
                {"of_barrier", json_of_ratio(r, SL_PACE_STEPS, 0, SL_ROUNDS_BARRIER)});
    if (r->n_fleets > 1) sl_json_set(object, "ms_ratio", json_of_ratio(r, SL_PACE_MS_P50, 1, 0), failed);
    if (r->keys[1]) sl_json_set(object, "keys_of_plain", json_of_ratio(r, SL_PACE_STEPS, 1, 0), failed);
    return object;
}

static sl_status print_json(int n, const sl_rounds *const *rounds) {
    bool failed = false;
    if (n == 1) {
        json_t *only = json_of(rounds[0], &failed);
        return sl_json_print(only, failed);
    }
    json_t *object = json_object(), *counts = json_array();
    for (int i = 0; i < n; i++)
        if (json_array_append_new(counts, json_of(rounds[i], &failed)) != 0) failed = true;
    sl_json_set(object, "counts", counts, &failed);
    return sl_json_print(object, failed);
}

// ------------------------------------------------------------------------------------- several numbers of agents

static sl_status add_count(const sl_rounds *r, int f, sl_table *table) {
    char name[SL_TABLE_CELL];
    double ratio[3];
    name_fleet(r, f, name);
    sl_rounds_ratio(r, SL_PACE_STEPS, f, SL_ROUNDS_BARRIER, ratio);
    SL_TRY(sl_table_add_row(table));
    sl_table_set(table, 0, "%.80s", name);
    sl_table_set(table, 1, "%d", r->fleets[f]->spec->n_agents);
    sl_table_set(table, 2, "%.4f", sl_rounds_median(r, f, SL_PACE_MS_P50));
    sl_table_set(table, 3, "%.4f", sl_rounds_median(r, f, SL_PACE_MS_P99));
    sl_table_set(table, 4, "%.0f", sl_rounds_median(r, f, SL_PACE_STEPS));
    sl_table_set(table, 5, "%.1f", sl_rounds_median(r, f, SL_PACE_AGENT_P50));
    sl_table_set(table, 6, "%.0f", sl_rounds_median(r, SL_ROUNDS_BARRIER, SL_PACE_STEPS));
    sl_table_set(table, 7, "%.0f%%", 100 * ratio[0]);
    sl_table_set(table, 8, "%.0f-%.0f%%", 100 * ratio[1], 100 * ratio[2]);
    return SL_OK;
}

static sl_status print_counts(int n, const sl_rounds *const *rounds) {
    const char *const titles[] = {"agents of", "agents",    "p50",   "p99",   "steps/s",
                                  "agent us",  "barrier/s", "of it", "rounds"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(9, 1, titles, &table));
    sl_status status = SL_OK;
    for (int f = 0; f < rounds[0]->n_fleets; f++)
        for (int i = 0; i < n && status == SL_OK; i++) status = add_count(rounds[i], f, table);
    if (status == SL_OK) {
        sl_print_wrapped(stdout, 2, "%s: agent processes in lockstep, tcp on loopback; %d round%s\n\n",
                         rounds[0]->fleets[0]->setup->experiment->env.name, rounds[0]->n_rounds,
                         rounds[0]->n_rounds == 1 ? "" : "s");
        sl_table_print(table, stdout);
    }
    sl_table_destroy(&table);
    return status;
}

sl_status sl_rounds_print(int n, const sl_rounds *const *rounds, bool json) {
    if (json) return print_json(n, rounds);
    if (n > 1) return print_counts(n, rounds);
    SL_TRY(print_table(rounds[0]));
    print_ratios(rounds[0]);
    return SL_OK;
}
