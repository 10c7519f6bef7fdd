/* lines.h - the lines of a recording as checked JSON: a file, plain or gzip. Every error names the recording and the
 * line. Inside envs/; one thread. */
#ifndef SL_ENVS_RECORDING_LINES_H
#define SL_ENVS_RECORDING_LINES_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <zlib.h>

/* Longer lines are refused: the longest of the reference's recordings has 40 KB. */
enum { SL_RECORDING_MAX_LINE = 1 << 20 };

typedef struct sl_recording_lines {
    const char *name; /* for messages; borrowed */
    long number;      /* of the line read last, from 1 */
    gzFile file;
    char *line;
} sl_recording_lines;

SL_MUST_CHECK sl_status sl_recording_lines_open(const char *path, sl_recording_lines *out);
void sl_recording_lines_close(sl_recording_lines *self);
/* The next line's object, owned by the caller; NULL at the end. SL_CORRUPT: no JSON object, or a line too long. */
SL_MUST_CHECK sl_status sl_recording_lines_next(sl_recording_lines *self, json_t **out);

/* Values of one line. All refuse other types with "name:line: key 'x' is not ..." (SL_CORRUPT). */
SL_MUST_CHECK sl_status sl_recording_bad(const sl_recording_lines *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
SL_MUST_CHECK sl_status sl_recording_string(const sl_recording_lines *self, const json_t *object, const char *key,
                                            const char **out);
SL_MUST_CHECK sl_status sl_recording_bool(const sl_recording_lines *self, const json_t *object, const char *key,
                                          int *out);
/* An integer in [low, high]. what names it in the message. */
SL_MUST_CHECK sl_status sl_recording_int(const sl_recording_lines *self, const json_t *value, const char *what,
                                         int low, int high, int *out);
/* An array of exactly n numbers, each at most limit in magnitude. */
SL_MUST_CHECK sl_status sl_recording_numbers(const sl_recording_lines *self, const json_t *array, const char *what,
                                             int n, double limit, double *out);
/* An array of exactly n integers in [low, high]; one names an entry in the message. */
SL_MUST_CHECK sl_status sl_recording_ints(const sl_recording_lines *self, const json_t *array, const char *what,
                                          const char *one, int n, int low, int high, int32_t *out);
/* An array of exactly n values. */
SL_MUST_CHECK sl_status sl_recording_array(const sl_recording_lines *self, const json_t *array, const char *what,
                                           int n);

#endif
