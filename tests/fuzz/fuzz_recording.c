/* fuzz_recording.c - a recording that anyone may hand to `starling env check`: sl_recording_check_bytes. */
#include "envs/recording/recording.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    sl_recording_result result;
    if (sl_recording_check_bytes("fuzz", bytes, n_bytes, &result) != SL_OK) return 0;
    // whatever was recorded, what is reported is a number
    if (result.steps < 1 || result.mismatched_steps > result.steps) abort();
    if (!isfinite(result.max_abs_obs) || !isfinite(result.max_abs_state) || !isfinite(result.max_abs_reward)) abort();
    return 0;
}
