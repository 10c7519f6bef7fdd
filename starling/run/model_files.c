/* model_files.c - see model_files.h. */
#include "starling/run/model_files.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "storage/sidecar.h"

#include <string.h>

enum { MAX_BYTES = 1 << 26 };

/* *all grows by the bytes, whose number is noted; *room doubles, as many files come one after the other */
static sl_status append(uint8_t **all, int64_t *total, int64_t *room, const uint8_t *bytes, size_t n_bytes,
                        int64_t *noted) {
    int64_t needed = *total + (int64_t)n_bytes;
    if (needed > *room) {
        int64_t wider = needed > 2 * *room ? needed : 2 * *room;
        uint8_t *longer = sl_alloc((size_t)wider);
        if (!longer) return sl_fail(SL_MEMORY, NULL, "no memory for %zu bytes of a student", n_bytes);
        if (*total > 0) memcpy(longer, *all, (size_t)*total);
        sl_free(*all);
        *all = longer;
        *room = wider;
    }
    memcpy(*all + *total, bytes, n_bytes);
    *total = needed;
    *noted = (int64_t)n_bytes;
    return SL_OK;
}

static sl_status read_signature(sl_model_files *self, const char *path) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    sl_status status = sl_sidecar_read(path, &bytes, &n_bytes);
    if (status != SL_OK) return status == SL_NOT_FOUND ? SL_OK : status;
    status = append(&self->signatures, &self->n_signatures, &self->signatures_room, bytes, n_bytes,
                    &self->n_signature[self->n]);
    sl_free(bytes);
    return status;
}

sl_status sl_model_files_read(const sl_run *run, sl_model_files *out) {
    out->n_bytes = sl_alloc_array((size_t)run->spec->n_agents, sizeof *out->n_bytes);
    out->n_signature = sl_alloc_array((size_t)run->spec->n_agents, sizeof *out->n_signature);
    if (!out->n_bytes || !out->n_signature) return sl_fail(SL_MEMORY, NULL, "no memory for the students' files");
    for (; out->n < run->n_students; out->n++) {
        char path[SL_RUN_PATH];
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        SL_TRY(sl_run_student_path(run, out->n, path));
        SL_TRY(sl_file_read(path, MAX_BYTES, &bytes, &n_bytes));
        sl_status status = append(&out->bytes, &out->total, &out->room, bytes, n_bytes, &out->n_bytes[out->n]);
        sl_free(bytes);
        if (status == SL_OK) status = read_signature(out, path);
        SL_TRY(status);
    }
    return SL_OK;
}

void sl_model_files_add(const sl_model_files *self, sl_learn_message *request) {
    sl_learn_add(request, SL_TENSOR_POLICY_FILES, self->bytes, SL_SHAPE(self->total));
    sl_learn_add(request, SL_TENSOR_POLICY_BYTES, self->n_bytes, SL_SHAPE(self->n));
    if (!self->signatures) return;
    sl_learn_add(request, SL_TENSOR_POLICY_SIGNATURES, self->signatures, SL_SHAPE(self->n_signatures));
    sl_learn_add(request, SL_TENSOR_SIGNATURE_BYTES, self->n_signature, SL_SHAPE(self->n));
}

void sl_model_files_fini(sl_model_files *self) {
    sl_free(self->n_bytes);
    sl_free(self->bytes);
    sl_free(self->n_signature);
    sl_free(self->signatures);
    *self = (sl_model_files){.n = 0};
}
