/* output.c - see output.h. Called by the commands. */
#include "starling/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void sl_json_set(json_t *object, const char *key, json_t *value, bool *failed) {
    if (json_object_set_new(object, key, value) != 0) *failed = true;
}

json_t *sl_json_number(double value) {
    if (!isfinite(value)) return json_null();
    char text[40];
    (void)snprintf(text, sizeof text, "%.9g", value);
    return json_real(strtod(text, NULL));
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
