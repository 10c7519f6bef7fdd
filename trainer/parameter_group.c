/* parameter_group.c - gradients by slice, and what a checkpoint holds. */
#include "trainer/parameter_group.h"

#include "common/alloc.h"

#include <stdio.h>
#include <string.h>

sl_status sl_parameter_group_init(sl_parameter_group *self, const char *name, size_t n, float *params, int n_slices) {
    *self = (sl_parameter_group){.name = name, .n = n, .params = params, .n_slices = n_slices, .moves = true};
    self->grads = sl_alloc_array((size_t)n_slices * n, sizeof *self->grads);
    if (!self->grads) return sl_fail(SL_MEMORY, NULL, "cannot allocate gradients of %zu parameters", n);
    return sl_adam_init(&self->adam, n);
}

void sl_parameter_group_fini(sl_parameter_group *self) {
    sl_adam_fini(&self->adam);
    sl_free(self->grads);
    *self = (sl_parameter_group){0};
}

float *sl_parameter_group_slice(const sl_parameter_group *self, int slice) {
    return self->grads + (size_t)slice * self->n;
}

void sl_parameter_group_zero(sl_parameter_group *self, int slice) {
    memset(sl_parameter_group_slice(self, slice), 0, self->n * sizeof *self->grads);
}

size_t sl_parameter_group_sum(const sl_parameter_group *self, float *grads) {
    memset(grads, 0, self->n * sizeof *grads);
    for (int s = 0; self->moves && s < self->n_slices; s++)
        for (size_t k = 0; k < self->n; k++) grads[k] += sl_parameter_group_slice(self, s)[k];
    return self->n;
}

static const char *key(char buffer[64], const char *name, const char *part) {
    snprintf(buffer, 64, "%s.%s", name, part);
    return buffer;
}

sl_status sl_parameter_group_save(const sl_parameter_group *self, sl_tensors *file) {
    char buffer[64];
    const int64_t n = (int64_t)self->n, one = 2;
    const int64_t counters[2] = {self->adam.t, self->skipped};
    SL_TRY(sl_tensors_add(file, key(buffer, self->name, "params"), SL_F32, 1, &n, self->params));
    SL_TRY(sl_tensors_add(file, key(buffer, self->name, "m"), SL_F32, 1, &n, self->adam.m));
    SL_TRY(sl_tensors_add(file, key(buffer, self->name, "v"), SL_F32, 1, &n, self->adam.v));
    return sl_tensors_add(file, key(buffer, self->name, "t"), SL_I64, 1, &one, counters);
}

sl_status sl_parameter_group_load(sl_parameter_group *self, const sl_tensors *file) {
    char buffer[64];
    const int64_t n = (int64_t)self->n;
    const sl_tensor *params, *m, *v, *t;
    SL_TRY(sl_tensors_find(file, key(buffer, self->name, "params"), SL_F32, n, &params));
    SL_TRY(sl_tensors_find(file, key(buffer, self->name, "m"), SL_F32, n, &m));
    SL_TRY(sl_tensors_find(file, key(buffer, self->name, "v"), SL_F32, n, &v));
    SL_TRY(sl_tensors_find(file, key(buffer, self->name, "t"), SL_I64, 2, &t));
    memcpy(self->params, params->data, self->n * sizeof(float));
    memcpy(self->adam.m, m->data, self->n * sizeof(float));
    memcpy(self->adam.v, v->data, self->n * sizeof(float));
    self->adam.t = ((const int64_t *)t->data)[0];
    self->skipped = ((const int64_t *)t->data)[1];
    return SL_OK;
}
