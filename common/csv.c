/* csv.c - see csv.h. */
#include "common/csv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void begin_field(sl_csv *self) {
    if (self->n++ > 0) (void)fputc(',', self->file);
}

void sl_csv_text(sl_csv *self, const char *text) {
    begin_field(self);
    if (!text[strcspn(text, ",\"\r\n")]) {
        (void)fputs(text, self->file);
        return;
    }
    (void)fputc('"', self->file);
    for (; *text; text++) {
        if (*text == '"') (void)fputc('"', self->file);
        (void)fputc(*text, self->file);
    }
    (void)fputc('"', self->file);
}

void sl_csv_whole(sl_csv *self, int64_t value) {
    begin_field(self);
    (void)fprintf(self->file, "%" PRId64, value);
}

void sl_csv_number(sl_csv *self, double value) {
    begin_field(self);
    if (!isnan(value)) (void)fprintf(self->file, "%.9g", value);
}

void sl_csv_end(sl_csv *self) {
    (void)fputc('\n', self->file);
    self->n = 0;
}
