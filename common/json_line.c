/* json_line.c - see json_line.h. */
#include "common/json_line.h"

#include "common/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// fields end before LIMIT: an escape, a quote and the end of the line still fit behind it
enum { LIMIT = SL_JSON_LINE_BYTES - 12, NUMBER_BYTES = 512 };

static void append(sl_json_line *self, const char *text, size_t n) {
    memcpy(self->bytes + self->n, text, n);
    self->n += n;
}

// "{" or "," and the key; false: a value of value_bytes has no room
static bool begin_field(sl_json_line *self, const char *key, size_t value_bytes) {
    size_t n = strlen(key);
    if (self->n + n + value_bytes + 4 > LIMIT) return false;
    append(self, self->n ? ",\"" : "{\"", 2);
    append(self, key, n);
    append(self, "\":", 2);
    return true;
}

// the inside of a string
static void append_escaped(sl_json_line *self, const char *text) {
    while (*text && self->n < LIMIT) {
        char escape[7] = {'\\', *text};
        unsigned char c = (unsigned char)*text;
        size_t n = sl_utf8_length(text);
        if (c < 0x20) (void)snprintf(escape, sizeof escape, "\\u%04x", c);
        // a name or a peer's text may be anything; JSON may not
        if (n == 0) memcpy(escape, "\\ufffd", sizeof escape);
        bool plain = n > 0 && c >= 0x20 && c != '"' && c != '\\';
        append(self, plain ? text : escape, plain ? n : strlen(escape));
        text += n ? n : 1;
    }
}

void sl_json_line_text(sl_json_line *self, const char *key, const char *text) {
    if (!begin_field(self, key, 2)) return;
    append(self, "\"", 1);
    append_escaped(self, text);
    append(self, "\"", 1);
}

static void add_number(sl_json_line *self, const char *key, const char *value) {
    if (begin_field(self, key, strlen(value))) append(self, value, strlen(value));
}

void sl_json_line_whole(sl_json_line *self, const char *key, int64_t value) {
    char text[NUMBER_BYTES];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    add_number(self, key, text);
}

void sl_json_line_number(sl_json_line *self, const char *key, double value, int decimals) {
    char text[NUMBER_BYTES];
    if (!isfinite(value)) return;
    (void)snprintf(text, sizeof text, "%.*f", decimals, value);
    add_number(self, key, text);
}

void sl_json_line_counters(sl_json_line *self, const sl_metric_table *table, int n, const void *owner) {
    for (int k = 0; k < n; k++)
        sl_json_line_number(self, table->metrics[k].name, sl_metric_get(&table->metrics[k], owner), 0);
}

// whole numbers as such, others to nine digits
static void add_metric(sl_json_line *self, const char *key, double value) {
    char text[NUMBER_BYTES];
    if (!isfinite(value)) return;
    (void)snprintf(text, sizeof text, fabs(value) <= 9007199254740992.0 && value == floor(value) ? "%.0f" : "%.9g",
                   value);
    add_number(self, key, text);
}

static void add_summary(sl_json_line *self, const char *name, double scale, const sl_latency *times) {
    static const struct {
        const char *end;
        double share;
    } parts[] = {{"p50", 0.5}, {"p99", 0.99}, {"max", 1}};
    for (int i = 0; i < 3 && times->n > 0; i++) {
        char key[SL_METRIC_NAME];
        (void)snprintf(key, sizeof key, "%.80s_%s", name, parts[i].end);
        add_metric(self, key, sl_latency_percentile(times, parts[i].share) * scale);
    }
}

void sl_json_line_metrics(sl_json_line *self, const sl_metric_table *table, const void *owner) {
    for (int k = 0; k < table->n; k++) {
        const sl_metric *metric = &table->metrics[k];
        if (metric->type == SL_METRIC_LATENCY)
            add_summary(self, metric->name, sl_metric_scale(metric),
                        (const void *)((const char *)owner + metric->offset));
        else
            add_metric(self, metric->name, sl_metric_get(metric, owner) * sl_metric_scale(metric));
    }
}

void sl_json_line_end(sl_json_line *self) {
    if (!self->n) append(self, "{", 1);
    append(self, "}\n", 2);
}

void sl_json_line_print(sl_json_line *self) {
    sl_json_line_end(self);
    (void)fwrite(self->bytes, 1, self->n, stdout);
    (void)fflush(stdout);
}
