/* output.c - see output.h. */
#include "starling/run/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WRAPPED_BYTES = 8192 };

void sl_json_set(json_t *object, const char *key, json_t *value, bool *failed) {
    if (json_object_set_new(object, key, value) != 0) *failed = true;
}

void sl_json_set_all(json_t *object, bool *failed, const sl_json_field *fields) {
    for (; fields->key; fields++) sl_json_set(object, fields->key, fields->value, failed);
}

json_t *sl_json_number(double value) {
    if (!isfinite(value)) return json_null();
    char text[40];
    (void)snprintf(text, sizeof text, "%.9g", value);
    return json_real(strtod(text, NULL));
}

json_t *sl_json_seed(uint64_t seed) {
    if (seed <= INT64_MAX) return json_integer((json_int_t)seed);
    return json_sprintf("%" PRIu64, seed);
}

sl_status sl_json_print(json_t *object, bool failed) {
    if (!object || failed) {
        json_decref(object);
        return sl_fail(SL_MEMORY, NULL, "no memory for the result");
    }
    int error = json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
    if (error || fputc('\n', stdout) == EOF) return sl_fail(SL_IO, NULL, "cannot write the result to stdout");
    return SL_OK;
}

int sl_text_width(const char *text, size_t n_bytes) {
    int width = 0;
    for (size_t i = 0; i < n_bytes; i++) width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

void sl_print_wrapped(FILE *file, int indent, const char *format, ...) {
    char text[WRAPPED_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    int column = 0;
    for (const char *at = text; *at;) {
        if (*at == '\n') {
            fputc(*at++, file);
            column = 0;
            continue;
        }
        size_t spaces = strspn(at, " "), n = spaces + strcspn(at + spaces, " \n");
        int width = sl_text_width(at, n);
        // a word that alone is too long stays whole, for it may be a path
        if (column > indent && column + width > SL_COLUMNS) {
            fprintf(file, "\n%*s", indent, "");
            at += spaces;
            n -= spaces;
            column = indent;
            width = sl_text_width(at, n);
        }
        fprintf(file, "%.*s", (int)n, at);
        column += width;
        at += n;
    }
}

void sl_print_sides(const char *env) {
    sl_print_wrapped(stdout, 2, "Note: the sides of %s oppose one another; the return adds them up.\n", env);
}

bool sl_json_find_number(const json_t *object, const char *dotted, double *out) {
    const json_t *at = object;
    while (*dotted) {
        char key[64];
        size_t len = strcspn(dotted, ".");
        if (len >= sizeof key) return false;
        memcpy(key, dotted, len);
        key[len] = '\0';
        bool is_index = json_is_array(at) && key[0] >= '0' && key[0] <= '9';
        at = is_index ? json_array_get(at, strtoul(key, NULL, 10)) : json_object_get(at, key);
        dotted += len + (dotted[len] == '.');
    }
    if (!json_is_number(at)) return false;
    *out = json_number_value(at);
    return true;
}
