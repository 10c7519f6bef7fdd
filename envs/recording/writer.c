/* writer.c - see writer.h. */
#include "envs/recording/writer.h"

#include "common/assert.h"
#include "envs/recording/lines.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static sl_status fail_io(const char *path, int error) {
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    sl_status code = full ? SL_NO_SPACE : error == ENOENT ? SL_NOT_FOUND : SL_IO;
    return sl_fail(code, NULL, "cannot write %s: %s", path, error ? strerror(error) : "zlib failed");
}

sl_status sl_recording_writer_open(const char *path, sl_recording_writer *out) {
    size_t len = strlen(path);
    errno = 0;
    // T: as it is
    gzFile file = gzopen(path, len > 3 && strcmp(path + len - 3, ".gz") == 0 ? "wb" : "wbT");
    if (!file) return fail_io(path, errno);
    *out = (sl_recording_writer){.path = path, .file = file};
    return SL_OK;
}

sl_status sl_recording_writer_close(sl_recording_writer *self) {
    errno = 0;
    int code = self->file ? gzclose(self->file) : Z_OK;
    self->file = NULL;
    return code == Z_OK ? SL_OK : fail_io(self->path, errno);
}

void sl_recording_put(sl_recording_writer *self, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    SL_ASSERT(n >= 0 && n < (int)sizeof text);
    if (self->status != SL_OK || n == 0) return;
    errno = 0;
    self->n_bytes += n;
    if (gzwrite(self->file, text, (unsigned)n) != n) {
        self->error = errno;
        self->status = SL_IO;
    }
}

// as many digits as it takes to read the same number back
static void put_number(sl_recording_writer *self, double value, int digits, const char *behind) {
    if (!isfinite(value) && self->status == SL_OK) self->status = SL_NOT_FINITE;
    sl_recording_put(self, "%.*g%s", digits, isfinite(value) ? value : 0.0, behind);
}

void sl_recording_put_double(sl_recording_writer *self, double value) {
    put_number(self, value, 17, "");
}

void sl_recording_put_floats(sl_recording_writer *self, int n, const float *values) {
    sl_recording_put(self, n > 0 ? "[" : "[]");
    for (int k = 0; k < n; k++) put_number(self, (double)values[k], 9, sl_recording_comma(k, n));
}

void sl_recording_put_doubles(sl_recording_writer *self, int n, const double *values, int stride) {
    sl_recording_put(self, "[");
    for (int k = 0; k < n; k++) put_number(self, values[k * stride], 17, sl_recording_comma(k, n));
}

void sl_recording_put_bytes(sl_recording_writer *self, int n, const uint8_t *values) {
    sl_recording_put(self, n > 0 ? "[" : "[]");
    for (int k = 0; k < n; k++) sl_recording_put(self, "%d%s", values[k], sl_recording_comma(k, n));
}

void sl_recording_put_obs(sl_recording_writer *self, const sl_env_spec *spec, const float *obs, bool by_name) {
    int N = spec->n_agents;
    sl_recording_put(self, ",\"obs\":%s", by_name ? "{" : "[");
    for (int i = 0; i < N; i++, obs += spec->obs_dim) {
        if (by_name) sl_recording_put(self, "\"%s\":", spec->agents[i].name);
        sl_recording_put_floats(self, spec->agents[i].obs_dim, obs);
        sl_recording_put(self, i + 1 < N ? "," : by_name ? "}" : "]");
    }
}

void sl_recording_put_actions(sl_recording_writer *self, const sl_env_spec *spec, const int32_t *actions) {
    int N = spec->n_agents;
    sl_recording_put(self, ",\"actions\":[");
    for (int i = 0; i < N; i++) {
        bool known = actions[i] >= 0 && actions[i] < spec->agents[i].n_actions;
        sl_recording_put(self, "%d%s", known ? (int)actions[i] : 0, sl_recording_comma(i, N));
    }
}

static int write_text(const char *text, size_t n_bytes, void *context) {
    sl_recording_writer *self = context;
    errno = 0;
    if (gzwrite(self->file, text, (unsigned)n_bytes) == (int)n_bytes) return 0;
    self->error = errno;
    return -1;
}

sl_status sl_recording_put_object(sl_recording_writer *self, const json_t *object) {
    if (!json_dump_callback(object, write_text, self, JSON_COMPACT) && !write_text("\n", 1, self)) return SL_OK;
    return fail_io(self->path, self->error);
}

sl_status sl_recording_end_line(sl_recording_writer *self) {
    sl_recording_put(self, "}\n");
    sl_status status = self->status;
    long n_bytes = self->n_bytes;
    self->status = SL_OK;
    self->n_bytes = 0;
    if (status == SL_NOT_FINITE) return sl_fail(status, NULL, "%s: a number to record is not finite", self->path);
    if (status != SL_OK) return fail_io(self->path, self->error);
    if (n_bytes < SL_RECORDING_MAX_LINE) return SL_OK;
    return sl_fail(SL_FULL, "record fewer agents", "%s: a line is longer than %d bytes", self->path,
                   SL_RECORDING_MAX_LINE);
}
