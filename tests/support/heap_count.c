/* heap_count.c - the C library's allocator behind counting names. glibc keeps its own entries as __libc_*, so that
 * no dlsym is needed (which allocates itself). */
#include "support/heap_count.h"

#include "support/sanitizer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_uint_fast64_t n_calls;

bool sl_heap_is_counted(void) {
    return !SL_UNDER_SANITIZER;
}

uint64_t sl_heap_count(void) {
    return atomic_load(&n_calls);
}

#if !SL_UNDER_SANITIZER
#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t n_bytes);
void *__libc_calloc(size_t n, size_t n_bytes);
void *__libc_realloc(void *memory, size_t n_bytes);
void *__libc_memalign(size_t alignment, size_t n_bytes);
EXPORT void *malloc(size_t n_bytes);
EXPORT void *calloc(size_t n, size_t n_bytes);
EXPORT void *realloc(void *memory, size_t n_bytes);
EXPORT void *aligned_alloc(size_t alignment, size_t n_bytes);
EXPORT int posix_memalign(void **out, size_t alignment, size_t n_bytes);

static void count(void) {
    atomic_fetch_add_explicit(&n_calls, 1, memory_order_relaxed);
}

void *malloc(size_t n_bytes) {
    count();
    return __libc_malloc(n_bytes);
}

void *calloc(size_t n, size_t n_bytes) {
    count();
    return __libc_calloc(n, n_bytes);
}

void *realloc(void *memory, size_t n_bytes) {
    count();
    return __libc_realloc(memory, n_bytes);
}

void *aligned_alloc(size_t alignment, size_t n_bytes) {
    count();
    return __libc_memalign(alignment, n_bytes);
}

int posix_memalign(void **out, size_t alignment, size_t n_bytes) {
    count();
    void *memory = __libc_memalign(alignment, n_bytes);
    if (!memory) return ENOMEM;
    *out = memory;
    return 0;
}
#endif
