/* policy.h - a network together with its file: a student or the teacher's actor (and critic) as a .safetensors whose
 * metadata is the profile of storage/profile.h and which carries its known-answer test. Owner: one thread. */
#ifndef SL_NN_POLICY_H
#define SL_NN_POLICY_H

#include "nn/net.h"
#include "storage/profile.h"

typedef struct sl_policy {
    sl_profile profile;
    sl_net_def def;
    float *params;    /* (sl_net_n_params(&def)) owned after a load; all finite */
    bool has_critic;  /* teacher files carry their critic */
    bool critic_team; /* one value row for the team, else one per agent */
    bool critic_mean; /* of the mean of the agents' rewards instead of their sum; with critic_team */
    sl_net_def critic_def;
    float *critic_params;         /* NULL without a critic */
    double value_mean, value_std; /* critic output * std + mean is in reward units */
} sl_policy;

/* Fills the profile's derived fields (in_dim, n_actions, cell, activation, hidden, layers, layer_norm, flops,
 * n_bytes) from def, makes the known-answer test with sl_net_decide and writes the file atomically. SL_NOT_FINITE for
 * a NaN among the parameters; SL_NO_SPACE, SL_IO, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_policy_save(const sl_policy *self, const char *path);
/* Reads, checks every shape against the profile, and runs the known-answer test. SL_NOT_FOUND, SL_CORRUPT,
 * SL_MISMATCH. */
SL_MUST_CHECK sl_status sl_policy_load(const char *path, sl_policy *out);
/* The same of a file already decoded, trusted or not. */
SL_MUST_CHECK sl_status sl_policy_read(const sl_tensors *file, sl_policy *out);
void sl_policy_fini(sl_policy *self); /* frees the parameters; twice does no harm */

/* The critic's definition is kept as metadata "critic.in_dim", "critic.out_dim", "critic.hidden", "critic.layers",
 * "critic.cell", "critic.activation", "critic.layer_norm", "critic.team", "critic.mean" (where it
 * is 1), "critic.value_mean", "critic.value_std", its tensors prefixed "critic." A tensor with one column has one
 * dimension. */

#endif
