/* run_id.h - random numbers that tell a program, or a session of it, from the one before. Any thread. */
#ifndef SL_COMMON_RUN_ID_H
#define SL_COMMON_RUN_ID_H

#include "common/status.h"

#include <stdint.h>

/* From the system, never 0: that is "none" in every message. SL_IO. */
SL_MUST_CHECK sl_status sl_run_id_draw(uint64_t *out);

#endif
