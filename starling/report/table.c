/* table.c - see table.h. */
#include "starling/report/table.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "starling/run/output.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_COLUMNS = 32, SHORTEST = 12 };

typedef struct cell {
    char text[SL_TABLE_CELL];
} cell;

struct sl_table {
    int n_columns, n_left, n_rows, capacity; /* row 0 holds the titles */
    uint32_t hidden;                         /* columns that are not printed */
    cell *cells;                             /* (capacity, n_columns) */
};

static int width_of(const char *text) {
    return sl_text_width(text, strlen(text));
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

/* How a table is printed: the first columns beside as many of the others as fit, then beside the next ones. */
typedef struct layout {
    int widths[MAX_COLUMNS];
    int begin, end; /* of the columns beside the left ones */
} layout;

static bool is_shown(const sl_table *self, const layout *l, int c) {
    return !(self->hidden >> c & 1) && (c < self->n_left || (c >= l->begin && c < l->end));
}

// the first characters of a text that is too long, and its last ones
static void print_cut(const char *text, int width, FILE *file) {
    int tail = (width - 3) / 2, head = width - 3 - tail, total = width_of(text), at = 0;
    for (const char *c = text; *c; c++) {
        at += ((unsigned char)*c & 0xc0) != 0x80;
        if (at <= head || at > total - tail) fputc(*c, file);
        if (at == head && ((unsigned char)c[1] & 0xc0) != 0x80) fputs("...", file);
    }
}

static void print_row(const sl_table *self, int row, const layout *l, FILE *file) {
    int last = 0;
    for (int c = 0; c < self->n_columns; c++) last = is_shown(self, l, c) ? c : last;
    for (int c = 0; c < self->n_columns; c++) {
        if (!is_shown(self, l, c)) continue;
        const char *text = self->cells[(size_t)row * (size_t)self->n_columns + (size_t)c].text;
        int pad = l->widths[c] - width_of(text);
        if (c > 0) fputs("  ", file);
        if (c >= self->n_left) {
            fprintf(file, "%*s%s", pad, "", text);
            continue;
        }
        if (pad < 0)
            print_cut(text, l->widths[c], file);
        else
            fprintf(file, "%s%*s", text, c == last ? 0 : pad, "");
    }
    fputc('\n', file);
}

// columns are two spaces apart
static int width_of_columns(const sl_table *self, const int *widths, int begin, int end) {
    int total = 0;
    for (int c = begin; c < end; c++) total += self->hidden >> c & 1 ? 0 : widths[c] + 2;
    return total;
}

static void measure(const sl_table *self, int *widths) {
    int widest = 0;
    for (int r = 0; r < self->n_rows; r++) {
        for (int c = 0; c < self->n_columns; c++) {
            int width = width_of(self->cells[(size_t)r * (size_t)self->n_columns + (size_t)c].text);
            if (width > widths[c]) widths[c] = width;
        }
    }
    for (int c = self->n_left; c < self->n_columns; c++) widest = widths[c] > widest ? widths[c] : widest;
    // the widest of the left columns gives way until every other one has its place
    int over = width_of_columns(self, widths, 0, self->n_left) - (widest > 0 ? 0 : 2) + widest - SL_COLUMNS;
    if (over <= 0) return;
    int longest = 0;
    for (int c = 1; c < self->n_left; c++) longest = widths[c] > widths[longest] ? c : longest;
    widths[longest] = widths[longest] - over < SHORTEST ? SHORTEST : widths[longest] - over;
}

static void print_block(const sl_table *self, const layout *l, FILE *file) {
    print_row(self, 0, l, file);
    int total = -2;
    for (int c = 0; c < self->n_columns; c++) total += is_shown(self, l, c) ? l->widths[c] + 2 : 0;
    for (int i = 0; i < total; i++) fputc('-', file);
    fputc('\n', file);
    for (int r = 1; r < self->n_rows; r++) print_row(self, r, l, file);
}

void sl_table_print(const sl_table *self, FILE *file) {
    layout l = {.begin = self->n_left};
    measure(self, l.widths);
    int left = width_of_columns(self, l.widths, 0, self->n_left) - 2;
    do {
        int total = left;
        for (l.end = l.begin; l.end < self->n_columns; l.end++) {
            int more = width_of_columns(self, l.widths, l.end, l.end + 1);
            if (total > left && total + more > SL_COLUMNS) break;
            total += more;
        }
        if (l.begin > self->n_left) fputc('\n', file);
        print_block(self, &l, file);
        l.begin = l.end;
    } while (l.begin < self->n_columns);
}
