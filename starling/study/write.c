/* write.c - study.csv and study.json: a row, an object, for each point. */
#include "starling/study/study.h"

#include "common/csv.h"
#include "starling/run/output.h"
#include "starling/run/run.h"
#include "storage/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char header[] =
    "run,execution,sweep,setting,x,episodes,return_mean,return_low,return_high,won_mean,won_low,won_high,length,"
    "observation_age_p50,observation_age_p90,observation_age_p99,observation_age_p99_9,observation_age_max,"
    "observation_never,action_age_p50,action_age_p90,action_age_p99,action_age_p99_9,action_age_max,action_never,"
    "miss_rate,longest_run,fallback_rate,divergence,flown,equal,seconds\n";

static void put_interval(sl_csv *csv, const sl_interval *i) {
    sl_csv_number(csv, i->mean);
    sl_csv_number(csv, i->low);
    sl_csv_number(csv, i->high);
}

static void put_ages(sl_csv *csv, const sl_study_ages *a) {
    const double values[] = {a->p50, a->p90, a->p99, a->p999, a->max, a->never};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) sl_csv_number(csv, values[i]);
}

static void put_csv_row(sl_csv *csv, const sl_study_section *section, int i) {
    const sl_study_point *p = &section->points[i];
    const sl_study_row *row = &section->rows[i];
    const sl_study_numbers *n = &row->numbers;
    sl_csv_text(csv, section->label);
    sl_csv_text(csv, sl_study_execution_name(p->execution));
    sl_csv_text(csv, sl_study_sweep_name(p->sweep));
    sl_csv_text(csv, p->setting);
    sl_csv_number(csv, p->x);
    sl_csv_whole(csv, row->result->n_episodes);
    put_interval(csv, &n->mean_return);
    put_interval(csv, &n->won);
    sl_csv_number(csv, row->result->length);
    put_ages(csv, &n->observation);
    put_ages(csv, &n->action);
    sl_csv_number(csv, n->miss_rate);
    sl_csv_number(csv, n->longest_run);
    sl_csv_number(csv, n->fallback_rate);
    sl_csv_number(csv, n->divergence);
    sl_csv_whole(csv, row->flown);
    sl_csv_whole(csv, row->equal);
    sl_csv_number(csv, row->result->seconds);
    sl_csv_end(csv);
}

static void put_csv(const sl_study *self, FILE *file) {
    sl_csv csv = {.file = file};
    (void)fputs(header, file);
    for (int s = 0; s < self->n_sections; s++)
        for (int i = 0; i < self->sections[s].n; i++) put_csv_row(&csv, &self->sections[s], i);
}

// ---------------------------------------------------------------------------------------------------------------
// json

static json_t *json_of_interval(const sl_interval *i, bool *failed) {
    json_t *object = json_object();
    SL_JSON_SET(object, failed, {"mean", sl_json_number(i->mean)}, {"low", sl_json_number(i->low)},
                {"high", sl_json_number(i->high)});
    return object;
}

// a percentile among what never came is null, and never says how much that is
static json_t *json_of_ages(const sl_study_ages *a, bool *failed) {
    json_t *object = json_object();
    SL_JSON_SET(object, failed, {"p50", sl_json_number(a->p50)}, {"p90", sl_json_number(a->p90)},
                {"p99", sl_json_number(a->p99)}, {"p99_9", sl_json_number(a->p999)}, {"max", sl_json_number(a->max)},
                {"never", sl_json_number(a->never)});
    return object;
}

static json_t *json_of_point(const sl_study_section *section, int i, bool *failed) {
    const sl_study_point *p = &section->points[i];
    const sl_study_row *row = &section->rows[i];
    const sl_study_numbers *n = &row->numbers;
    json_t *object = json_object();
    SL_JSON_SET(object, failed, {"execution", json_string(sl_study_execution_name(p->execution))},
                {"sweep", json_string(sl_study_sweep_name(p->sweep))}, {"setting", json_string(p->setting)},
                {"x", sl_json_number(p->x)}, {"links", json_string(p->links)},
                {"return", json_of_interval(&n->mean_return, failed)});
    if (section->can_win) sl_json_set(object, "won", json_of_interval(&n->won, failed), failed);
    SL_JSON_SET(object, failed, {"length", sl_json_number(row->result->length)},
                {"observation_age", json_of_ages(&n->observation, failed)},
                {"action_age", json_of_ages(&n->action, failed)}, {"miss_rate", sl_json_number(n->miss_rate)},
                {"longest_run", sl_json_number(n->longest_run)}, {"fallback_rate", sl_json_number(n->fallback_rate)},
                {"divergence", sl_json_number(n->divergence)});
    if (row->flown > 0)
        SL_JSON_SET(object, failed, {"flown", json_integer(row->flown)}, {"equal", json_integer(row->equal)});
    sl_json_set(object, "seconds", sl_json_number(row->result->seconds), failed);
    return object;
}

// at is null where there is none within the delays, and an end that lies beyond them is, too
static json_t *json_of_crossover(const sl_study_crossover *c, bool *failed) {
    json_t *object = json_object();
    SL_JSON_SET(object, failed, {"steps", sl_json_number(c->at)}, {"low", sl_json_number(c->low)},
                {"high", sl_json_number(c->high)});
    return object;
}

static json_t *json_of_section(const sl_study_section *section, bool *failed) {
    json_t *object = json_object(), *points = json_array();
    for (int i = 0; i < section->n; i++)
        if (json_array_append_new(points, json_of_point(section, i, failed)) != 0) *failed = true;
    SL_JSON_SET(object, failed, {"run", json_string(section->label)}, {"env", json_string(section->env)},
                {"agents", json_integer(section->n_agents)}, {"max_steps", json_integer(section->max_steps)},
                {"step_ms", sl_json_number(section->step_ms)});
    if (section->by_return.is_known)
        sl_json_set(object, "crossover_return", json_of_crossover(&section->by_return, failed), failed);
    if (section->by_won.is_known)
        sl_json_set(object, "crossover_won", json_of_crossover(&section->by_won, failed), failed);
    if (section->n_fresh > 0)
        sl_json_set(object, "undelayed_equals_fresh",
                    json_pack("{s:i,s:i}", "episodes", section->n_fresh, "equal", section->n_same), failed);
    sl_json_set(object, "points", points, failed);
    return object;
}

json_t *sl_study_json(const sl_study *self) {
    bool failed = false;
    json_t *object = json_object(), *runs = json_array();
    for (int s = 0; s < self->n_sections; s++)
        if (json_array_append_new(runs, json_of_section(&self->sections[s], &failed)) != 0) failed = true;
    SL_JSON_SET(object, &failed, {"format", json_integer(1)}, {"command", json_string(self->command)},
                {"episodes", json_integer(self->n_episodes)}, {"seed", sl_json_seed(self->seed)}, {"runs", runs},
                {"timing", json_pack("{s:f}", "seconds", self->seconds)});
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

// --------------------------------------------------------------------------------------------------------------
// files

static sl_status replace(const char *folder, const char *name, const void *bytes, size_t n) {
    char path[SL_RUN_PATH];
    SL_TRY(sl_run_path(folder, name, path));
    return sl_file_replace(path, bytes, n);
}

// what is written to a stream, as a file: put is sl_study_markdown's shape
static sl_status write_text(const sl_study *self, const char *folder, const char *name, bool has_figures,
                            void (*put)(const sl_study *self, bool has_figures, FILE *file)) {
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    if (!file) return sl_fail(SL_MEMORY, NULL, "no memory for '%s'", name);
    put(self, has_figures, file);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    sl_status status = failed ? sl_fail(SL_MEMORY, NULL, "no memory for '%s'", name) : SL_OK;
    if (status == SL_OK) status = replace(folder, name, text, n);
    free(text); // the C library's
    return status;
}

static void put_csv_file(const sl_study *self, bool has_figures, FILE *file) {
    (void)has_figures;
    put_csv(self, file);
}

sl_status sl_study_write(const sl_study *self, const char *folder, bool has_figures) {
    json_t *object = sl_study_json(self);
    char *text = object ? json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    sl_status status = text ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for 'study.json'");
    if (status == SL_OK) status = replace(folder, "study.json", text, strlen(text));
    free(text); // jansson's
    json_decref(object);
    if (status == SL_OK) status = write_text(self, folder, "study.csv", has_figures, put_csv_file);
    if (status == SL_OK) status = write_text(self, folder, "study.md", has_figures, sl_study_markdown);
    return status;
}
