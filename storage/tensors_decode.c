/* tensors_decode.c - the reader of untrusted .safetensors bytes. Any thread. */
#include "storage/tensors_impl.h"

#include "common/alloc.h"

#include <stdlib.h>
#include <string.h>

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
            return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
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
    if (!self->entries) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", self->what);
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
    (void)sl_tensors_json_memory_failed();
    json_t *header = json_loadb((const char *)text, n_bytes, JSON_REJECT_DUPLICATES, &error);
    // jansson may also go on after a failed allocation and leave a member out
    if (sl_tensors_json_memory_failed()) {
        json_decref(header);
        return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
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
    if (length > SL_TENSORS_MAX_HEADER || length > n_bytes - 8) {
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
        status = sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", what);
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
