/* tensors_file.c - see tensors_file.h. */
#include "storage/tensors_file.h"

#include "common/alloc.h"
#include "storage/file.h"
#include "storage/json_memory.h"
#include "storage/tensors_state.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 8, MAX_HEADER = 16 << 20 };
static const size_t max_file_bytes = (size_t)1 << 30;

static sl_status no_memory(const char *what) {
    return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
}

// ----------------------------------------------------------------------------------------------------- encoding

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
    (void)sl_json_memory_failed();
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
    if (sl_json_memory_failed()) {
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

// ----------------------------------------------------------------------------------------------------- decoding

typedef struct entry {
    sl_tensor tensor;
    size_t begin, end; /* into the data */
} entry;

typedef struct decoder {
    const char *what;
    const uint8_t *data;
    size_t data_bytes;
    entry *entries;
    int n_entries;
} decoder;

static sl_status corrupt(const char *what, const char *name, const char *why) {
    return sl_fail(SL_CORRUPT, NULL, "%s: tensor '%.63s' %s", what, name, why);
}

static sl_status read_dtype(const char *what, const char *name, const json_t *value, sl_dtype *out) {
    const char *text = json_string_value(value);
    if (!text) return corrupt(what, name, "has no dtype");
    for (int i = 0; i < SL_DTYPE_COUNT; i++) {
        if (strcmp(text, sl_dtype_name((sl_dtype)i)) == 0) {
            *out = (sl_dtype)i;
            return SL_OK;
        }
    }
    return sl_fail(SL_CORRUPT, "one of F32, F64, I32, I64, U8",
                   "%s: tensor '%.63s' has the unsupported dtype '%.16s'", what, name, text);
}

// an integer >= 0
static bool read_size(const json_t *value, int64_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = json_integer_value(value);
    return true;
}

static sl_status read_shape(const char *what, const json_t *value, sl_tensor *tensor) {
    if (!json_is_array(value)) return corrupt(what, tensor->name, "has no shape");
    if (json_array_size(value) > SL_TENSOR_MAX_DIMS) return corrupt(what, tensor->name, "has too many dimensions");
    tensor->n_dims = (int)json_array_size(value);
    for (int i = 0; i < tensor->n_dims; i++) {
        if (!read_size(json_array_get(value, (size_t)i), &tensor->dims[i])) {
            return corrupt(what, tensor->name, "has a bad shape");
        }
    }
    if (!sl_tensor_measure(tensor->dtype, tensor->n_dims, tensor->dims, &tensor->n_bytes)) {
        return corrupt(what, tensor->name, "has a shape too large for memory");
    }
    return SL_OK;
}

static sl_status read_entry(const decoder *self, const char *name, const json_t *value, entry *out) {
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof out->tensor.name) {
        return corrupt(self->what, name, "has a name that is empty or longer than 63 bytes");
    }
    memcpy(out->tensor.name, name, length + 1);
    if (json_object_size(value) != 3)
        return corrupt(self->what, name, "is not described by dtype, shape, data_offsets");
    SL_TRY(read_dtype(self->what, name, json_object_get(value, "dtype"), &out->tensor.dtype));
    SL_TRY(read_shape(self->what, json_object_get(value, "shape"), &out->tensor));
    const json_t *offsets = json_object_get(value, "data_offsets");
    int64_t begin, end;
    if (json_array_size(offsets) != 2 || !read_size(json_array_get(offsets, 0), &begin) ||
        !read_size(json_array_get(offsets, 1), &end) || begin > end) {
        return corrupt(self->what, name, "has bad data_offsets");
    }
    if ((uint64_t)end > self->data_bytes) return corrupt(self->what, name, "reaches past the end of the data");
    if ((uint64_t)(end - begin) != out->tensor.n_bytes)
        return corrupt(self->what, name, "has offsets unlike its shape");
    out->begin = (size_t)begin;
    out->end = (size_t)end;
    out->tensor.data = self->data + begin;
    return SL_OK;
}

static int by_begin(const void *a, const void *b) {
    const entry *left = a, *right = b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    if (left->end != right->end) return left->end < right->end ? -1 : 1;
    return strcmp(left->tensor.name, right->tensor.name);
}

static sl_status read_meta(const char *what, json_t *value, sl_tensors *out) {
    const char *key;
    json_t *text;
    if (!json_is_object(value)) return sl_fail(SL_CORRUPT, NULL, "%s: __metadata__ is not an object", what);
    json_object_foreach(value, key, text) {
        if (!json_is_string(text)) return sl_fail(SL_CORRUPT, NULL, "%s: metadata '%.63s' is not a text", what, key);
        if (json_object_set(out->meta, key, text) != 0) {
            return no_memory(what);
        }
    }
    return SL_OK;
}

// the data is the tensors one after another: no hole, no overlap, nothing behind
static sl_status take_tensors(decoder *self, sl_tensors *out) {
    size_t at = 0;
    qsort(self->entries, (size_t)self->n_entries, sizeof *self->entries, by_begin);
    for (int i = 0; i < self->n_entries; i++) {
        const entry *next = &self->entries[i];
        if (next->begin < at) return corrupt(self->what, next->tensor.name, "overlaps another");
        if (next->begin > at) return corrupt(self->what, next->tensor.name, "leaves a hole before it");
        at = next->end;
    }
    if (at != self->data_bytes) {
        return sl_fail(SL_CORRUPT, NULL, "%s has %zu bytes after its last tensor", self->what, self->data_bytes - at);
    }
    for (int i = 0; i < self->n_entries; i++) SL_TRY(sl_tensors_take(out, &self->entries[i].tensor));
    return SL_OK;
}

static sl_status read_header(decoder *self, json_t *header, sl_tensors *out) {
    const char *key;
    json_t *value;
    if (!json_is_object(header)) return sl_fail(SL_CORRUPT, NULL, "%s: the header is not a JSON object", self->what);
    if (json_object_size(header) > SL_TENSORS_MAX)
        return sl_fail(SL_CORRUPT, NULL, "%s has too many tensors", self->what);
    self->entries = sl_alloc_array(json_object_size(header) + 1, sizeof *self->entries);
    if (!self->entries) return no_memory(self->what);
    json_object_foreach(header, key, value) {
        if (strcmp(key, "__metadata__") == 0)
            SL_TRY(read_meta(self->what, value, out));
        else
            SL_TRY(read_entry(self, key, value, &self->entries[self->n_entries++]));
    }
    return take_tensors(self, out);
}

static sl_status parse_header(const char *what, const uint8_t *text, size_t n_bytes, json_t **out) {
    json_error_t error;
    (void)sl_json_memory_failed();
    json_t *header = json_loadb((const char *)text, n_bytes, JSON_REJECT_DUPLICATES, &error);
    // jansson may also go on after a failed allocation and leave a member out
    if (sl_json_memory_failed()) {
        json_decref(header);
        return no_memory(what);
    }
    if (!header) {
        return sl_fail(SL_CORRUPT, NULL, "%s: the header is not JSON: %s at byte %d", what, error.text,
                       error.position);
    }
    *out = header;
    return SL_OK;
}

sl_status sl_tensors_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_tensors **out) {
    uint64_t length = 0;
    if (n_bytes < 8) return sl_fail(SL_CORRUPT, NULL, "%s is too short to be a .safetensors file", what);
    for (int i = 0; i < 8; i++) length |= (uint64_t)bytes[i] << (8 * i);
    if (length > MAX_HEADER || length > n_bytes - 8) {
        return sl_fail(SL_CORRUPT, NULL, "%s is cut short or not a .safetensors file", what);
    }

    // create sets jansson's allocator, so it comes before the parse
    sl_tensors *self = NULL;
    json_t *header = NULL;
    decoder pass = {.what = what, .data = bytes + 8 + length, .data_bytes = n_bytes - 8 - (size_t)length};
    sl_status status = sl_tensors_create(&self);
    if (status != SL_OK) return status;
    char *name = sl_alloc_string(what);
    if (!name) {
        status = no_memory(what);
        goto cleanup;
    }
    sl_free(self->what);
    self->what = name;
    status = parse_header(what, bytes + 8, (size_t)length, &header);
    if (status == SL_OK) status = read_header(&pass, header, self);

cleanup:
    json_decref(header);
    sl_free(pass.entries);
    if (status == SL_OK)
        *out = self;
    else
        sl_tensors_destroy(&self);
    return status;
}

// -------------------------------------------------------------------------------------------------------- files

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
