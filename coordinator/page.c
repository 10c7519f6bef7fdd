/* page.c - see page.h. */
#include "coordinator/page.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/json_line.h"
#include "fleet/slot_view.h"
#include "telemetry/exposition.h"
#include "telemetry/page_server.h"
#include "telemetry/process.h"
#include "telemetry/snapshot.h"

#include <stdio.h>
#include <string.h>

static const int64_t tell_every_ns = 250000000, rate_every_ns = 1000000000;
enum { WORK_BYTES = 16, PAGE_BYTES = 64 * 1024, SLOT_BYTES = 2048, STATES = SL_SLOT_DEAD + 1 };

#define NUMBER(member, kind, unit, help) SL_METRIC(#member, sl_coordinator_numbers, member, kind, unit, help)
static const sl_metric metrics[] = {
    NUMBER(requests, SL_METRIC_COUNTER, "requests",
           "of the trainer, or of starling in its place, that were answered"),
    NUMBER(busy, SL_METRIC_GAUGE, "", "1 while it works for a request, else 0"),
    NUMBER(work_done, SL_METRIC_GAUGE, "", "of the request at work, in episodes or what else it counts"),
    NUMBER(work_size, SL_METRIC_GAUGE, "", "of the request at work, in the same"),
    NUMBER(buffer_episodes, SL_METRIC_GAUGE, "episodes", "in the expert buffer's log"),
    NUMBER(buffer_bytes, SL_METRIC_GAUGE, "bytes", "of that log"),
    NUMBER(buffer_inserted, SL_METRIC_COUNTER, "episodes", "taken into the expert buffer's window"),
    NUMBER(buffer_sampled, SL_METRIC_COUNTER, "episodes", "sampled from it"),
};
const sl_metric_table sl_coordinator_metrics = SL_METRIC_TABLE(metrics);

/* What crosses from the one thread to the other. */
typedef struct shown {
    sl_coordinator_numbers numbers;
    char work[WORK_BYTES];
    sl_link_stats learn, fleet_link;
    bool has_fleet;
    double ticks_per_second;
    sl_fleet_stats fleet;
    sl_slot_view slots[]; /* (n_slots) */
} shown;

struct sl_coordinator_page {
    int n_slots;
    char *run, *env;
    int64_t start_ns, next_ns;
    int64_t rate_ns; /* when ticks were counted last, and how many there were */
    uint64_t rate_ticks;
    double ticks_per_second;
    sl_snapshot *snapshot;
    shown *copy; /* the page thread's */
    sl_page_server *server;
};

// ------------------------------------------------------------------------------------------ on the page's thread

// reads what was told last; how old that is in seconds, NaN when nothing was
static sl_process_numbers look(sl_coordinator_page *self) {
    int64_t told_ns = sl_snapshot_read(self->snapshot, self->copy);
    sl_process_numbers process = sl_process_measure(self->start_ns);
    if (told_ns > 0) process.snapshot_age = (double)(sl_clock_ns() - told_ns) / 1e9;
    return process;
}

static void add_states(const sl_coordinator_page *self, sl_page_text *out) {
    int count[STATES] = {0};
    for (int i = 0; i < self->n_slots; i++) count[self->copy->slots[i].state]++;
    sl_exposition_begin(out, "starling_fleet_slots", "gauge", "slots: by state");
    for (int s = 0; s < STATES; s++)
        sl_exposition_sample(out, "starling_fleet_slots", "state", sl_slot_state_name((sl_slot_state)s), count[s]);
}

static void show_metrics(void *context, sl_page_text *out) {
    sl_coordinator_page *self = context;
    sl_process_numbers process = look(self);
    const shown *s = self->copy;
    const sl_exposition_rows rows = {"slot", self->n_slots, s->slots, sizeof *s->slots};
    sl_exposition_begin(out, "starling_build_info", "gauge", "1, by version");
    sl_exposition_sample(out, "starling_build_info", "version", SL_VERSION, 1);
    sl_exposition_add(out, "process", &sl_process_metrics, &process, NULL, NULL);
    sl_exposition_add(out, "coordinator", &sl_coordinator_metrics, &s->numbers, NULL, NULL);
    sl_exposition_add(out, "learn_link", &sl_link_metrics, &s->learn, NULL, NULL);
    if (!s->has_fleet) return;
    sl_exposition_add(out, "fleet_link", &sl_link_metrics, &s->fleet_link, NULL, NULL);
    sl_exposition_add(out, "fleet", &sl_fleet_metrics, &s->fleet, NULL, NULL);
    add_states(self, out);
    sl_exposition_add_rows(out, "slot", &sl_slot_metrics, &rows);
}

static void add_line(sl_page_text *out, const char *before, sl_json_line *line) {
    sl_page_text_add(out, "%s", before);
    sl_json_line_end(line);
    // without its line break
    sl_page_text_add_bytes(out, line->bytes, line->n - 1);
}

static void add_slot(sl_page_text *out, int slot, const sl_slot_view *view) {
    sl_json_line line = {0};
    char model[13];
    (void)snprintf(model, sizeof model, "%.12s", view->model);
    sl_json_line_whole(&line, "slot", slot);
    sl_json_line_text(&line, "state", sl_slot_state_name(view->state));
    sl_json_line_text(&line, "device", view->device);
    sl_json_line_text(&line, "address", view->address);
    sl_json_line_text(&line, "arch", view->arch);
    sl_json_line_text(&line, "build", view->build);
    sl_json_line_whole(&line, "hidden", view->hidden);
    sl_json_line_text(&line, "model", model);
    sl_json_line_text(&line, "key", view->key);
    sl_json_line_metrics(&line, &sl_slot_metrics, view);
    add_line(out, slot > 0 ? ",\n  " : "\n  ", &line);
}

static void add_group(sl_page_text *out, const char *name, const sl_metric_table *table, const void *owner) {
    sl_json_line line = {0};
    sl_json_line_metrics(&line, table, owner);
    sl_page_text_add(out, ",\n \"%s\": ", name);
    add_line(out, "", &line);
}

static void show_fleet(void *context, sl_page_text *out) {
    sl_coordinator_page *self = context;
    sl_process_numbers process = look(self);
    const shown *s = self->copy;
    sl_json_line line = {0};
    sl_json_line_text(&line, "version", SL_VERSION);
    sl_json_line_text(&line, "run", self->run);
    sl_json_line_text(&line, "env", self->env);
    sl_json_line_text(&line, "work", s->work);
    sl_json_line_number(&line, "ticks_per_second", s->ticks_per_second, 3);
    sl_page_text_add(out, "{\"coordinator\": ");
    add_line(out, "", &line);
    add_group(out, "process", &sl_process_metrics, &process);
    add_group(out, "requests", &sl_coordinator_metrics, &s->numbers);
    add_group(out, "learn_link", &sl_link_metrics, &s->learn);
    if (s->has_fleet) {
        add_group(out, "fleet", &sl_fleet_metrics, &s->fleet);
        add_group(out, "fleet_link", &sl_link_metrics, &s->fleet_link);
    }
    sl_page_text_add(out, ",\n \"slots\": [");
    for (int i = 0; s->has_fleet && i < self->n_slots; i++) add_slot(out, i, &s->slots[i]);
    sl_page_text_add(out, "]}\n");
}

static const sl_page pages[] = {{"/metrics", SL_PAGE_PROMETHEUS, show_metrics},
                                {"/fleet.json", SL_PAGE_JSON, show_fleet}};

// ------------------------------------------------------------------------------------------ on the work's thread

static sl_status take_memory(sl_coordinator_page *self, const sl_coordinator_page_def *def) {
    size_t n_bytes = sizeof *self->copy + (size_t)def->n_slots * sizeof *self->copy->slots;
    self->n_slots = def->n_slots;
    self->run = sl_alloc_string(def->run);
    self->env = sl_alloc_string(def->env);
    self->copy = sl_alloc(n_bytes);
    if (!self->run || !self->env || !self->copy) return sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    return sl_snapshot_create(n_bytes, &self->snapshot);
}

sl_status sl_coordinator_page_open(const sl_coordinator_page_def *def, sl_coordinator_page **out) {
    sl_coordinator_page *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    self->start_ns = self->rate_ns = sl_clock_ns();
    sl_status status = take_memory(self, def);
    const sl_page_server_def server = {.endpoint = def->endpoint,
                                       .n = sizeof pages / sizeof *pages,
                                       .pages = pages,
                                       .context = self,
                                       .capacity = PAGE_BYTES + (size_t)def->n_slots * SLOT_BYTES};
    if (status == SL_OK) status = sl_page_server_open(&server, &self->server);
    if (status != SL_OK) {
        sl_coordinator_page_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_coordinator_page_close(sl_coordinator_page **self_pointer) {
    sl_coordinator_page *self = *self_pointer;
    if (!self) return;
    // its thread ends before what it reads
    sl_page_server_close(&self->server);
    sl_snapshot_destroy(&self->snapshot);
    sl_free(self->copy);
    sl_free(self->run);
    sl_free(self->env);
    sl_free(self);
    *self_pointer = NULL;
}

const char *sl_coordinator_page_address(const sl_coordinator_page *self) {
    return sl_page_server_address(self->server);
}

bool sl_coordinator_page_is_due(const sl_coordinator_page *self, int64_t now_ns) {
    return now_ns >= self->next_ns;
}

// over the last second or so; a fleet that was opened anew counts from 0
static void measure_rate(sl_coordinator_page *self, int64_t now_ns, uint64_t ticks) {
    int64_t passed_ns = now_ns - self->rate_ns;
    if (passed_ns < rate_every_ns) return;
    uint64_t done = ticks >= self->rate_ticks ? ticks - self->rate_ticks : ticks;
    self->ticks_per_second = (double)done / ((double)passed_ns / 1e9);
    self->rate_ns = now_ns;
    self->rate_ticks = ticks;
}

void sl_coordinator_page_tell(sl_coordinator_page *self, int64_t now_ns, const sl_page_news *news) {
    shown *s = sl_snapshot_begin(self->snapshot);
    // the page is being read: the next time, soon
    if (!s) return;
    self->next_ns = now_ns + tell_every_ns;
    s->numbers = news->numbers;
    s->learn = news->learn;
    (void)snprintf(s->work, sizeof s->work, "%s", news->work);
    s->has_fleet = news->fleet != NULL;
    if (news->fleet) {
        s->fleet = *sl_fleet_get_stats(news->fleet);
        s->fleet_link = sl_fleet_get_link_stats(news->fleet);
        measure_rate(self, now_ns, s->fleet.ticks);
        for (int i = 0; i < self->n_slots; i++) sl_fleet_view(news->fleet, i, &s->slots[i]);
    }
    s->ticks_per_second = self->ticks_per_second;
    sl_snapshot_end(self->snapshot);
}
