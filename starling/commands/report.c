/* report.c - starling report: tables and pictures over several runs. */
#include "starling/report/report.h"
#include "starling/commands/command.h"
#include "starling/report/groups.h"
#include "starling/report/plot.h"
#include "starling/report/scale.h"
#include "starling/report/table.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "common/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct report_options {
    bool json, csv;
    const char *plot, *stage, *column;
} report_options;

static json_t *json_of_interval(const sl_interval *i) {
    bool failed = false;
    json_t *object = json_object();
    SL_JSON_SET(object, &failed, {"mean", sl_json_number(i->mean)}, {"low", sl_json_number(i->low)},
                {"high", sl_json_number(i->high)});
    return object;
}

/* How each measure is shown: its key in JSON, its name, and in the table digits and what it is multiplied by. */
static const struct {
    const char *key, *name;
    int digits;
    double scale;
} measures[SL_MEASURES] = {
    {"return", "return", 2, 1},
    {"normalised", "normalised score", 3, 1},
    {"retention", "retention", 1, 100},
    {"win_rate", "win rate", 1, 100},
    {"return_retention", "return retention", 1, 100},
};

static json_t *json_of_group(const sl_group *g, bool *failed) {
    json_t *row = json_object();
    SL_JSON_SET(row, failed, {"experiment", json_string(g->experiment)}, {"env", json_string(g->env)});
    if (g->opposed) sl_json_set(row, "opposed_sides", json_true(), failed);
    SL_JSON_SET(row, failed, {"policy", json_string(g->policy)}, {"seeds", json_integer(g->n)});
    for (int m = 0; m < SL_MEASURES; m++) {
        if (g->has[m])
            sl_json_set(row, measures[m].key, json_of_interval(&g->measured[m]), failed);
        else if (g->why_not[m])
            sl_scale_set(row, measures[m].key, NAN, g->why_not[m], failed);
    }
    if (g->flops > 0) sl_json_set(row, "flops_per_step", sl_json_number(g->flops), failed);
    if (g->bytes > 0) sl_json_set(row, "bytes", sl_json_number(g->bytes), failed);
    return row;
}

static sl_status print_json(const sl_groups *groups) {
    bool failed = false;
    json_t *object = json_object(), *rows = json_array();
    for (int i = 0; i < groups->n; i++) {
        if (json_array_append_new(rows, json_of_group(&groups->items[i], &failed)) != 0) failed = true;
    }
    sl_json_set(object, "groups", rows, &failed);
    return sl_json_print(object, failed);
}

static void add_csv_measure(sl_csv *csv, const sl_group *g, sl_measure m) {
    sl_csv_number(csv, g->has[m] ? g->measured[m].mean : NAN);
    sl_csv_number(csv, g->has[m] ? g->measured[m].low : NAN);
    sl_csv_number(csv, g->has[m] ? g->measured[m].high : NAN);
}

static void print_csv(const sl_groups *groups) {
    printf("experiment,env,policy,seeds,return_mean,return_low,return_high,normalised_mean,normalised_low,"
           "normalised_high,retention_mean,retention_low,retention_high,win_rate_mean,win_rate_low,win_rate_high,"
           "flops_per_step,bytes,return_retention_mean,return_retention_low,return_retention_high\n");
    sl_csv csv = {.file = stdout};
    for (int i = 0; i < groups->n; i++) {
        const sl_group *g = &groups->items[i];
        sl_csv_text(&csv, g->experiment);
        sl_csv_text(&csv, g->env);
        sl_csv_text(&csv, g->policy);
        sl_csv_whole(&csv, g->n);
        for (int m = 0; m < SL_MEASURE_RETURN_RETENTION; m++) add_csv_measure(&csv, g, (sl_measure)m);
        sl_csv_number(&csv, g->flops > 0 ? g->flops : NAN);
        sl_csv_number(&csv, g->bytes > 0 ? g->bytes : NAN);
        // the last that came, behind what scripts knew already
        add_csv_measure(&csv, g, SL_MEASURE_RETURN_RETENTION);
        sl_csv_end(&csv);
    }
}

static void set_measure(sl_table *table, int column, const sl_group *g, int m) {
    int digits = measures[m].digits;
    double scale = measures[m].scale, low = scale * g->measured[m].low, high = scale * g->measured[m].high;
    if (!g->has[m]) return;
    if (isnan(low))
        sl_table_set(table, column, "%.*f", digits, scale * g->measured[m].mean);
    else
        sl_table_set(table, column, "%.*f [%.*f, %.*f]", digits, scale * g->measured[m].mean, digits, low, digits,
                     high);
}

// why cells that are there for other runs are blank, once an experiment: its policies share the teacher
static void print_notes(const sl_groups *groups) {
    for (int m = 0; m < SL_MEASURES; m++) {
        const char *said = "";
        for (int i = 0; i < groups->n; i++) {
            const sl_group *g = &groups->items[i];
            if (!g->why_not[m] || strcmp(said, g->experiment) == 0) continue;
            said = g->experiment;
            sl_print_wrapped(stdout, 2, "%s has no %s: %s\n", g->experiment, measures[m].name, g->why_not[m]);
        }
    }
    const char *said = "";
    for (int i = 0; i < groups->n; i++) {
        if (!groups->items[i].opposed || strcmp(said, groups->items[i].env) == 0) continue;
        said = groups->items[i].env;
        sl_print_sides(said);
    }
}

static sl_status print_table(const sl_groups *groups) {
    const char *const titles[] = {"experiment", "policy",      "seeds", "return [95%]",
                                  "normalised", "retention %", "won %", "return retention %",
                                  "FLOPs/step"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(9, 2, titles, &table));
    // only where there is something to win
    sl_table_hide_empty(table, 6);
    sl_table_hide_empty(table, 7);
    sl_status status = SL_OK;
    for (int i = 0; i < groups->n; i++) {
        const sl_group *g = &groups->items[i];
        status = sl_table_add_row(table);
        if (status != SL_OK) break;
        bool first = i == 0 || strcmp(g->experiment, groups->items[i - 1].experiment) != 0;
        sl_table_set(table, 0, "%s", first ? g->experiment : "");
        sl_table_set(table, 1, "%s", g->policy);
        sl_table_set(table, 2, "%d", g->n);
        for (int m = 0; m < SL_MEASURES; m++) set_measure(table, 3 + m, g, m);
        if (g->flops > 0) sl_table_set(table, 8, "%.0f", g->flops);
    }
    if (status == SL_OK) {
        sl_table_print(table, stdout);
        print_notes(groups);
    }
    sl_table_destroy(&table);
    return status;
}

static sl_status print_groups(const report_options *o, int n, json_t *const *reports) {
    sl_groups groups;
    SL_TRY(sl_groups_make(n, reports, &groups));
    sl_status status = SL_OK;
    if (o->json)
        status = print_json(&groups);
    else if (o->csv)
        print_csv(&groups);
    else
        status = print_table(&groups);
    sl_groups_fini(&groups);
    return status;
}

// it becomes part of a path
static sl_status check_stage(const char *stage) {
    if (strcmp(stage, "teacher") == 0 || strcmp(stage, "distill") == 0 || strcmp(stage, "direct") == 0) return SL_OK;
    return sl_fail(SL_USAGE, "teacher, distill or direct", "--stage cannot be '%.60s'", stage);
}

static sl_status plot(const report_options *o, const sl_args *args) {
    const char *stage = o->stage ? o->stage : "teacher", *column = o->column ? o->column : "return";
    const char *x = strcmp(stage, "distill") == 0 ? "update" : "env_steps";
    return sl_plot_curves(args->n, args->v, stage, x, column, o->plot);
}

// one result a call, and nothing that was asked for is left out in silence
static sl_status check_options(const report_options *o) {
    if (o->json + o->csv + (o->plot != NULL) > 1)
        return sl_fail(SL_USAGE, "leave all but one out", "--json, --csv and --plot are three results");
    if (!o->plot && (o->stage || o->column))
        return sl_fail(SL_USAGE, "add --plot FILE, or leave it out", "%s is for --plot",
                       o->stage ? "--stage" : "--column");
    return o->stage ? check_stage(o->stage) : SL_OK;
}

sl_status sl_cmd_report(const char *path, int argc, char **argv) {
    report_options o = {0};
    const sl_option options[] = {
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &o.json, 0, 0},
        {"csv", SL_OPTION_SWITCH, NULL, "print comma-separated values", &o.csv, 0, 0},
        {"plot", SL_OPTION_TEXT, "FILE", "draw the learning curves with gnuplot: a .png or .svg", &o.plot, 0, 0},
        {"stage", SL_OPTION_TEXT, "S", "whose curves: teacher, distill or direct (teacher)", &o.stage, 0, 0},
        {"column", SL_OPTION_TEXT, "C", "what to draw: return, won, ... of the metrics (return)", &o.column, 0, 0},
    };
    static const char text[] =
        "Groups runs by experiment and prints, for each policy, means over seeds with 95% intervals, Student's below "
        "20 seeds, else the bootstrap's. Runs that are not finished have no report and are refused.";
    sl_usage usage = {path, "RUN...", text, 1, SL_MAX_RUNS, 5, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    SL_TRY(check_options(&o));
    // a picture needs only the metrics, so that runs can be watched while they train
    if (o.plot) return plot(&o, &args);
    json_t *reports[SL_MAX_RUNS];
    int n = 0;
    sl_status status = SL_OK;
    while (n < args.n && status == SL_OK) {
        status = sl_report_load(args.v[n], &reports[n]);
        if (status == SL_OK) n++;
    }
    if (status == SL_OK) status = print_groups(&o, n, reports);
    for (int i = 0; i < n; i++) json_decref(reports[i]);
    return status;
}
