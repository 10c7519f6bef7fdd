/* run_id.c - see run_id.h. */
#include "common/run_id.h"

#include <stddef.h>
#include <sys/random.h>

sl_status sl_run_id_draw(uint64_t *out) {
    uint64_t id = 0;
    while (id == 0) {
        if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
            return sl_fail(SL_IO, NULL, "the system gives no random numbers");
    }
    *out = id;
    return SL_OK;
}
