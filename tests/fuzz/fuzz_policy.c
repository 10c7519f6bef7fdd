/* fuzz_policy.c - a policy file, a teacher's with its critic too: sl_tensors_decode and sl_policy_read. */
#include "nn/policy.h"
#include "storage/tensors_file.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    sl_tensors *file = NULL;
    sl_policy policy = {0};
    if (sl_tensors_decode("fuzz", bytes, n_bytes, &file) != SL_OK) return 0;
    // a digest of its own, or no changed file would be looked into
    if (sl_tensors_meta(file, "digest") && sl_profile_seal(file) != SL_OK) abort();
    sl_status status = sl_policy_read(file, &policy);
    sl_tensors_destroy(&file);
    if (status != SL_OK) return 0;
    // what was taken is whole: finite parameters of the shape it names
    for (size_t i = 0; i < sl_net_n_params(&policy.def); i++) {
        if (!isfinite(policy.params[i])) abort();
    }
    if (policy.has_critic && sl_net_def_check(&policy.critic_def) != SL_OK) abort();
    if (policy.profile.in_dim != policy.def.in_dim) abort();
    sl_policy_fini(&policy);
    return 0;
}
