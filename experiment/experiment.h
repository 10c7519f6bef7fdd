/* experiment.h - what a YAML file of experiments/ says (docs/experiments.md), after defaults, --set and checks: plain
 * data, read from the resolved file of the run. Keys have the names of the fields. Texts are never NULL. */
#ifndef SL_EXPERIMENT_EXPERIMENT_H
#define SL_EXPERIMENT_EXPERIMENT_H

#include "common/choice.h"
#include "common/status.h"
#include "envs/options.h"
#include "experiment/choices.h"
#include "links/links.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_EXP_MAX_AGENTS = 1024, SL_EXP_MAX_BLOCKS = 16, SL_EXP_MAX_NAME = 63 };

typedef struct sl_exp_env {
    char *name;             /* "mpe/simple_spread_v3" */
    sl_env_options options; /* by the tables of the families; its texts are the experiment's */
} sl_exp_env;

typedef struct sl_exp_net {
    int hidden, layers;
    bool layer_norm;
    sl_cell cell;
    sl_activation activation;
} sl_exp_net;

typedef struct sl_exp_ppo {
    int64_t total_steps;                                                   /* environment steps, over all copies */
    int n_envs, rollout_steps, epochs, minibatches, chunk, max_policy_lag; /* lag: 1, roll-outs beside learning */
    double lr, lr_final, adam_eps, clip, gamma, lambda; /* lr anneals linearly from lr to lr_final */
    double entropy, entropy_final, value_coef, huber_delta, max_grad_norm;
    bool value_norm;
    sl_exp_reward reward; /* sum, mean: all learn from that of the agents' rewards, with one critic row */
} sl_exp_ppo;

typedef struct sl_exp_teacher {
    char *from, *init; /* a run folder or a teacher file: instead of training, to start training from; "" = neither */
    sl_exp_net actor, critic;
    bool agent_id;              /* one-hot agent index appended to the shared actor's observation */
    sl_exp_critic critic_input; /* agent: a row for each, which also reads its own observation and its index */
    sl_exp_precision precision; /* of the factors of the learner's products */
    sl_exp_ppo ppo;
} sl_exp_teacher;

typedef struct sl_exp_record {
    char *from; /* a run folder whose buffer is used instead of recording; "" = record */
    int episodes;
    int64_t max_items, max_bytes, min_size; /* bounds: episodes, file bytes; sampling starts at */
    sl_exp_sampler sampler;
    double samples_per_insert, error_buffer; /* Reverb's rate limiter; 0 = only min_size counts */
} sl_exp_record;

typedef struct sl_exp_mask_def {
    sl_mask_kind kind;
    int k_min, k_max; /* random: features kept, drawn per agent and episode */
    sl_exp_sight sight;
    sl_exp_visibility movement, avail_actions;
    bool age; /* students see the ages of what others tell them, behind their features */
} sl_exp_mask_def;

typedef struct sl_exp_student {
    sl_exp_net net;
    char **blocks; /* mask.kind blocks: names that this agent keeps */
    unsigned blocks_count;
} sl_exp_student;

typedef struct sl_exp_distill {
    sl_exp_source source;
    int updates, episodes, epochs, minibatches; /* updates: batches asked of the coordinator, of that many episodes */
    double lr, lr_final, adam_eps, max_grad_norm, tau, tau_role, clip, entropy, gamma, lambda;
    double w_ppo, w_kl, w_ce, w_sr, w_role; /* eq. 5 and 6; 0 switches a term off */
    /* d_r of eq. 9, roles of eq. 11, steps between W_T's or 0; as that of ppo */
    int common_dim, role_dim, teacher_role_period, max_policy_lag;
} sl_exp_distill;

typedef struct sl_exp_eval {
    int episodes;
    uint64_t seed; /* episode e of every evaluation uses stream split(seed, e) */
} sl_exp_eval;

typedef struct sl_exp_fleet {
    sl_exp_agents agents;                                   /* started here, or they come by themselves */
    char *endpoint;                                         /* "tcp://127.0.0.1:*" */
    int episodes, lease_ms, heartbeat_ms, tick_deadline_ms; /* deadline: of a lockstep tick, on the wall clock */
    int patience_ms;                                        /* how long ticks wait for a lost agent, once per loss */
    sl_exp_clock clock;
    double hz; /* ticks a second of realtime, and a step's length where delays are in ms; 0 = the environment's own */
} sl_exp_fleet;

typedef struct sl_experiment {
    char *name; /* a plain file name */
    uint64_t seed;
    int threads, checkpoint_seconds; /* threads: workers of trainer and coordinator; no result depends on it */
    sl_exp_method method;
    sl_exp_env env;
    sl_exp_teacher teacher;
    sl_exp_record record;
    sl_exp_mask_def mask;
    sl_exp_student *students; /* one per agent; a single entry is repeated for all */
    unsigned students_count;
    sl_exp_distill distill;
    sl_exp_eval eval;
    sl_exp_fleet fleet;
    sl_links_def links;
} sl_experiment;

/* Reads path, applies the set ("distill.w_kl=0.5", "students[0].blocks=comm,others"), fills defaults, checks ranges.
 * SL_NOT_FOUND; SL_CONFIG; SL_USAGE: a set without "=". parse: from memory; what names the text in error lines.
 * Traces of links are from the folder of path or what, those of the set from the current one; they become absolute.
 */
SL_MUST_CHECK sl_status sl_experiment_load(const char *path, const char *const *set, int n_set, sl_experiment **out);
SL_MUST_CHECK sl_status sl_experiment_parse(const char *what, const char *text, size_t n_bytes,
                                            const char *const *set, int n_set, sl_experiment **out);
/* Writes the resolved experiment atomically: it loads as the same. SL_NO_SPACE, SL_IO. format: text for sl_free, a
 * zero behind it. identity: without keys that older versions lack, where they say nothing: by it runs are known. */
SL_MUST_CHECK sl_status sl_experiment_save(const sl_experiment *self, const char *path);
SL_MUST_CHECK sl_status sl_experiment_format(const sl_experiment *self, char **text, size_t *n_bytes);
SL_MUST_CHECK sl_status sl_experiment_format_identity(const sl_experiment *self, char **text, size_t *n_bytes);
void sl_experiment_destroy(sl_experiment **self);

#endif
