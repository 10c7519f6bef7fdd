/* writer.h - the lines of a recording, written piece by piece. What cannot be written is remembered until the line
 * ends. Inside envs/; one thread. */
#ifndef SL_ENVS_RECORDING_WRITER_H
#define SL_ENVS_RECORDING_WRITER_H

#include "envs/env.h"

#include <jansson.h>
#include <zlib.h>

typedef struct sl_recording_writer {
    const char *path; /* borrowed */
    gzFile file;
    sl_status status; /* the first failure of this line */
    int error;        /* and its errno */
    long n_bytes;     /* of this line */
} sl_recording_writer;

/* Replaces the file; compressed when path ends in ".gz". SL_NOT_FOUND: no such folder; SL_NO_SPACE, SL_IO. */
SL_MUST_CHECK sl_status sl_recording_writer_open(const char *path, sl_recording_writer *out);
/* Writes what is left and says whether all of it was written. */
SL_MUST_CHECK sl_status sl_recording_writer_close(sl_recording_writer *self);

void sl_recording_put(sl_recording_writer *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A number, with as many digits as it takes to read the same one back. */
void sl_recording_put_double(sl_recording_writer *self, double value);
/* Lists of n. doubles: every stride-th of values. */
void sl_recording_put_floats(sl_recording_writer *self, int n, const float *values);
void sl_recording_put_doubles(sl_recording_writer *self, int n, const double *values, int stride);
void sl_recording_put_bytes(sl_recording_writer *self, int n, const uint8_t *values);
/* ,"obs":[...], or by_name {...}, of obs (N, O). */
void sl_recording_put_obs(sl_recording_writer *self, const sl_env_spec *spec, const float *obs, bool by_name);
/* ,"actions":[...] of discrete agents; what is out of range is played, and told, as 0. */
void sl_recording_put_actions(sl_recording_writer *self, const sl_env_spec *spec, const int32_t *actions);
/* A whole line. SL_NO_SPACE, SL_IO. */
SL_MUST_CHECK sl_status sl_recording_put_object(sl_recording_writer *self, const json_t *object);
/* Closes the object of this line. SL_NO_SPACE, SL_IO; SL_NOT_FINITE: a number that JSON does not have; SL_FULL: a
 * line longer than readers take. */
SL_MUST_CHECK sl_status sl_recording_end_line(sl_recording_writer *self);

/* What stands behind entry k of a list of n. */
static inline const char *sl_recording_comma(int k, int n) {
    return k + 1 < n ? "," : "]";
}
static inline const char *sl_recording_truth(uint8_t flag) {
    return flag ? "true" : "false";
}

#endif
