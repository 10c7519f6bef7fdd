/* json_memory.c - see json_memory.h. */
#include "storage/json_memory.h"

#include "common/alloc.h"

#include <pthread.h>

#include <jansson.h>

static _Thread_local bool failed;

static void *allocate(size_t n_bytes) {
    void *memory = sl_alloc(n_bytes);
    failed = failed || !memory;
    return memory;
}

static void set_once(void) {
    json_set_alloc_funcs(allocate, sl_free);
}

void sl_json_memory_set(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_once);
}

bool sl_json_memory_failed(void) {
    bool was = failed;
    failed = false;
    return was;
}
