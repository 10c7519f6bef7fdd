/* env_curve.c - see env_curve.h. */
#include "starling/commands/env_curve.h"

#include "starling/report/table.h"
#include "starling/run/output.h"

#include "envs/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 1024, MAX_VALUE = 1 << 20 };
static const char HINT[] = "envs=1,2,4,1024 or agents=2..64";

typedef struct point {
    int value, n_agents;
    double steps_per_second, cpu_ns; /* cpu_ns: of an agent's step; the best of all rounds */
    double n_bytes;
} point;

typedef struct points {
    char name[32];               /* of the option, as the command line calls it */
    const sl_env_option *option; /* NULL: the number of copies */
    int n;
    point at[MAX_POINTS];
} points;

static sl_status refuse(const char *text) {
    return sl_fail(SL_USAGE, HINT, "--curve cannot be '%.60s'", text);
}

// an option of environments that is a whole number and has a switch of its own
static const sl_env_option *find_option(const char *flag) {
    for (int k = 0; k < sl_env_n_options(); k++) {
        const sl_env_option *option = sl_env_option_at(k);
        if (option->kind == SL_ENV_INT && option->flag && strcmp(option->flag, flag) == 0) return option;
    }
    return NULL;
}

// the number at *text, which moves behind it; 0: there is none
static int read_value(const char **text) {
    char *end;
    long value = strtol(*text, &end, 10);
    if (end == *text || value < 1 || value > MAX_VALUE) return 0;
    *text = end;
    return (int)value;
}

// "2..64" or "1,2,4" or both, "1..8,16"
static sl_status read_values(const char *text, const char *whole, points *p) {
    for (;;) {
        int first = read_value(&text), last = first;
        if (first && strncmp(text, "..", 2) == 0) {
            text += 2;
            last = read_value(&text);
        }
        if (!first || last < first || last - first >= MAX_POINTS - p->n) return refuse(whole);
        for (int value = first; value <= last; value++) p->at[p->n++].value = value;
        if (*text == '\0') return SL_OK;
        if (*text++ != ',') return refuse(whole);
    }
}

static sl_status read_curve(const char *text, points *p) {
    size_t n = strcspn(text, "=");
    if (text[n] != '=' || n >= sizeof p->name) return refuse(text);
    memcpy(p->name, text, n);
    p->option = find_option(p->name);
    if (!p->option && strcmp(p->name, "envs") != 0) return refuse(text);
    return read_values(text + n + 1, text, p);
}

static sl_status measure(const sl_env_curve *c, const points *p, point *at) {
    sl_env_bench_result r;
    int V = p->option ? c->V : at->value;
    if (p->option) sl_env_at(c->options, p->option->name)->whole = at->value;
    SL_TRY(sl_env_bench(c->env, c->options, V, c->threads, c->seconds, &r));
    double cpu_ns = r.cpu_seconds * 1e9 / (double)r.env_steps;
    bool first = at->n_agents == 0;
    at->n_agents = (int)lround(r.agent_steps_per_second / r.env_steps_per_second);
    cpu_ns /= at->n_agents;
    if (first) at->n_bytes = r.n_bytes;
    if (first || cpu_ns < at->cpu_ns) at->cpu_ns = cpu_ns;
    if (r.env_steps_per_second > at->steps_per_second) at->steps_per_second = r.env_steps_per_second;
    return SL_OK;
}

static sl_status print_table(const sl_env_curve *c, const points *p) {
    const char *const titles[] = {p->name, "env-steps/s", "agent-steps/s", "CPU ns/agent-step", "MB"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(5, 0, titles, &table));
    sl_status status = SL_OK;
    for (int k = 0; k < p->n && status == SL_OK; k++) {
        const point *at = &p->at[k];
        status = sl_table_add_row(table);
        if (status != SL_OK) break;
        sl_table_set(table, 0, "%d", at->value);
        sl_table_set(table, 1, "%.0f", at->steps_per_second);
        sl_table_set(table, 2, "%.0f", at->steps_per_second * at->n_agents);
        sl_table_set(table, 3, "%.1f", at->cpu_ns);
        if (isfinite(at->n_bytes)) sl_table_set(table, 4, "%.1f", at->n_bytes / 1e6);
    }
    if (status == SL_OK) {
        sl_print_wrapped(stdout, 2, "%s: best of %d rounds of %g s, %d thread%s\n\n", c->env, c->n_rounds, c->seconds,
                         c->threads, c->threads == 1 ? "" : "s");
        sl_table_print(table, stdout);
    }
    sl_table_destroy(&table);
    return status;
}

static sl_status print_json(const sl_env_curve *c, const points *p) {
    bool failed = false;
    json_t *object = json_object(), *rows = json_array();
    for (int k = 0; k < p->n; k++) {
        const point *at = &p->at[k];
        json_t *row = json_object();
        SL_JSON_SET(row, &failed, {p->name, json_integer(at->value)},
                    {"env_steps_per_second", sl_json_number(at->steps_per_second)},
                    {"agent_steps_per_second", sl_json_number(at->steps_per_second * at->n_agents)},
                    {"cpu_ns_per_agent_step", sl_json_number(at->cpu_ns)}, {"bytes", sl_json_number(at->n_bytes)});
        failed |= json_array_append_new(rows, row) != 0;
    }
    SL_JSON_SET(object, &failed, {"env", json_string(c->env)}, {"curve", json_string(p->name)},
                {"envs", p->option ? json_integer(c->V) : json_null()}, {"threads", json_integer(c->threads)},
                {"rounds", json_integer(c->n_rounds)}, {"seconds", sl_json_number(c->seconds)}, {"rows", rows});
    return sl_json_print(object, failed);
}

sl_status sl_env_curve_run(const sl_env_curve *c) {
    static points p;
    SL_TRY(read_curve(c->text, &p));
    // round by round, so that a busy minute of the machine does not make a step in the curve
    for (int round = 0; round < c->n_rounds; round++) {
        for (int k = 0; k < p.n; k++) SL_TRY(measure(c, &p, &p.at[k]));
    }
    return c->json ? print_json(c, &p) : print_table(c, &p);
}
