/* table.h - a table of text for people: the first columns to the left, the others to the right, each as wide as its
 * widest cell (in characters, not bytes: cells are UTF-8). Within SL_COLUMNS: what does not fit beside the first
 * columns stands in a second table below, beside the same, and the longest of them is cut in its middle. Bounded:
 * rows and columns beyond the maximum are a bug of the caller. One owner. */
#ifndef SL_STARLING_REPORT_TABLE_H
#define SL_STARLING_REPORT_TABLE_H

#include "common/status.h"

#include <stdio.h>

enum { SL_TABLE_CELL = 96 };

typedef struct sl_table sl_table;

/* titles: the n_columns headings; the first n_left columns are text. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_table_create(int n_columns, int n_left, const char *const *titles, sl_table **out);
void sl_table_destroy(sl_table **self);
/* A new row, all cells "-". SL_MEMORY. */
SL_MUST_CHECK sl_status sl_table_add_row(sl_table *self);
/* Cell of the last row; cut to SL_TABLE_CELL - 1 bytes. */
void sl_table_set(sl_table *self, int column, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Leaves the column out of print as long as no row has a cell there. */
void sl_table_hide_empty(sl_table *self, int column);
void sl_table_print(const sl_table *self, FILE *file);

#endif
