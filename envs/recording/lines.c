/* lines.c - reading JSON lines that nobody vouches for. */
#include "envs/recording/lines.h"

#include "common/alloc.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

sl_status sl_recording_lines_open(const char *path, sl_recording_lines *out) {
    sl_recording_lines lines = {.name = path, .line = sl_alloc(SL_RECORDING_MAX_LINE)};
    if (!lines.line) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a line", path);
    errno = 0;
    // zlib reads plain files as they are
    lines.file = gzopen(path, "rb");
    if (!lines.file) {
        int error = errno;
        sl_recording_lines_close(&lines);
        if (error == ENOENT) return sl_fail(SL_NOT_FOUND, NULL, "%s: no such recording", path);
        return sl_fail(error ? SL_IO : SL_MEMORY, NULL, "%s: %s", path, strerror(error ? error : ENOMEM));
    }
    *out = lines;
    return SL_OK;
}

void sl_recording_lines_close(sl_recording_lines *self) {
    if (self->file) (void)gzclose(self->file);
    sl_free(self->line);
    *self = (sl_recording_lines){0};
}

sl_status sl_recording_bad(const sl_recording_lines *self, const char *format, ...) {
    char what[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return sl_fail(SL_CORRUPT, "docs/recordings.md describes the format", "%s:%ld: %s", self->name, self->number,
                   what);
}

// len = -1 at the end
static sl_status read_line(sl_recording_lines *self, long *len) {
    if (gzgets(self->file, self->line, SL_RECORDING_MAX_LINE)) {
        *len = (long)strlen(self->line);
        if (*len == SL_RECORDING_MAX_LINE - 1)
            return sl_recording_bad(self, "longer than %d bytes", SL_RECORDING_MAX_LINE);
        return SL_OK;
    }
    int code = Z_OK;
    const char *message = gzerror(self->file, &code);
    // a compressed file that was cut ends without its checksum
    if (code == Z_BUF_ERROR) return sl_recording_bad(self, "the compressed file is cut short");
    if (code == Z_ERRNO) return sl_fail(SL_IO, NULL, "%s: %s", self->name, strerror(errno));
    if (code != Z_OK && code != Z_STREAM_END) return sl_recording_bad(self, "not a gzip stream: %s", message);
    *len = -1;
    return SL_OK;
}

sl_status sl_recording_lines_next(sl_recording_lines *self, json_t **out) {
    long len = -1;
    self->number++;
    SL_TRY(read_line(self, &len));
    if (len < 0) {
        *out = NULL;
        return SL_OK;
    }
    json_error_t error;
    json_t *object = json_loadb(self->line, (size_t)len, JSON_REJECT_DUPLICATES, &error);
    if (!object) return sl_recording_bad(self, "not JSON: %s", error.text);
    if (!json_is_object(object)) {
        json_decref(object);
        return sl_recording_bad(self, "not a JSON object");
    }
    *out = object;
    return SL_OK;
}

sl_status sl_recording_string(const sl_recording_lines *self, const json_t *object, const char *key,
                              const char **out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) return sl_recording_bad(self, "key '%s' is not a string", key);
    *out = json_string_value(value);
    return SL_OK;
}

sl_status sl_recording_bool(const sl_recording_lines *self, const json_t *object, const char *key, int *out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value)) return sl_recording_bad(self, "key '%s' is not true or false", key);
    *out = json_is_true(value);
    return SL_OK;
}

sl_status sl_recording_int(const sl_recording_lines *self, const json_t *value, const char *what, int low, int high,
                           int *out) {
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    if (!json_is_integer(value) || number < low || number > high) {
        return sl_recording_bad(self, "%s is not an integer from %d to %d", what, low, high);
    }
    *out = (int)number;
    return SL_OK;
}

sl_status sl_recording_array(const sl_recording_lines *self, const json_t *array, const char *what, int n) {
    if (!json_is_array(array)) return sl_recording_bad(self, "%s is not an array", what);
    if (json_array_size(array) != (size_t)n) {
        return sl_recording_bad(self, "%s has %zu entries, not %d", what, json_array_size(array), n);
    }
    return SL_OK;
}

sl_status sl_recording_ints(const sl_recording_lines *self, const json_t *array, const char *what, const char *one,
                            int n, int low, int high, int32_t *out) {
    SL_TRY(sl_recording_array(self, array, what, n));
    for (int i = 0; i < n; i++) {
        SL_TRY(sl_recording_int(self, json_array_get(array, (size_t)i), one, low, high, &out[i]));
    }
    return SL_OK;
}

sl_status sl_recording_numbers(const sl_recording_lines *self, const json_t *array, const char *what, int n,
                               double limit, double *out) {
    SL_TRY(sl_recording_array(self, array, what, n));
    for (int i = 0; i < n; i++) {
        const json_t *value = json_array_get(array, (size_t)i);
        double number = json_number_value(value);
        if (!json_is_number(value) || !(fabs(number) <= limit)) {
            return sl_recording_bad(self, "%s: entry %d is not a number up to %g", what, i, limit);
        }
        out[i] = number;
    }
    return SL_OK;
}
