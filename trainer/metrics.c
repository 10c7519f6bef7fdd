/* metrics.c - CSV files and event lines. */
#include "trainer/metrics.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/clock.h"
#include "common/csv.h"
#include "common/json_line.h"
#include "common/log.h"
#include "storage/file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 1024, HEADER_SIZE = 1024, MAX_CSV_BYTES = 256 * 1024 * 1024 };

struct sl_metrics {
    FILE *file;
    char path[PATH_SIZE];
    int n;
    sl_metrics_column columns[SL_METRICS_MAX_COLUMNS];
};

/* Length of the header and the rows up to update keep; 0 when the file has another header. */
static size_t kept_bytes(const char *text, const char *header, int64_t keep) {
    size_t n = strlen(header);
    if (strncmp(text, header, n) != 0) return 0;
    while (text[n]) {
        const char *end = strchr(text + n, '\n');
        // a row without an end was cut off by a crash
        if (!end || strtoll(text + n, NULL, 10) > keep) break;
        n = (size_t)(end - text) + 1;
    }
    return n;
}

/* The number of the last row that ends at text + n; 0 for the header. */
static int64_t last_row(const char *text, size_t n) {
    size_t at = n - 1;
    while (at > 0 && text[at - 1] != '\n') at--;
    return strtoll(text + at, NULL, 10);
}

/* Writes the file as it was at update keep. What it lacks is not measured again. */
static sl_status cut(const char *path, const char *header, int64_t keep) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    if (keep > 0 && sl_file_read(path, MAX_CSV_BYTES, &bytes, &n_bytes) == SL_OK) {
        size_t n = kept_bytes((const char *)bytes, header, keep);
        if (n > 0 && last_row((const char *)bytes, n) < keep)
            SL_WARN("%s: rows before update %lld are lost", path, (long long)keep + 1);
        sl_status status = n > 0 ? sl_file_replace(path, bytes, n) : SL_NOT_FOUND;
        sl_free(bytes);
        if (n > 0) return status;
    }
    if (keep > 0) SL_WARN("%s: the rows of %lld updates are lost", path, (long long)keep);
    return sl_file_replace(path, header, strlen(header));
}

/* The names of the columns, and a line end. */
static void write_header(const sl_metrics *self, char header[HEADER_SIZE]) {
    int n = snprintf(header, HEADER_SIZE, "update");
    for (int k = 0; k < self->n && n < HEADER_SIZE; k++)
        n += snprintf(header + n, (size_t)(HEADER_SIZE - n), ",%s", self->columns[k].metric->name);
    SL_ASSERT(n + 1 < HEADER_SIZE);
    memcpy(header + n, "\n", 2);
}

sl_status sl_metrics_open(const char *run, const char *stage, int n, const sl_metrics_column *columns, int64_t keep,
                          sl_metrics **out) {
    char header[HEADER_SIZE];
    SL_ASSERT(n <= SL_METRICS_MAX_COLUMNS);
    sl_metrics *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate metrics");
    self->n = n;
    memcpy(self->columns, columns, (size_t)n * sizeof *columns);
    write_header(self, header);
    (void)snprintf(self->path, sizeof self->path, "%s/metrics", run);
    sl_status status = sl_file_make_folder(self->path);
    (void)snprintf(self->path, sizeof self->path, "%s/metrics/%s.csv", run, stage);
    if (status == SL_OK) status = cut(self->path, header, keep);
    if (status == SL_OK && !(self->file = fopen(self->path, "ae")))
        status = sl_fail(SL_IO, NULL, "cannot open %s: %s", self->path, strerror(errno));
    if (status != SL_OK) {
        sl_metrics_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_metrics_close(sl_metrics **self_pointer) {
    sl_metrics *self = *self_pointer;
    if (!self) return;
    if (self->file) (void)fclose(self->file);
    sl_free(self);
    *self_pointer = NULL;
}

sl_status sl_metrics_row(sl_metrics *self, int64_t update) {
    sl_csv row = {.file = self->file};
    sl_csv_whole(&row, update);
    for (int k = 0; k < self->n; k++)
        sl_csv_number(&row, sl_metric_get(self->columns[k].metric, self->columns[k].owner));
    sl_csv_end(&row);
    if (fflush(self->file) != 0 || ferror(self->file)) return sl_file_fail("write", self->path);
    return SL_OK;
}

void sl_event_ready(const char *endpoint, const char *metrics) {
    sl_json_line line = {0};
    sl_json_line_text(&line, "event", "ready");
    sl_json_line_text(&line, "endpoint", endpoint);
    if (metrics) sl_json_line_text(&line, "metrics", metrics);
    sl_json_line_print(&line);
}

void sl_event_finished(void) {
    sl_json_line line = {0};
    sl_json_line_text(&line, "event", "finished");
    sl_json_line_print(&line);
}

static void say_stage(const char *stage, const char *state, double seconds) {
    sl_json_line line = {0};
    sl_json_line_text(&line, "event", "stage");
    sl_json_line_text(&line, "stage", stage);
    sl_json_line_text(&line, "state", state);
    sl_json_line_number(&line, "seconds", seconds, 3);
    sl_json_line_print(&line);
}

void sl_event_stage_start(const char *stage) {
    say_stage(stage, "start", (double)NAN);
}

void sl_event_stage_done(const char *stage, double seconds) {
    say_stage(stage, "done", seconds);
}

sl_meter sl_meter_start(const char *stage, const char *unit, int64_t done, int64_t total) {
    double now = sl_clock_seconds();
    return (sl_meter){.stage = stage,
                      .unit = unit,
                      .done = done,
                      .total = total,
                      .start_seconds = now,
                      .last_seconds = now,
                      .start_done = done};
}

void sl_meter_report(sl_meter *self, int64_t done, double mean_return, double won) {
    double now = sl_clock_seconds();
    self->done = done;
    if (now - self->last_seconds < 0.5 && done < self->total) return;
    self->last_seconds = now;
    double seconds = now - self->start_seconds;
    double rate = seconds > 0 ? (double)(done - self->start_done) / seconds : 0;
    sl_json_line line = {0};
    sl_json_line_text(&line, "event", "progress");
    sl_json_line_text(&line, "stage", self->stage);
    sl_json_line_whole(&line, "done", done);
    sl_json_line_whole(&line, "total", self->total);
    sl_json_line_text(&line, "unit", self->unit);
    sl_json_line_number(&line, "per_second", rate, 1);
    sl_json_line_number(&line, "return", mean_return, 4);
    sl_json_line_number(&line, "won", won, 4);
    sl_json_line_number(&line, "overlap", self->overlap_seconds > 0 ? self->overlap_seconds / seconds : (double)NAN,
                        4);
    // without a rate there is no time to come either
    sl_json_line_number(&line, "eta_seconds", rate > 0 ? (double)(self->total - done) / rate : (double)NAN, 1);
    sl_json_line_print(&line);
}
