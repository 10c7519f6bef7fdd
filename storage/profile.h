/* profile.h - what a policy file says of itself, kept as its metadata: enough to fly it without its experiment, and a
 * known-answer test that every agent runs before it flies. */
#ifndef SL_STORAGE_PROFILE_H
#define SL_STORAGE_PROFILE_H

#include "storage/tensors.h"

#include <stdbool.h>

enum { SL_PROFILE_BLOCKS = 17, SL_KAT_STEPS = 4 };

typedef struct sl_profile {
    char kind[16];                  /* "student" | "teacher" */
    char env[64], env_options[256]; /* name, and "n_agents=3 ... full=1": some always, others if not the default */
    int agent, n_agents;            /* index and team size; a shared teacher says agent -1 */
    char role[32];
    int obs_dim, n_actions, in_dim; /* in_dim = obs_dim, plus the agent id when agent_id */
    bool agent_id;
    char cell[8], activation[8]; /* none | gru, relu | tanh */
    int hidden, layers;
    bool layer_norm;
    char mask[160]; /* "none", "blocks: landmarks others", "random 8-10", then ", sight limited" */
    int n_blocks;
    struct {
        char name[32];
        int begin, len;
    } blocks[SL_PROFILE_BLOCKS]; /* the observation's layout; "age": ages of those that are told, behind all others */
    double flops;                /* of a decision */
    int64_t n_bytes;             /* of the parameters */
    char run[64];                /* experiment name */
    uint64_t seed;
    double kat_tolerance; /* 0: the logits must match bit for bit */
    int arithmetic;       /* in which the known answers were made; 1 where a file does not say */
} sl_profile;

/* Metadata <-> struct. read: SL_CORRUPT for a missing or unreadable field, named; SL_MISMATCH for another format
 * version. */
SL_MUST_CHECK sl_status sl_profile_write(const sl_profile *self, sl_tensors *file);
SL_MUST_CHECK sl_status sl_profile_read(const char *what, const sl_tensors *file, sl_profile *out);

/* The last step of writing a policy file: metadata "digest" over all else in it (sl_tensors_digest). A file whose
 * digest is another is SL_CORRUPT to sl_profile_read; one without is as old as its maker, and read. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_profile_seal(sl_tensors *file);

/* The largest difference from the expected logits that a program of this arithmetic allows: the profile's own, or for
 * a file of another arithmetic 1e-5 of the largest of n, if that is more. */
double sl_profile_tolerance(const sl_profile *self, int arithmetic, int64_t n, const float *expected);
/* Whether logits are the n expected ones: tolerance 0 means bit for bit. */
bool sl_profile_is_answer(int64_t n, const float *logits, const float *expected, double tolerance);

/* The known-answer test is kept as tensors "kat.input" (SL_KAT_STEPS, in_dim) and "kat.logits" (SL_KAT_STEPS,
 * n_actions); the recurrent state starts at zero. The network's tensors are named as in nn/net.h, prefixed "policy."
 */

#endif
