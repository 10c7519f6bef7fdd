/* heap_count.h - counts every heap allocation of the process, those inside libraries too, for the tests that want 0
 * in 10,000 steps of a hot loop. Linking this replaces malloc and its family in the test program; under a sanitizer,
 * which has its own allocator, nothing is counted. Any thread. */
#ifndef SL_TESTS_SUPPORT_HEAP_COUNT_H
#define SL_TESTS_SUPPORT_HEAP_COUNT_H

#include <stdbool.h>
#include <stdint.h>

bool sl_heap_is_counted(void); /* false under ASan and TSan: skip() the test then */
uint64_t sl_heap_count(void);  /* allocations so far: malloc, calloc, realloc, aligned_alloc, posix_memalign */

#endif
