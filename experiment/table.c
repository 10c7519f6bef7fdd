/* table.c - every key of an experiment with its kind, default and range; those of env follow from the families'
 * options. docs/experiments.md says what each means; a test compares the two. */
#include "experiment/impl.h"

#include "common/assert.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64 };

// the YAML path of a key is the C path of its field
// NOLINTBEGIN(bugprone-macro-parentheses): designators and initialisers take none
#define KEY_IN(type, path, field, kind, standard, range)                                                             \
    { path, SL_EXP_##kind, offsetof(type, field), standard, range, NULL, false }
#define LIST_IN(type, path, field, kind, what)                                                                       \
    { path, SL_EXP_##kind, offsetof(type, field), NULL, NULL, what, false }
// a channel's keys: the file has no section for them
#define CHANNEL(type, at, section, duplicate_standard, rate_standard)                                                \
    KEY_IN(type, section "preset", at.preset, TEXT, "", NULL),                                                       \
        KEY_IN(type, section "delay", at.delay, TEXT, "", NULL),                                                     \
        KEY_IN(type, section "loss", at.loss, TEXT, "", NULL),                                                       \
        KEY_IN(type, section "duplicate", at.duplicate, REAL, duplicate_standard, "[0, 1]"),                         \
        KEY_IN(type, section "order", at.order, TEXT, "", NULL),                                                     \
        KEY_IN(type, section "rate", at.rate, REAL, rate_standard, "[0, 1e9]"),                                      \
        KEY_IN(type, section "outages", at.outages, TEXT, "", NULL)
#define KEY(field, kind, standard, range) KEY_IN(sl_experiment, #field, field, kind, standard, range)
#define NET(at, kind, size, depth, norm)                                                                             \
    KEY(at.cell, CHOICE, kind, "none gru"), KEY(at.hidden, INT, size, "[1, 1024]"),                                  \
        KEY(at.layers, INT, depth, "[1, 4]"), KEY(at.activation, CHOICE, "relu", "relu tanh"),                       \
        KEY(at.layer_norm, BOOL, norm, NULL)
// NOLINTEND(bugprone-macro-parentheses)

#undef KEY
#define KEY(field, kind, standard, range) KEY_IN(sl_exp_student, #field, field, kind, standard, range)

static const sl_exp_list blocks_list = {.count_offset = offsetof(sl_exp_student, blocks_count),
                                        .most = SL_EXP_MAX_BLOCKS};

static const sl_exp_key student_keys[] = {
    NET(net, "gru", "16", "1", "false"),
    LIST_IN(sl_exp_student, "blocks", blocks, WORDS, &blocks_list),
};
static const sl_exp_table student_table = {student_keys, sizeof student_keys / sizeof student_keys[0],
                                           sizeof(sl_exp_student)};
static const sl_exp_list student_list = {.table = &student_table,
                                         .count_offset = offsetof(sl_experiment, students_count),
                                         .least = 1,
                                         .most = SL_EXP_MAX_AGENTS,
                                         .repeats = true};

#undef KEY
#define KEY(field, kind, standard, range) KEY_IN(sl_link_rule, #field, field, kind, standard, range)

static const sl_exp_key rule_keys[] = {
    KEY(agents, TEXT, "", NULL),
    KEY(direction, CHOICE, "both", "both observation action"),
    KEY(blocks, TEXT, "", NULL),
    CHANNEL(sl_link_rule, words, "", "", ""),
};
static const sl_exp_table rule_table = {rule_keys, sizeof rule_keys / sizeof rule_keys[0], sizeof(sl_link_rule)};
static const sl_exp_list rule_list = {
    .table = &rule_table, .count_offset = offsetof(sl_experiment, links.n_rules), .most = SL_LINKS_MAX_RULES};

#undef KEY
#define KEY(field, kind, standard, range) KEY_IN(sl_experiment, #field, field, kind, standard, range)

// but the options of env, which stand behind env.name
static const sl_exp_key own_keys[] = {
    KEY(name, TEXT, "experiment", NULL),
    KEY(seed, U64, "1", NULL),
    KEY(threads, INT, "2", "[1, 256]"),
    KEY(checkpoint_seconds, INT, "20", "[1, 86400]"),
    KEY(method, CHOICE, "kd-marl", "kd-marl direct"),

    KEY(env.name, TEXT, NULL, NULL),

    KEY(teacher.from, TEXT, "", NULL),
    KEY(teacher.init, TEXT, "", NULL),
    NET(teacher.actor, "gru", "64", "2", "true"),
    NET(teacher.critic, "gru", "64", "2", "true"),
    KEY(teacher.agent_id, BOOL, "true", NULL),
    KEY(teacher.critic_input, CHOICE, "state", "state agent"),
    KEY(teacher.precision, CHOICE, "f32", "f32 bf16"),
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
    KEY(teacher.ppo.max_policy_lag, INT, "0", "[0, 1]"),

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
    KEY(mask.age, BOOL, "false", NULL),

    LIST_IN(sl_experiment, "students", students, ENTRIES, &student_list),

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
    KEY(distill.max_policy_lag, INT, "1", "[0, 1]"),

    KEY(eval.episodes, INT, "1000", "[1, 1000000]"),
    KEY(eval.seed, U64, "1", NULL),

    KEY(fleet.agents, CHOICE, "local", "local remote"),
    KEY(fleet.endpoint, TEXT, "tcp://127.0.0.1:*", NULL),
    KEY(fleet.episodes, INT, "20", "[1, 1000000]"),
    KEY(fleet.tick_deadline_ms, INT, "2000", "[1, 3600000]"),
    KEY(fleet.patience_ms, INT, "15000", "[0, 3600000]"),
    KEY(fleet.lease_ms, INT, "10000", "[100, 3600000]"),
    KEY(fleet.heartbeat_ms, INT, "500", "[10, 60000]"),
    KEY(fleet.clock, CHOICE, "lockstep", "lockstep virtual realtime"),
    KEY(fleet.hz, REAL, "0", "[0, 10000]"),

    KEY(links.execution, CHOICE, "onboard", "onboard remote"),
    KEY_IN(sl_experiment, "links.teacher", links.teaches_stale, BOOL, "fresh", "fresh stale"),
    KEY(links.fallback, CHOICE, "hold", "hold noop decay"),
    CHANNEL(sl_experiment, links.words, "links.", "0", "0"),
    LIST_IN(sl_experiment, "links.rules", links.rules, ENTRIES, &rule_list),
};

static sl_exp_key top_keys[SL_EXP_MAX_KEYS];
static char option_paths[SL_ENV_MAX_OPTIONS][NAME_SIZE];
static sl_exp_table top = {top_keys, 0, sizeof(sl_experiment)};

static sl_exp_key key_of_option(int k) {
    static const sl_exp_kind kinds[] = {[SL_ENV_BOOL] = SL_EXP_BOOL,
                                        [SL_ENV_INT] = SL_EXP_INT,
                                        [SL_ENV_REAL] = SL_EXP_REAL,
                                        [SL_ENV_TEXT] = SL_EXP_TEXT};
    const sl_env_option *option = sl_env_option_at(k);
    int n = snprintf(option_paths[k], NAME_SIZE, "env.%s", option->name);
    SL_ASSERT(n > 0 && n < NAME_SIZE);
    size_t offset = offsetof(sl_experiment, env.options.values) + (size_t)k * sizeof(sl_env_value);
    return (sl_exp_key){option_paths[k], kinds[option->kind], offset, option->standard, option->range, NULL, false};
}

// than the first runs that may still be resumed
static bool came_later(const char *path) {
    static const char *const later[] = {"mask.age", "fleet.clock", "fleet.hz", "teacher.precision"};
    bool is_later = strncmp(path, "links.", 6) == 0;
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) is_later = is_later || strcmp(path, later[i]) == 0;
    return is_later;
}

static void build(void) {
    int n_own = sizeof own_keys / sizeof own_keys[0];
    SL_ASSERT(n_own + sl_env_n_options() <= SL_EXP_MAX_KEYS);
    for (int i = 0; i < n_own; i++) {
        top_keys[top.n_keys] = own_keys[i];
        top_keys[top.n_keys++].is_later = came_later(own_keys[i].path);
        if (strcmp(own_keys[i].path, "env.name") != 0) continue;
        for (int k = 0; k < sl_env_n_options(); k++) top_keys[top.n_keys++] = key_of_option(k);
    }
}

const sl_exp_table *sl_exp_top(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, build);
    return &top;
}

const sl_exp_key *sl_exp_find_key(const sl_exp_table *table, const char *path) {
    for (int i = 0; i < table->n_keys; i++)
        if (strcmp(table->keys[i].path, path) == 0) return &table->keys[i];
    return NULL;
}

_Static_assert(sizeof(sl_cell) == sizeof(int), "a choice is written as an int");
