/* output.h - the one JSON object that --json prints. main thread only. */
#ifndef SL_STARLING_RUN_OUTPUT_H
#define SL_STARLING_RUN_OUTPUT_H

#include "common/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Sets key to value, whose reference it takes; NULL (memory was out) or a failure is remembered in *failed. */
void sl_json_set(json_t *object, const char *key, json_t *value, bool *failed);
/* The same for several, in this order: SL_JSON_SET(object, &failed, {"env", json_string(name)}, ...). */
typedef struct sl_json_field {
    const char *key;
    json_t *value;
} sl_json_field;
void sl_json_set_all(json_t *object, bool *failed, const sl_json_field *fields); /* ends with a NULL key */
#define SL_JSON_SET(object, failed, ...)                                                                             \
    sl_json_set_all(object, failed, (const sl_json_field[]){__VA_ARGS__, {NULL, NULL}})
/* A real with at most 9 significant digits: enough for people and short enough to read; null when not finite. */
json_t *sl_json_number(double value);
/* A seed: an integer, or from 2^63 on, which JSON's integers here do not hold, its digits as a string. */
json_t *sl_json_seed(uint64_t seed);
/* Prints object and a newline on stdout and gives it up. SL_MEMORY when it is NULL or failed; SL_IO. */
SL_MUST_CHECK sl_status sl_json_print(json_t *object, bool failed);

enum { SL_COLUMNS = 80 }; /* what people read fits into */
/* Prints text for people (at most 8 KiB), broken at spaces where a line would leave SL_COLUMNS; what goes on begins
 * with indent spaces. */
void sl_print_wrapped(FILE *file, int indent, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The note beside a return of an environment whose sides oppose one another. */
void sl_print_sides(const char *env);
/* Characters of UTF-8 text: every byte but the continuation bytes. */
int sl_text_width(const char *text, size_t n_bytes);
/* A number deep in an object: "policies.teacher.return.mean", "fleets.0.p50_ms"; false when it is not there. */
bool sl_json_find_number(const json_t *object, const char *dotted, double *out);

#endif
