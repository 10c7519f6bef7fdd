/* output.h - the one JSON object that --json prints. main thread only. */
#ifndef SL_STARLING_OUTPUT_H
#define SL_STARLING_OUTPUT_H

#include "common/status.h"

#include <jansson.h>
#include <stdbool.h>

/* Sets key to value, whose reference it takes; NULL (memory was out) or a failure is remembered in *failed. */
void sl_json_set(json_t *object, const char *key, json_t *value, bool *failed);
/* A real with at most 9 significant digits: enough for people and short enough to read; null when not finite. */
json_t *sl_json_number(double value);
/* Prints object and a newline on stdout and gives it up. SL_MEMORY when it is NULL or failed; SL_IO. */
SL_MUST_CHECK sl_status sl_json_print(json_t *object, bool failed);

#endif
