/* model_files.c - see model_files.h. */
#include "starling/run/model_files.h"

#include "common/alloc.h"
#include "storage/file.h"

#include <string.h>

enum { MAX_BYTES = 1 << 26 };

static sl_status append(sl_model_files *self, const uint8_t *bytes, size_t n_bytes) {
    uint8_t *longer = sl_alloc((size_t)self->total + n_bytes);
    if (!longer) return sl_fail(SL_MEMORY, NULL, "no memory for %zu bytes of a student", n_bytes);
    if (self->total > 0) memcpy(longer, self->bytes, (size_t)self->total);
    memcpy(longer + self->total, bytes, n_bytes);
    sl_free(self->bytes);
    self->bytes = longer;
    self->total += (int64_t)n_bytes;
    self->n_bytes[self->n++] = (int64_t)n_bytes;
    return SL_OK;
}

sl_status sl_model_files_read(const sl_run *run, sl_model_files *out) {
    while (out->n < run->n_students) {
        char path[SL_RUN_PATH];
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        SL_TRY(sl_run_student_path(run, out->n, path));
        SL_TRY(sl_file_read(path, MAX_BYTES, &bytes, &n_bytes));
        sl_status status = append(out, bytes, n_bytes);
        sl_free(bytes);
        SL_TRY(status);
    }
    return SL_OK;
}

void sl_model_files_add(const sl_model_files *self, sl_learn_message *request) {
    sl_learn_add(request, SL_TENSOR_POLICY_FILES, self->bytes, SL_SHAPE(self->total));
    sl_learn_add(request, SL_TENSOR_POLICY_BYTES, self->n_bytes, SL_SHAPE(self->n));
}

void sl_model_files_fini(sl_model_files *self) {
    sl_free(self->bytes);
    *self = (sl_model_files){.n = 0};
}
