/* alloc.h - the gate to the heap: all of Starling's allocations pass here, so that tests can count them
 * and fail the Nth. Memory is 64-byte aligned (a cache line, an AVX-512 register). Any thread. */
#ifndef SL_COMMON_ALLOC_H
#define SL_COMMON_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void *sl_alloc(size_t n_bytes);                 /* zeroed; NULL when memory is out or the test's count came up */
void *sl_alloc_array(size_t n, size_t n_bytes); /* as sl_alloc(n * n_bytes), NULL on overflow */
void *sl_alloc_copy(const void *bytes, size_t n_bytes);
char *sl_alloc_string(const char *text); /* a copy */
void sl_free(void *memory);              /* NULL-safe */

uint64_t sl_alloc_count(void);       /* allocations made so far by this process */
void sl_alloc_fail_at(uint64_t nth); /* the nth allocation from now (1 = next) fails; 0 = none. For tests. */

#endif
