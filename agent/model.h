/* model.h - a student's file read into the kernel: profile, shapes and numbers are checked, and the file's
 * known-answer test is flown, before an agent says that it can fly it. At start only, by the agent's one thread. */
#ifndef SL_AGENT_MODEL_H
#define SL_AGENT_MODEL_H

#include "agent/kernel.h"
#include "common/status.h"
#include "storage/profile.h"

#include <stddef.h>

enum { SL_MODEL_MAX_BYTES = 4 * 1024 * 1024 };

typedef struct sl_model {
    sl_profile profile;
    char sha256[65]; /* of the file, as HELLO says it */
} sl_model;

/* what: the file's name in error lines. The kernel is usable only after SL_OK. SL_CORRUPT: malformed, a tensor is
 * missing or not finite; SL_MISMATCH: another hidden size (the hint names the right program), not a student, a shape
 * other than the profile's, too large, or the known-answer test came out otherwise (of a file of another arithmetic,
 * by more than rounding: sl_profile_tolerance). */
SL_MUST_CHECK sl_status sl_model_decode(const char *what, const uint8_t *bytes, size_t n_bytes, sl_kernel *kernel,
                                        sl_model *out);
/* The same from a file: also SL_NOT_FOUND, SL_IO. */
SL_MUST_CHECK sl_status sl_model_load(const char *path, sl_kernel *kernel, sl_model *out);
/* Not a file but random numbers, for --bench: obs_dim <= SL_KERNEL_OBS, n_actions <= SL_KERNEL_ACTIONS. */
void sl_model_random(int obs_dim, int n_actions, uint64_t seed, sl_kernel *kernel);

#endif
