/* json_line.h - one JSON object in one line, as events and measures go to stdout and log lines to stderr, in the
 * order in which the fields are added. The buffer has a fixed size and nothing is allocated; a text that does not fit
 * is cut, another field left out. What it holds is always a whole object. One owner. */
#ifndef SL_COMMON_JSON_LINE_H
#define SL_COMMON_JSON_LINE_H

#include "common/metric.h"

enum { SL_JSON_LINE_BYTES = 2048 };

/* {0}: no field yet. */
typedef struct sl_json_line {
    size_t n;
    char bytes[SL_JSON_LINE_BYTES];
} sl_json_line;

/* key: a name of ours, in ASCII without quotes. text may hold anything; what is no UTF-8 becomes U+FFFD. */
void sl_json_line_text(sl_json_line *self, const char *key, const char *text);
void sl_json_line_whole(sl_json_line *self, const char *key, int64_t value);
/* With that many digits after the point; NaN and infinity are left out: there is no number. */
void sl_json_line_number(sl_json_line *self, const char *key, double value, int decimals);
/* owner's first n counters of the table, under their names. */
void sl_json_line_counters(sl_json_line *self, const sl_metric_table *table, int n, const void *owner);
/* All of the table's numbers, in base units; of a summary <name>_p50, _p99 and _max, where it has any times. */
void sl_json_line_metrics(sl_json_line *self, const sl_metric_table *table, const void *owner);
/* Ends the object and the line: bytes (n) are to be written, and no field is added any more. */
void sl_json_line_end(sl_json_line *self);
/* Ends it and writes it to stdout, at once. */
void sl_json_line_print(sl_json_line *self);

#endif
