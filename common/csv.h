/* csv.h - the one way in which Starling writes comma-separated values: fields as in RFC 4180, rows that end in a line
 * feed alone, as text files do here. A failure shows in ferror(file). Any thread, one writer a file. */
#ifndef SL_COMMON_CSV_H
#define SL_COMMON_CSV_H

#include <stdint.h>
#include <stdio.h>

/* Row by row: {.file = f}, fields, sl_csv_end, fields, ... */
typedef struct sl_csv {
    FILE *file; /* borrowed */
    int n;      /* fields of this row so far */
} sl_csv;

/* In quotes when it holds a comma, a quote or a line end; quotes within are doubled. */
void sl_csv_text(sl_csv *self, const char *text);
void sl_csv_whole(sl_csv *self, int64_t value);
void sl_csv_number(sl_csv *self, double value); /* 9 significant digits; NaN is an empty field: there is no number */
void sl_csv_end(sl_csv *self);

#endif
