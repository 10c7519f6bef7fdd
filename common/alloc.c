/* alloc.c - the only file that calls the C library's allocator. */
#include "common/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

static atomic_uint_fast64_t n_allocations;
static atomic_uint_fast64_t fail_countdown;

static int must_fail(void) {
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) == 0) return 0;
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *sl_alloc(size_t n_bytes) {
    if (n_bytes > SIZE_MAX - ALIGNMENT || must_fail()) return NULL;
    size_t rounded = (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
    if (!memory) return NULL;
    memset(memory, 0, rounded);
    atomic_fetch_add_explicit(&n_allocations, 1, memory_order_relaxed);
    return memory;
}

void *sl_alloc_array(size_t n, size_t n_bytes) {
    if (n_bytes && n > SIZE_MAX / n_bytes) return NULL;
    return sl_alloc(n * n_bytes);
}

void *sl_alloc_copy(const void *bytes, size_t n_bytes) {
    void *copy = sl_alloc(n_bytes);
    if (copy && n_bytes) memcpy(copy, bytes, n_bytes);
    return copy;
}

char *sl_alloc_string(const char *text) {
    return sl_alloc_copy(text, strlen(text) + 1);
}

void sl_free(void *memory) {
    free(memory);
}

uint64_t sl_alloc_count(void) {
    return atomic_load(&n_allocations);
}

void sl_alloc_fail_at(uint64_t nth) {
    atomic_store(&fail_countdown, nth);
}
