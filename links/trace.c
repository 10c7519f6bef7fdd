/* trace.c - delays that were measured, from a file. See trace.h. */
#include "links/trace.h"

#include "common/alloc.h"
#include "links/delay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LINE = 256, N_FIRST = 1024 };

static const char form_hint[] = "a line is TIME DELAY, delays in [0, 1e9], times rising; # begins a comment";

typedef struct trace {
    const sl_reader *reader;
    const char *path;
    FILE *file;
    int line, n, capacity;
    double time; /* of the line before */
    double *values;
} trace;

static sl_status refuse(const trace *self, const char *hint, const char *what) {
    return sl_fail(SL_CONFIG, hint, "key '%s.%s': trace '%.200s', line %d: %s", self->reader->where,
                   self->reader->key, self->path, self->line, what);
}

static sl_status cannot_read(const trace *self) {
    sl_status status = errno == ENOENT ? SL_NOT_FOUND : SL_IO;
    return sl_fail(status, "an absolute path, or one from where the program is started",
                   "key '%s.%s': cannot read the trace '%.200s': %s", self->reader->where, self->reader->key,
                   self->path, strerror(errno));
}

static sl_status add(trace *self, double delay) {
    if (self->n == SL_LINKS_MAX_VALUES) return refuse(self, "cut it, or thin it out", "more than 1000000 delays");
    if (self->n == self->capacity) {
        int capacity = self->capacity ? 2 * self->capacity : N_FIRST;
        double *grown = sl_alloc_array((size_t)capacity, sizeof *grown);
        if (!grown) return sl_fail(SL_MEMORY, NULL, "no memory for a trace");
        if (self->n > 0) memcpy(grown, self->values, (size_t)self->n * sizeof *grown);
        sl_free(self->values);
        self->values = grown;
        self->capacity = capacity;
    }
    self->values[self->n++] = delay;
    return SL_OK;
}

static sl_status read_line(trace *self, char *line) {
    line[strcspn(line, "#\r\n")] = 0;
    for (char *c = line; *c; c++)
        if (*c == '\t') *c = ' ';
    sl_reader reader = sl_reader_of("", "", line);
    const char *word;
    double numbers[2];
    int n = 0;
    for (size_t len; (len = sl_reader_word(&reader, &word)) > 0; n++)
        if (n == 2 || !sl_word_number(word, len, &numbers[n])) return refuse(self, form_hint, "is not TIME DELAY");
    if (n == 0) return SL_OK;
    if (n != 2) return refuse(self, form_hint, "is not TIME DELAY");
    if (numbers[1] < 0.0 || numbers[1] > SL_DELAY_MOST)
        return refuse(self, form_hint, "the delay is outside [0, 1e9]");
    if (self->n > 0 && numbers[0] < self->time)
        return refuse(self, "sort it by its first column: sort -g", "is earlier than the line before: not sorted");
    self->time = numbers[0];
    return add(self, numbers[1]);
}

static sl_status read_lines(trace *self) {
    char line[MAX_LINE];
    while (fgets(line, sizeof line, self->file)) {
        self->line++;
        if (strlen(line) == sizeof line - 1 && line[sizeof line - 2] != '\n')
            return refuse(self, form_hint, "is longer than 254 bytes, or no text");
        SL_TRY(read_line(self, line));
    }
    if (ferror(self->file)) return cannot_read(self);
    if (self->n == 0) return refuse(self, form_hint, "the file holds no delay");
    return SL_OK;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

sl_status sl_trace_read(const sl_reader *reader, const char *path, sl_delay *out) {
    trace self = {.reader = reader, .path = path};
    struct stat about;
    if (stat(path, &about) != 0) return cannot_read(&self);
    // a pipe would hang, a device never end; and it is read by each program anew
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return sl_fail(SL_CONFIG, form_hint, "key '%s.%s': trace '%.200s' is not a regular file", reader->where,
                       reader->key, path);
    self.file = fopen(path, "re");
    if (!self.file) return cannot_read(&self);
    double *rising = NULL;
    sl_status status = read_lines(&self);
    (void)fclose(self.file);
    if (status == SL_OK) {
        rising = sl_alloc_copy(self.values, (size_t)self.n * sizeof *rising);
        if (!rising) status = sl_fail(SL_MEMORY, NULL, "no memory for a trace");
    }
    if (status != SL_OK) {
        sl_free(self.values);
        return status;
    }
    qsort(rising, (size_t)self.n, sizeof *rising, compare);
    *out = (sl_delay){
        .kind = SL_DELAY_TRACE, .in_steps = out->in_steps, .n = self.n, .values = self.values, .weights = rising};
    return SL_OK;
}
