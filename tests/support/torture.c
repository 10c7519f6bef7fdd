/* torture.c - the loop around sl_alloc_fail_at. */
#include "support/torture.h"

#include "common/alloc.h"
#include "common/assert.h"

int sl_torture(sl_status (*run)(void *context), void *context) {
    for (uint64_t nth = 1;; nth++) {
        SL_ASSERT(nth < 100000);
        sl_alloc_fail_at(nth);
        sl_status status = run(context);
        sl_alloc_fail_at(0);
        if (status == SL_OK) return (int)(nth - 1);
        SL_ASSERT(status == SL_MEMORY);
    }
}
