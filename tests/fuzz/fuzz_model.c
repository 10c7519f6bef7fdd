/* fuzz_model.c - a student's file as it comes from a disk or from the coordinator: sl_model_decode. */
#include "agent/model.h"

#include "common/alloc.h"
#include "storage/tensors_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

// the same file with a digest of its own, or no changed one would be looked into; NULL when it cannot have one
static uint8_t *seal(const uint8_t *bytes, size_t n_bytes, size_t *n_sealed) {
    sl_tensors *file = NULL;
    uint8_t *sealed = NULL;
    if (sl_tensors_decode("fuzz", bytes, n_bytes, &file) != SL_OK) return NULL;
    if (sl_profile_seal(file) != SL_OK || sl_tensors_encode(file, &sealed, n_sealed) != SL_OK) abort();
    sl_tensors_destroy(&file);
    return sealed;
}

static void try_model(const uint8_t *bytes, size_t n_bytes) {
    static sl_kernel kernel;
    sl_model model;
    if (sl_model_decode("fuzz", bytes, n_bytes, &kernel, &model) != SL_OK) return;
    // what was taken can be flown
    float obs[SL_KERNEL_OBS] = {0}, logits[SL_KERNEL_ACTIONS];
    sl_kernel_decide(&kernel, obs, logits);
    int action = sl_kernel_choose(logits, NULL, kernel.n_actions);
    if (action < 0 || action >= kernel.n_actions) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    size_t n_sealed = 0;
    uint8_t *sealed = seal(bytes, n_bytes, &n_sealed);
    try_model(bytes, n_bytes);
    if (sealed) try_model(sealed, n_sealed);
    sl_free(sealed);
    return 0;
}
