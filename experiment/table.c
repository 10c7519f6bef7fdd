/* table.c - every key of an experiment with its kind, default and range. docs/experiments.md says what
 * each means; a test compares the two. */
#include "experiment/impl.h"

#include <stddef.h>

// the YAML path of a key is the C path of its field
// NOLINTBEGIN(bugprone-macro-parentheses): designators and initialisers take none
#define KEY(field, kind, standard, range)                                                                            \
    { #field, SL_EXP_##kind, offsetof(sl_experiment, field), standard, range }
#define NET(at, kind, size, depth, norm)                                                                             \
    KEY(at.cell, CHOICE, kind, "none gru"), KEY(at.hidden, INT, size, "[1, 1024]"),                                  \
        KEY(at.layers, INT, depth, "[1, 4]"), KEY(at.activation, CHOICE, "relu", "relu tanh"),                       \
        KEY(at.layer_norm, BOOL, norm, NULL)
// NOLINTEND(bugprone-macro-parentheses)

static const sl_exp_key top_keys[] = {
    KEY(name, TEXT, "experiment", NULL),
    KEY(seed, U64, "1", NULL),
    KEY(threads, INT, "2", "[1, 256]"),
    KEY(checkpoint_seconds, INT, "20", "[1, 86400]"),
    KEY(method, CHOICE, "kd-marl", "kd-marl direct"),

    KEY(env.name, TEXT, NULL, NULL),
    KEY(env.n_agents, INT, "0", "[0, 64]"),
    KEY(env.max_steps, INT, "0", "[0, 100000]"),
    KEY(env.local_ratio, REAL, "-1", "[-1, 1]"),
    KEY(env.continuous, BOOL, "false", NULL),
    KEY(env.legacy_physics, BOOL, "false", NULL),
    KEY(env.full, BOOL, "false", NULL),
    KEY(env.opponent, TEXT, "reference", NULL),
    KEY(env.corpse_attack, BOOL, "true", NULL),
    KEY(env.wall_offset_fix, BOOL, "false", NULL),
    KEY(env.clamp_to_map, BOOL, "false", NULL),
    KEY(env.clear_last_actions, BOOL, "false", NULL),
    KEY(env.spawn_shift, REAL, "0", "[0, 8]"),

    KEY(teacher.from, TEXT, "", NULL),
    KEY(teacher.init, TEXT, "", NULL),
    NET(teacher.actor, "gru", "64", "2", "true"),
    NET(teacher.critic, "gru", "64", "2", "true"),
    KEY(teacher.agent_id, BOOL, "true", NULL),
    KEY(teacher.critic_input, CHOICE, "state", "state agent"),
    KEY(teacher.ppo.total_steps, I64, "5000000", "[1, 1000000000000]"),
    KEY(teacher.ppo.n_envs, INT, "128", "[1, 65536]"),
    KEY(teacher.ppo.rollout_steps, INT, "25", "[1, 65536]"),
    KEY(teacher.ppo.epochs, INT, "10", "[1, 1000]"),
    KEY(teacher.ppo.minibatches, INT, "1", "[1, 65536]"),
    KEY(teacher.ppo.chunk, INT, "10", "[1, 65536]"),
    KEY(teacher.ppo.lr, REAL, "7e-4", "(0, 1]"),
    KEY(teacher.ppo.lr_final, REAL, "7e-4", "[0, 1]"),
    KEY(teacher.ppo.adam_eps, REAL, "1e-5", "[1e-12, 1]"),
    KEY(teacher.ppo.clip, REAL, "0.2", "(0, 10]"),
    KEY(teacher.ppo.gamma, REAL, "0.99", "[0, 1]"),
    KEY(teacher.ppo.lambda, REAL, "0.95", "[0, 1]"),
    KEY(teacher.ppo.entropy, REAL, "0.01", "[0, 10]"),
    KEY(teacher.ppo.entropy_final, REAL, "0.01", "[0, 10]"),
    KEY(teacher.ppo.value_coef, REAL, "1", "[0, 100]"),
    KEY(teacher.ppo.huber_delta, REAL, "10", "(0, 1e6]"),
    KEY(teacher.ppo.max_grad_norm, REAL, "10", "[0, 1e6]"),
    KEY(teacher.ppo.value_norm, BOOL, "true", NULL),
    KEY(teacher.ppo.reward, CHOICE, "sum", "sum mean own"),
    KEY(teacher.ppo.max_policy_lag, INT, "1", "[0, 1000]"),

    KEY(record.from, TEXT, "", NULL),
    KEY(record.episodes, INT, "2000", "[1, 100000000]"),
    KEY(record.max_items, I64, "100000", "[1, 100000000]"),
    KEY(record.max_bytes, I64, "2147483648", "[65536, 1000000000000]"),
    KEY(record.sampler, CHOICE, "uniform", "uniform fifo lifo"),
    KEY(record.samples_per_insert, REAL, "0", "[0, 1e6]"),
    KEY(record.min_size, I64, "1", "[1, 100000000]"),
    KEY(record.error_buffer, REAL, "0", "[0, 1e9]"),

    KEY(mask.kind, CHOICE, "none", "none blocks random"),
    KEY(mask.k_min, INT, "8", "[1, 65536]"),
    KEY(mask.k_max, INT, "10", "[1, 65536]"),
    KEY(mask.sight, CHOICE, "limited", "limited full"),
    KEY(mask.movement, CHOICE, "visible", "visible hidden"),
    KEY(mask.avail_actions, CHOICE, "visible", "visible hidden"),

    KEY(students, LIST, NULL, NULL),

    KEY(distill.source, CHOICE, "expert", "expert student mixed"),
    KEY(distill.updates, INT, "2000", "[1, 100000000]"),
    KEY(distill.episodes, INT, "64", "[1, 65536]"),
    KEY(distill.epochs, INT, "1", "[1, 1000]"),
    KEY(distill.minibatches, INT, "1", "[1, 65536]"),
    KEY(distill.lr, REAL, "1e-3", "(0, 1]"),
    KEY(distill.lr_final, REAL, "1e-4", "[0, 1]"),
    KEY(distill.adam_eps, REAL, "1e-5", "[1e-12, 1]"),
    KEY(distill.max_grad_norm, REAL, "10", "[0, 1e6]"),
    KEY(distill.w_ppo, REAL, "1", "[0, 1000]"),
    KEY(distill.w_kl, REAL, "1", "[0, 1000]"),
    KEY(distill.w_ce, REAL, "0.1", "[0, 1000]"),
    KEY(distill.w_sr, REAL, "0.1", "[0, 1000]"),
    KEY(distill.w_role, REAL, "0.1", "[0, 1000]"),
    KEY(distill.tau, REAL, "1", "(0, 100]"),
    KEY(distill.tau_role, REAL, "1", "(0, 100]"),
    KEY(distill.clip, REAL, "0.2", "(0, 10]"),
    KEY(distill.entropy, REAL, "0", "[0, 10]"),
    KEY(distill.gamma, REAL, "0.99", "[0, 1]"),
    KEY(distill.lambda, REAL, "0.95", "[0, 1]"),
    KEY(distill.common_dim, INT, "32", "[1, 1024]"),
    KEY(distill.role_dim, INT, "4", "[2, 64]"),
    KEY(distill.teacher_role_period, INT, "0", "[0, 1000000]"),

    KEY(eval.episodes, INT, "1000", "[1, 1000000]"),
    KEY(eval.seed, U64, "1", NULL),

    KEY(fleet.endpoint, TEXT, "tcp://127.0.0.1:*", NULL),
    KEY(fleet.episodes, INT, "20", "[1, 1000000]"),
    KEY(fleet.tick_deadline_ms, INT, "2000", "[1, 3600000]"),
    KEY(fleet.lease_ms, INT, "10000", "[100, 3600000]"),
    KEY(fleet.heartbeat_ms, INT, "500", "[10, 60000]"),
};

#undef KEY
#define KEY(field, kind, standard, range)                                                                            \
    { #field, SL_EXP_##kind, offsetof(sl_exp_student, field), standard, range }

static const sl_exp_key student_keys[] = {
    NET(net, "gru", "16", "1", "false"),
    KEY(blocks, LIST, NULL, NULL),
};

const sl_exp_table sl_exp_top = {top_keys, sizeof top_keys / sizeof top_keys[0]};
const sl_exp_table sl_exp_student_table = {student_keys, sizeof student_keys / sizeof student_keys[0]};

_Static_assert(sizeof top_keys / sizeof top_keys[0] <= SL_EXP_MAX_KEYS, "sl_exp_raw has a text for every key");
_Static_assert(sizeof(sl_cell) == sizeof(int), "a choice is written as an int");
