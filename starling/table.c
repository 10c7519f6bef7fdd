/* table.c - see table.h. */
#include "starling/table.h"

#include "common/alloc.h"
#include "common/assert.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_COLUMNS = 32 };

typedef struct cell {
    char text[SL_TABLE_CELL];
} cell;

struct sl_table {
    int n_columns, n_left, n_rows, capacity; /* row 0 holds the titles */
    uint32_t hidden;                         /* columns that are not printed */
    cell *cells;                             /* (capacity, n_columns) */
};

// characters of UTF-8 text: every byte but the continuation bytes
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

sl_status sl_table_create(int n_columns, int n_left, const char *const *titles, sl_table **out) {
    SL_ASSERT(n_columns > 0 && n_columns <= MAX_COLUMNS);
    sl_table *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a table");
    self->n_columns = n_columns;
    self->n_left = n_left;
    sl_status status = sl_table_add_row(self);
    if (status != SL_OK) {
        sl_table_destroy(&self);
        return status;
    }
    for (int c = 0; c < n_columns; c++) sl_table_set(self, c, "%s", titles[c]);
    *out = self;
    return SL_OK;
}

void sl_table_destroy(sl_table **self) {
    if (!*self) return;
    sl_free((*self)->cells);
    sl_free(*self);
    *self = NULL;
}

sl_status sl_table_add_row(sl_table *self) {
    size_t columns = (size_t)self->n_columns;
    if (self->n_rows == self->capacity) {
        int capacity = self->capacity ? 2 * self->capacity : 8;
        cell *cells = sl_alloc_array((size_t)capacity * columns, sizeof *cells);
        if (!cells) return sl_fail(SL_MEMORY, NULL, "no memory for a table of %d rows", capacity);
        if (self->cells) memcpy(cells, self->cells, (size_t)self->n_rows * columns * sizeof *cells);
        sl_free(self->cells);
        self->cells = cells;
        self->capacity = capacity;
    }
    cell *row = self->cells + (size_t)self->n_rows++ * columns;
    for (size_t c = 0; c < columns; c++) memcpy(row[c].text, "-", 2);
    return SL_OK;
}

void sl_table_set(sl_table *self, int column, const char *format, ...) {
    SL_ASSERT(column >= 0 && column < self->n_columns);
    char *text = self->cells[(size_t)(self->n_rows - 1) * (size_t)self->n_columns + (size_t)column].text;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, SL_TABLE_CELL, format, args);
    va_end(args);
    self->hidden &= ~(UINT32_C(1) << column);
}

void sl_table_hide_empty(sl_table *self, int column) {
    SL_ASSERT(column > 0 && column < self->n_columns && self->n_rows == 1);
    self->hidden |= UINT32_C(1) << column;
}

static void print_row(const sl_table *self, int row, const int *widths, FILE *file) {
    for (int c = 0; c < self->n_columns; c++) {
        if (self->hidden >> c & 1) continue;
        const char *text = self->cells[(size_t)row * (size_t)self->n_columns + (size_t)c].text;
        int pad = widths[c] - width_of(text);
        if (c > 0) fputs("  ", file);
        // spaces after the last column would only be noise in logs
        bool last = c + 1 == self->n_columns;
        if (c < self->n_left)
            fprintf(file, "%s%*s", text, last ? 0 : pad, "");
        else
            fprintf(file, "%*s%s", pad, "", text);
    }
    fputc('\n', file);
}

void sl_table_print(const sl_table *self, FILE *file) {
    int widths[MAX_COLUMNS] = {0}, total = -2;
    for (int r = 0; r < self->n_rows; r++) {
        for (int c = 0; c < self->n_columns; c++) {
            int width = width_of(self->cells[(size_t)r * (size_t)self->n_columns + (size_t)c].text);
            if (width > widths[c]) widths[c] = width;
        }
    }
    for (int c = 0; c < self->n_columns; c++) total += self->hidden >> c & 1 ? 0 : widths[c] + 2;
    print_row(self, 0, widths, file);
    for (int i = 0; i < total; i++) fputc('-', file);
    fputc('\n', file);
    for (int r = 1; r < self->n_rows; r++) print_row(self, r, widths, file);
}
