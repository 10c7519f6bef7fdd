/* tensors.c - the file in memory and its encoder; the decoder is tensors_decode.c. */
#include "storage/tensors_impl.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/utf8.h"
#include "storage/file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 8 };
static const size_t max_file_bytes = (size_t)1 << 30;

static const struct {
    const char *name;
    size_t n_bytes;
} dtypes[SL_DTYPE_COUNT] = {
    [SL_F32] = {"F32", 4}, [SL_F64] = {"F64", 8}, [SL_I32] = {"I32", 4}, [SL_I64] = {"I64", 8}, [SL_U8] = {"U8", 1},
};

size_t sl_dtype_bytes(sl_dtype dtype) {
    SL_ASSERT((unsigned)dtype < SL_DTYPE_COUNT);
    return dtypes[dtype].n_bytes;
}

const char *sl_dtype_name(sl_dtype dtype) {
    return dtypes[dtype].name;
}

bool sl_tensor_measure(sl_dtype dtype, int n_dims, const int64_t *dims, size_t *n_bytes) {
    size_t n = sl_dtype_bytes(dtype);
    bool empty = false;
    for (int i = 0; i < n_dims; i++) {
        if (dims[i] < 0) return false;
        if (dims[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(n, (size_t)dims[i], &n))
            return false;
    }
    *n_bytes = empty ? 0 : n;
    return n <= PTRDIFF_MAX;
}

// jansson's parser does not tell a failed allocation from bad JSON
static _Thread_local bool json_memory_failed;

// jansson's memory passes the gate as well, so that tests can fail it
static void *json_alloc(size_t n_bytes) {
    void *memory = sl_alloc(n_bytes);
    json_memory_failed = json_memory_failed || !memory;
    return memory;
}

static void set_json_allocator(void) {
    json_set_alloc_funcs(json_alloc, sl_free);
}

bool sl_tensors_json_memory_failed(void) {
    bool failed = json_memory_failed;
    json_memory_failed = false;
    return failed;
}

static sl_status no_memory(const char *what) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
}

sl_status sl_tensors_create(sl_tensors **out) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_json_allocator);
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

static const sl_tensor *find(const sl_tensors *self, const char *name) {
    for (int i = 0; i < self->count; i++) {
        if (strcmp(self->items[i]->name, name) == 0) return self->items[i];
    }
    return NULL;
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

static int by_size_then_name(const void *a, const void *b) {
    const sl_tensor *const *left = a, *const *right = b;
    size_t left_bytes = sl_dtype_bytes((*left)->dtype), right_bytes = sl_dtype_bytes((*right)->dtype);
    if (left_bytes != right_bytes) return left_bytes > right_bytes ? -1 : 1;
    return strcmp((*left)->name, (*right)->name);
}

// {"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}
static json_t *describe(const sl_tensor *tensor, size_t begin) {
    json_t *shape = json_array();
    for (int i = 0; shape && i < tensor->n_dims; i++) {
        if (json_array_append_new(shape, json_integer(tensor->dims[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    if (!shape) return NULL;
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", sl_dtype_name(tensor->dtype), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + tensor->n_bytes));
}

// the JSON header as text, for sl_free, or NULL
static char *make_header(const sl_tensors *self, sl_tensor *const *order, size_t *data_bytes) {
    (void)sl_tensors_json_memory_failed();
    json_t *header = json_object();
    bool ok = header != NULL;
    if (ok && json_object_size(self->meta) > 0) ok = json_object_set(header, "__metadata__", self->meta) == 0;
    size_t at = 0;
    for (int i = 0; ok && i < self->count; i++) {
        ok = json_object_set_new(header, order[i]->name, describe(order[i], at)) == 0;
        at += order[i]->n_bytes;
    }
    char *text = ok ? json_dumps(header, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(header);
    // json_dumps goes on after a failed allocation and leaves bytes out
    if (sl_tensors_json_memory_failed()) {
        sl_free(text);
        return NULL;
    }
    *data_bytes = at;
    return text;
}

// length, header padded with spaces so that the data is aligned, data
static uint8_t *assemble(const char *header, int count, sl_tensor *const *order, size_t data_bytes, size_t *n_bytes) {
    size_t length = strlen(header);
    size_t padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    uint8_t *bytes = sl_alloc(8 + padded + data_bytes);
    if (!bytes) return NULL;
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)padded >> (8 * i));
    memcpy(bytes + 8, header, length);
    memset(bytes + 8 + length, ' ', padded - length);
    uint8_t *at = bytes + 8 + padded;
    for (int i = 0; i < count; i++) {
        if (order[i]->n_bytes) memcpy(at, order[i]->data, order[i]->n_bytes);
        at += order[i]->n_bytes;
    }
    *n_bytes = 8 + padded + data_bytes;
    return bytes;
}

sl_status sl_tensors_encode(const sl_tensors *self, uint8_t **bytes, size_t *n_bytes) {
    size_t data_bytes = 0;
    sl_tensor **order = sl_alloc_array((size_t)self->count + 1, sizeof *order);
    if (!order) return no_memory("a tensor file");
    if (self->count) memcpy(order, self->items, (size_t)self->count * sizeof(sl_tensor *));
    qsort(order, (size_t)self->count, sizeof *order, by_size_then_name);
    char *header = make_header(self, order, &data_bytes);
    uint8_t *encoded = header ? assemble(header, self->count, order, data_bytes, n_bytes) : NULL;
    sl_free(header);
    sl_free(order);
    if (!encoded) return no_memory("a tensor file");
    *bytes = encoded;
    return SL_OK;
}

sl_status sl_tensors_save(const sl_tensors *self, const char *path) {
    uint8_t *bytes;
    size_t n_bytes;
    SL_TRY(sl_tensors_encode(self, &bytes, &n_bytes));
    sl_status status = sl_file_replace(path, bytes, n_bytes);
    sl_free(bytes);
    return status;
}

sl_status sl_tensors_load(const char *path, sl_tensors **out) {
    uint8_t *bytes;
    size_t n_bytes;
    SL_TRY(sl_file_read(path, max_file_bytes, &bytes, &n_bytes));
    sl_status status = sl_tensors_decode(path, bytes, n_bytes, out);
    sl_free(bytes);
    return status;
}
