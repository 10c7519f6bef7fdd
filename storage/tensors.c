/* tensors.c - see tensors.h. */
#include "storage/tensors.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/utf8.h"
#include "storage/json_memory.h"
#include "storage/tensors_state.h"

#include <string.h>

static sl_status no_memory(const char *what) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
}

sl_status sl_tensors_create(sl_tensors **out) {
    sl_json_memory_set();
    sl_tensors *self = sl_alloc(sizeof *self);
    if (!self) return no_memory("a tensor file");
    self->what = sl_alloc_string("");
    self->meta = json_object();
    if (!self->what || !self->meta) {
        sl_tensors_destroy(&self);
        return no_memory("a tensor file");
    }
    *out = self;
    return SL_OK;
}

void sl_tensors_destroy(sl_tensors **self_pointer) {
    sl_tensors *self = *self_pointer;
    if (!self) return;
    for (int i = 0; i < self->count; i++) sl_free(self->items[i]);
    sl_free(self->items);
    sl_free(self->what);
    json_decref(self->meta);
    sl_free(self);
    *self_pointer = NULL;
}

static sl_status reserve(sl_tensors *self) {
    if (self->count < self->capacity) return SL_OK;
    int capacity = self->capacity ? 2 * self->capacity : 32;
    sl_tensor **items = sl_alloc_array((size_t)capacity, sizeof *items);
    if (!items) return no_memory("a list of tensors");
    if (self->count) memcpy(items, self->items, (size_t)self->count * sizeof(sl_tensor *));
    sl_free(self->items);
    self->items = items;
    self->capacity = capacity;
    return SL_OK;
}

sl_status sl_tensors_take(sl_tensors *self, const sl_tensor *tensor) {
    // a description and its data are one block: the data starts at the next 64-byte border
    enum { DATA_AT = (sizeof(sl_tensor) + 63) / 64 * 64 };
    SL_TRY(reserve(self));
    uint8_t *block = tensor->n_bytes > SIZE_MAX - DATA_AT ? NULL : sl_alloc(DATA_AT + tensor->n_bytes);
    if (!block) return no_memory(tensor->name);
    sl_tensor *copy = (sl_tensor *)(void *)block;
    *copy = *tensor;
    copy->data = block + DATA_AT;
    if (tensor->n_bytes) memcpy(block + DATA_AT, tensor->data, tensor->n_bytes);
    self->items[self->count++] = copy;
    return SL_OK;
}

static const sl_tensor *find(const sl_tensors *self, const char *name) {
    for (int i = 0; i < self->count; i++) {
        if (strcmp(self->items[i]->name, name) == 0) return self->items[i];
    }
    return NULL;
}

sl_status sl_tensors_add(sl_tensors *self, const char *name, sl_dtype dtype, int n_dims, const int64_t *dims,
                         const void *data) {
    sl_tensor tensor = {.dtype = dtype, .n_dims = n_dims, .data = data};
    size_t length = strlen(name);
    SL_ASSERT(length > 0 && length < sizeof tensor.name && strcmp(name, "__metadata__") != 0);
    SL_ASSERT(n_dims >= 0 && n_dims <= SL_TENSOR_MAX_DIMS && self->count < SL_TENSORS_MAX);
    SL_ASSERT(!find(self, name));
    memcpy(tensor.name, name, length + 1);
    for (int i = 0; i < n_dims; i++) tensor.dims[i] = dims[i];
    SL_ASSERT(sl_tensor_measure(dtype, n_dims, dims, &tensor.n_bytes));
    return sl_tensors_take(self, &tensor);
}

sl_status sl_tensors_set_meta(sl_tensors *self, const char *key, const char *value) {
    // jansson answers bad UTF-8 and a failed allocation alike
    if (!sl_utf8_is_valid(value)) return sl_fail(SL_CONFIG, NULL, "the metadata '%s' is not valid UTF-8", key);
    json_t *text = json_string(value);
    if (!text || json_object_set_new(self->meta, key, text) != 0) return no_memory(key);
    return SL_OK;
}

const char *sl_tensors_meta(const sl_tensors *self, const char *key) {
    return json_string_value(json_object_get(self->meta, key));
}

int sl_tensors_count(const sl_tensors *self) {
    return self->count;
}

const sl_tensor *sl_tensors_at(const sl_tensors *self, int i) {
    SL_ASSERT(i >= 0 && i < self->count);
    return self->items[i];
}

const char *sl_tensors_what(const sl_tensors *self) {
    return self->what;
}

sl_status sl_tensors_find(const sl_tensors *self, const char *name, sl_dtype dtype, int64_t n,
                          const sl_tensor **out) {
    const char *what = self->what[0] ? self->what : "the tensor file";
    const sl_tensor *tensor = find(self, name);
    if (!tensor) return sl_fail(SL_MISMATCH, NULL, "%s has no tensor '%s'", what, name);
    if (tensor->dtype != dtype) {
        return sl_fail(SL_MISMATCH, NULL, "%s: tensor '%s' is %s, not %s", what, name, sl_dtype_name(tensor->dtype),
                       sl_dtype_name(dtype));
    }
    size_t n_found = tensor->n_bytes / sl_dtype_bytes(dtype);
    if (n >= 0 && n_found != (size_t)n) {
        return sl_fail(SL_MISMATCH, NULL, "%s: tensor '%s' has %zu elements, not %lld", what, name, n_found,
                       (long long)n);
    }
    *out = tensor;
    return SL_OK;
}
