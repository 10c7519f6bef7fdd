/* page.c - see page.h. */
#include "trainer/page.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/clock.h"
#include "common/json_line.h"
#include "telemetry/exposition.h"
#include "telemetry/page_server.h"
#include "telemetry/process.h"
#include "telemetry/snapshot.h"

#include <math.h>
#include <stdio.h>

static const int64_t tell_every_ns = 250000000;
enum { PAGE_BYTES = 64 * 1024 };

#define NUMBER(member, kind, unit, help) SL_METRIC(#member, sl_training_numbers, member, kind, unit, help)
static const sl_metric metrics[] = {
    NUMBER(updates, SL_METRIC_COUNTER, "updates", "of the stage that are done"),
    NUMBER(checkpoints, SL_METRIC_COUNTER, "checkpoints", "written so far, those before a restart too"),
    NUMBER(updates_wanted, SL_METRIC_GAUGE, "updates", "of the stage, in all"),
    NUMBER(policy_lag, SL_METRIC_GAUGE, "updates",
           "between the parameters that made the last batch and those that learnt from it"),
    NUMBER(env_steps_per_second, SL_METRIC_GAUGE, "",
           "of the last update with its roll-out; only where steps are played"),
    NUMBER(flops_per_second, SL_METRIC_GAUGE, "",
           "of the last update, in the matrix products of its networks; a thousand million are a GFLOP/s"),
    NUMBER(checkpoint_age, SL_METRIC_GAUGE, "seconds", "since the last checkpoint, or the start"),
};
const sl_metric_table sl_training_metrics = SL_METRIC_TABLE(metrics);

/* What crosses from the one thread to the other. */
typedef struct shown {
    const char *stage; /* NULL: none has begun */
    sl_training_numbers numbers;
    sl_link_stats link;
    int n;
    const sl_metric *columns[SL_METRICS_MAX_COLUMNS];
    double values[SL_METRICS_MAX_COLUMNS];
} shown;

struct sl_trainer_page {
    char *run, *env;
    int64_t start_ns, next_ns;
    shown now; /* the work's */
    sl_snapshot *snapshot;
    shown copy; /* the page thread's */
    sl_page_server *server;
};

// ------------------------------------------------------------------------------------------ on the page's thread

static sl_process_numbers look(sl_trainer_page *self) {
    int64_t told_ns = sl_snapshot_read(self->snapshot, &self->copy);
    sl_process_numbers process = sl_process_measure(self->start_ns);
    if (told_ns > 0) process.snapshot_age = (double)(sl_clock_ns() - told_ns) / 1e9;
    return process;
}

// a column is a metric whose number lies in values
static sl_metric column_of(const shown *s, int k) {
    sl_metric column = *s->columns[k];
    column.type = SL_METRIC_F64;
    column.offset = 0;
    return column;
}

static void show_metrics(void *context, sl_page_text *out) {
    sl_trainer_page *self = context;
    sl_process_numbers process = look(self);
    const shown *s = &self->copy;
    sl_exposition_begin(out, "starling_build_info", "gauge", "1, by version");
    sl_exposition_sample(out, "starling_build_info", "version", SL_VERSION, 1);
    sl_exposition_add(out, "process", &sl_process_metrics, &process, NULL, NULL);
    sl_exposition_add(out, "learn_link", &sl_link_metrics, &s->link, NULL, NULL);
    if (!s->stage) return;
    sl_exposition_add(out, "trainer", &sl_training_metrics, &s->numbers, "stage", s->stage);
    for (int k = 0; k < s->n; k++) {
        sl_metric column = column_of(s, k);
        const sl_metric_table one = {1, &column};
        sl_exposition_add(out, "stage", &one, &s->values[k], "stage", s->stage);
    }
}

static void add_group(sl_page_text *out, const char *name, sl_json_line *line) {
    sl_page_text_add(out, "%s\"%s\": ", out->n > 0 ? ",\n " : "{", name);
    sl_json_line_end(line);
    // without its line break
    sl_page_text_add_bytes(out, line->bytes, line->n - 1);
}

static void show_page(void *context, sl_page_text *out) {
    sl_trainer_page *self = context;
    sl_process_numbers numbers = look(self);
    const shown *s = &self->copy;
    sl_json_line trainer = {0}, process = {0}, stage = {0}, link = {0};
    sl_json_line_text(&trainer, "version", SL_VERSION);
    sl_json_line_text(&trainer, "run", self->run);
    sl_json_line_text(&trainer, "env", self->env);
    sl_json_line_text(&trainer, "stage", s->stage ? s->stage : "none");
    if (s->stage) sl_json_line_metrics(&trainer, &sl_training_metrics, &s->numbers);
    for (int k = 0; k < s->n; k++) {
        sl_metric column = column_of(s, k);
        const sl_metric_table one = {1, &column};
        sl_json_line_metrics(&stage, &one, &s->values[k]);
    }
    sl_json_line_metrics(&process, &sl_process_metrics, &numbers);
    sl_json_line_metrics(&link, &sl_link_metrics, &s->link);
    add_group(out, "trainer", &trainer);
    add_group(out, "stage", &stage);
    add_group(out, "process", &process);
    add_group(out, "learn_link", &link);
    sl_page_text_add(out, "}\n");
}

static const sl_page pages[] = {{"/metrics", SL_PAGE_PROMETHEUS, show_metrics},
                                {"/fleet.json", SL_PAGE_JSON, show_page}};

// ------------------------------------------------------------------------------------------ on the work's thread

sl_status sl_trainer_page_open(const char *endpoint, const char *run, const char *env, sl_trainer_page **out) {
    sl_trainer_page *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    self->start_ns = sl_clock_ns();
    self->run = sl_alloc_string(run);
    self->env = sl_alloc_string(env);
    sl_status status = self->run && self->env ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    const sl_page_server_def server = {endpoint, sizeof pages / sizeof *pages, pages, self, PAGE_BYTES};
    if (status == SL_OK) status = sl_snapshot_create(sizeof(shown), &self->snapshot);
    if (status == SL_OK) status = sl_page_server_open(&server, &self->server);
    if (status != SL_OK) {
        sl_trainer_page_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_trainer_page_close(sl_trainer_page **self_pointer) {
    sl_trainer_page *self = *self_pointer;
    if (!self) return;
    // its thread ends before what it reads
    sl_page_server_close(&self->server);
    sl_snapshot_destroy(&self->snapshot);
    sl_free(self->run);
    sl_free(self->env);
    sl_free(self);
    *self_pointer = NULL;
}

const char *sl_trainer_page_address(const sl_trainer_page *self) {
    return sl_page_server_address(self->server);
}

void sl_trainer_page_update(sl_trainer_page *self, const char *stage, const sl_training_numbers *numbers, int n,
                            const sl_metrics_column *columns) {
    if (!self) return;
    SL_ASSERT(n <= SL_METRICS_MAX_COLUMNS);
    self->now.stage = stage;
    self->now.numbers = *numbers;
    self->now.n = n;
    for (int k = 0; k < n; k++) {
        self->now.columns[k] = columns[k].metric;
        self->now.values[k] = sl_metric_get(columns[k].metric, columns[k].owner);
    }
    self->next_ns = 0;
}

void sl_trainer_page_tell(sl_trainer_page *self, int64_t now_ns, double checkpoint_age, const sl_link_stats *link) {
    if (!self || now_ns < self->next_ns) return;
    self->now.numbers.checkpoint_age = checkpoint_age;
    self->now.link = *link;
    shown *s = sl_snapshot_begin(self->snapshot);
    // the page is being read: the next time, soon
    if (!s) return;
    *s = self->now;
    self->next_ns = now_ns + tell_every_ns;
    sl_snapshot_end(self->snapshot);
}
