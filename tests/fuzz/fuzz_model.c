/* fuzz_model.c - a student's file as it comes from a disk or from the coordinator: sl_model_decode. */
#include "agent/model.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    static sl_kernel kernel;
    sl_model model;
    if (sl_model_decode("fuzz", bytes, n_bytes, &kernel, &model) != SL_OK) return 0;
    // what was taken can be flown
    float obs[SL_KERNEL_OBS] = {0}, logits[SL_KERNEL_ACTIONS];
    sl_kernel_decide(&kernel, obs, logits);
    int action = sl_kernel_choose(logits, NULL, kernel.n_actions);
    if (action < 0 || action >= kernel.n_actions) abort();
    return 0;
}
