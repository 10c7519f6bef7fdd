/* tensors_digest.c - see tensors_digest.h. */
#include "storage/tensors_digest.h"

#include "common/alloc.h"
#include "storage/tensors_state.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void add_text(crypto_hash_sha256_state *state, const char *text) {
    (void)crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text));
}

static int by_name(const void *a, const void *b) {
    const sl_tensor *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_tensors(crypto_hash_sha256_state *state, const sl_tensors *self, const sl_tensor **order) {
    for (int i = 0; i < self->count; i++) order[i] = self->items[i];
    qsort(order, (size_t)self->count, sizeof *order, by_name);
    for (int i = 0; i < self->count; i++) {
        add_text(state, order[i]->name);
        add_text(state, "\n");
        (void)crypto_hash_sha256_update(state, order[i]->data, order[i]->n_bytes);
    }
}

static void add_meta(crypto_hash_sha256_state *state, const sl_tensors *self, const char *except, const char **keys) {
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(self->meta, key, value) {
        if (strcmp(key, except) != 0) keys[n++] = key;
    }
    qsort(keys, n, sizeof *keys, by_text);
    for (size_t i = 0; i < n; i++) {
        add_text(state, keys[i]);
        add_text(state, "=");
        add_text(state, sl_tensors_meta(self, keys[i]));
        add_text(state, "\n");
    }
}

sl_status sl_tensors_digest(const sl_tensors *self, const char *except, char text[65]) {
    size_t n_keys = json_object_size(self->meta), n = (size_t)self->count;
    void *memory = sl_alloc_array((n > n_keys ? n : n_keys) + 1, sizeof(void *));
    if (!memory) return sl_fail(SL_MEMORY, NULL, "cannot allocate the digest of a tensor file");
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256_init(&state);
    add_tensors(&state, self, memory);
    add_meta(&state, self, except, memory);
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(text, 65, digest, sizeof digest);
    sl_free(memory);
    return SL_OK;
}
