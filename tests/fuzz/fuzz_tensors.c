/* fuzz_tensors.c - a .safetensors file from a disk or a peer: sl_tensors_decode, and sl_profile_read on what it took.
 */
#include "common/alloc.h"
#include "storage/profile.h"
#include "storage/tensors_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

// what was taken encodes to a file that says the same
static void check_again(const sl_tensors *file) {
    uint8_t *bytes, *again;
    size_t n_bytes, n_again;
    sl_tensors *copy = NULL;
    if (sl_tensors_encode(file, &bytes, &n_bytes) != SL_OK) abort();
    if (sl_tensors_decode("fuzz again", bytes, n_bytes, &copy) != SL_OK) abort();
    if (sl_tensors_count(copy) != sl_tensors_count(file)) abort();
    if (sl_tensors_encode(copy, &again, &n_again) != SL_OK) abort();
    if (n_again != n_bytes || memcmp(again, bytes, n_bytes) != 0) abort();
    sl_free(bytes);
    sl_free(again);
    sl_tensors_destroy(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    sl_tensors *file = NULL;
    sl_profile profile;
    if (sl_tensors_decode("fuzz", bytes, n_bytes, &file) != SL_OK) return 0;
    for (int i = 0; i < sl_tensors_count(file); i++) {
        const sl_tensor *tensor = sl_tensors_at(file, i);
        size_t n = sl_dtype_bytes(tensor->dtype);
        for (int k = 0; k < tensor->n_dims; k++) n *= (size_t)tensor->dims[k];
        if (n != tensor->n_bytes || n > n_bytes) abort();
    }
    check_again(file);
    if (sl_profile_read("fuzz", file, &profile) == SL_OK && (profile.obs_dim < 1 || profile.hidden < 1)) abort();
    sl_tensors_destroy(&file);
    return 0;
}
