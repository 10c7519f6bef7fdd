/* test_mappo.c - the whole MAPPO loss against finite differences, chunking, learning. */
#include "trainer/learners/mappo.h"

#include "common/alloc.h"
#include "nn/dist.h"
#include "support/net_ref.h"
#include "trainer/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

typedef struct fixture {
    sl_synthetic_learner base;
    sl_learner *mappo;
    const sl_batch *batch;
    const sl_setup *setup;
    const sl_mappo_stats *stats;
    sl_exp_ppo *ppo;
    float *actor, *critic, *d_actor, *d_critic;
    size_t n_actor, n_critic;
    int n_chunks, chunks[64];
} fixture;

static void create(fixture *f, const sl_synthetic_def *def, int n_threads, int block_rows) {
    sl_synthetic_learner_create(&f->base, "mappo", def, n_threads, block_rows);
    f->mappo = f->base.learner;
    f->batch = &f->base.data.batch;
    f->setup = &f->base.data.setup;
    f->ppo = f->base.data.ppo;
    f->stats = f->mappo->stats;
    sl_learner_params params = f->mappo->class->get_params(f->mappo);
    f->actor = params.actor, f->n_actor = params.n_actor;
    f->critic = params.critic, f->n_critic = params.n_critic;
    f->d_actor = sl_alloc_array(f->n_actor, sizeof(float));
    f->d_critic = sl_alloc_array(f->n_critic, sizeof(float));
    int chunk = def->cell == SL_CELL_GRU ? def->chunk : 1;
    f->n_chunks = (def->T + chunk - 1) / chunk * def->B;
    assert_true(f->n_chunks <= 64);
    for (int k = 0; k < f->n_chunks; k++) f->chunks[k] = k;
}

static void destroy(fixture *f) {
    sl_synthetic_learner_destroy(&f->base);
    sl_free(f->d_actor);
    sl_free(f->d_critic);
}

static double loss(void *context) {
    fixture *f = context;
    return sl_mappo_loss(f->mappo, f->batch, f->n_chunks, f->chunks, f->d_actor, f->d_critic);
}

static void check_gradient(sl_synthetic_def *def, bool direct) {
    fixture f;
    def->direct = direct;
    create(&f, def, 2, 0);
    sl_synthetic_disturb(f.n_actor, f.actor, 0.2, 11);
    sl_synthetic_disturb(f.n_critic, f.critic, 0.2, 12);
    // ratios of a few random policies leave the clip range at kinks: a wide range has none
    f.ppo->clip = 50;
    f.ppo->entropy = 0.5;
    (void)loss(&f);
    double error = sl_gradient_error(f.n_actor, f.actor, f.d_actor, loss, &f, 2e-3, 6);
    assert_true(error < 1e-2);
    (void)loss(&f);
    error = sl_gradient_error(f.n_critic, f.critic, f.d_critic, loss, &f, 2e-3, 6);
    assert_true(error < 1e-2);
    destroy(&f);
}

static void gradient_equals_finite_differences(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    check_gradient(&def, false);
    def.with_avail = def.with_alive = true;
    check_gradient(&def, true);
    def.team = false;
    check_gradient(&def, false);
    def.critic_own = true;
    check_gradient(&def, true);
    def.cell = SL_CELL_NONE;
    def.layer_norm = true;
    check_gradient(&def, false);
    def.critic_own = false;
    def.team = true;
    check_gradient(&def, true);
}

/* The critic's loss put together by hand from rows [state | own observation | index], of the dead the index alone;
 * every row counts, whoever is alive. */
static double critic_loss_by_hand(const fixture *f) {
    const sl_batch *b = f->batch;
    const sl_net_def *net = &f->setup->critic;
    int N = b->N, O = b->O, S = b->S, R = b->T * b->B;
    double total = 0;
    for (int r = 0; r < R * N; r++) {
        float x[64] = {0}, value;
        x[S + O + r % N] = 1.0f;
        if (b->alive[r] != 0.0f) {
            memcpy(x, b->state + (r / N) * S, (size_t)S * sizeof *x);
            memcpy(x + S, b->critic_obs + r * O, (size_t)O * sizeof *x);
        }
        sl_net_forward_ref(net, f->critic, 1, 1, x, NULL, NULL, &value, NULL);
        // no value is more than the clip range of 50 away from what it was
        total += 0.5 * pow((double)(value - b->target[r]), 2) / (R * N);
    }
    return total;
}

static void check_rows_of_agents(int n_agents) {
    sl_synthetic_def def = sl_synthetic_default_def();
    def.N = n_agents;
    def.cell = SL_CELL_NONE;
    def.team = false;
    def.critic_own = def.with_alive = true;
    fixture f;
    create(&f, &def, 2, 0);
    sl_synthetic_disturb(f.n_critic, f.critic, 0.2, 12);
    f.ppo->clip = 50;
    double both = loss(&f), by_hand = critic_loss_by_hand(&f);
    f.ppo->value_coef = 0;
    double actor = loss(&f);
    assert_true(fabs(both - actor - by_hand) < 1e-5);
    destroy(&f);
}

static void the_dead_read_their_index_alone(void **state) {
    (void)state;
    check_rows_of_agents(3);
    // one agent is a team of its own, and its row is still put together
    check_rows_of_agents(1);
}

/* The same loss put together by hand: each chunk forward on its own, with its own start state. */
static double loss_by_hand(const fixture *f) {
    const sl_batch *b = f->batch;
    const sl_net_def *net = &f->setup->teacher;
    int N = b->N, O = b->O, A = b->A, chunk = f->base.data.def.chunk, B = b->B;
    float x[64], h0[32], not_first[8], logits[64], logp[64], advantage[64], entropy;
    // mean and deviation by the definition
    double mean = 0, var = 0, total = 0;
    for (int r = 0; r < b->T * B; r++) mean += (double)b->advantage[r] / (b->T * B);
    for (int r = 0; r < b->T * B; r++) var += pow((double)b->advantage[r] - mean, 2) / (b->T * B);
    for (int r = 0; r < b->T * B; r++) advantage[r] = (float)(((double)b->advantage[r] - mean) / (sqrt(var) + 1e-5));
    for (int copy = 0; copy < B; copy++)
        for (int i = 0; i < N; i++)
            for (int c = 0; c < b->C; c++) {
                int L = (c + 1) * chunk <= b->T ? chunk : b->T - c * chunk;
                for (int l = 0; l < L; l++) {
                    int row = (c * chunk + l) * B + copy;
                    memcpy(x + l * net->in_dim, b->obs + (row * N + i) * O, (size_t)O * sizeof *x);
                    for (int k = 0; k < N; k++) x[l * net->in_dim + O + k] = k == i ? 1.0f : 0.0f;
                    not_first[l] = b->not_first[row];
                }
                memcpy(h0, b->hidden + ((c * B + copy) * N + i) * b->H, (size_t)net->hidden * sizeof *h0);
                sl_net_forward_ref(net, f->actor, L, 1, x, h0, not_first, logits, NULL);
                for (int l = 0; l < L; l++) {
                    int row = (c * chunk + l) * B + copy;
                    sl_categorical_log_softmax(1, A, logits + l * A, NULL, logp);
                    double rho = exp((double)(logp[b->action[row * N + i]] - b->logp[row * N + i]));
                    double a = (double)advantage[row], bounded = rho < 0.8 ? 0.8 : rho > 1.2 ? 1.2 : rho;
                    sl_categorical_entropy(1, A, logp, NULL, &entropy, NULL);
                    total -= fmin(rho * a, bounded * a) + 0.01 * (double)entropy;
                }
            }
    return total / (b->T * B * N);
}

/* The critic's share, one row an agent, its index behind the state. */
static double value_loss_by_hand(const fixture *f) {
    const sl_batch *b = f->batch;
    const sl_net_def *net = &f->setup->critic;
    int N = b->N, S = b->S, chunk = f->base.data.def.chunk, B = b->B;
    float x[128], h0[32], not_first[8], v[8];
    double total = 0;
    for (int copy = 0; copy < B; copy++)
        for (int i = 0; i < N; i++)
            for (int c = 0; c < b->C; c++) {
                int L = (c + 1) * chunk <= b->T ? chunk : b->T - c * chunk;
                for (int l = 0; l < L; l++) {
                    int row = (c * chunk + l) * B + copy;
                    memcpy(x + l * net->in_dim, b->state + row * S, (size_t)S * sizeof *x);
                    for (int k = 0; k < N; k++) x[l * net->in_dim + S + k] = k == i ? 1.0f : 0.0f;
                    not_first[l] = b->not_first[row];
                }
                memcpy(h0, b->critic_hidden + ((c * B + copy) * N + i) * b->critic_H,
                       (size_t)net->hidden * sizeof *h0);
                sl_net_forward_ref(net, f->critic, L, 1, x, h0, not_first, v, NULL);
                for (int l = 0; l < L; l++) {
                    int row = ((c * chunk + l) * B + copy) * N + i;
                    double old = (double)b->value[row], change = fmax(-0.2, fmin(0.2, (double)v[l] - old));
                    double plain = (double)v[l] - (double)b->target[row],
                           limited = old + change - (double)b->target[row];
                    total += 0.5 * fmax(plain * plain, limited * limited);
                }
            }
    return total / (b->T * B * N);
}

static void chunks_equal_the_naive_loss(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture f;
    create(&f, &def, 2, 0);
    sl_synthetic_disturb(f.n_actor, f.actor, 0.3, 3);
    f.ppo->value_coef = 0;
    // T = 5 in chunks of 3: the second chunk is two steps long and must not be padded with anything that counts
    double difference = loss(&f) - loss_by_hand(&f);
    assert_true(fabs(difference) < 1e-5);
    destroy(&f);
    def.team = false;
    create(&f, &def, 2, 0);
    sl_synthetic_disturb(f.n_critic, f.critic, 0.3, 4);
    f.ppo->value_coef = 0;
    double without = loss(&f);
    f.ppo->value_coef = 1;
    assert_true(fabs(loss(&f) - without - value_loss_by_hand(&f)) < 1e-5);
    destroy(&f);
}

static void blocks_and_threads_do_not_change_the_loss(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    def.with_alive = def.with_avail = true;
    fixture one, many;
    create(&one, &def, 1, 0);
    create(&many, &def, 3, 1);
    assert_true(fabs(loss(&one) - loss(&many)) < 1e-5);
    for (size_t k = 0; k < one.n_actor; k++)
        assert_true(fabsf(one.d_actor[k] - many.d_actor[k]) < 1e-5f + 1e-3f * fabsf(one.d_actor[k]));
    destroy(&one);
    destroy(&many);
}

static void not_finite_is_skipped_and_counted(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture f;
    create(&f, &def, 2, 0);
    f.ppo->value_norm = true;
    float *before = sl_alloc_copy(f.actor, f.n_actor * sizeof(float));
    float *targets = (float *)f.batch->target;
    float whole = targets[4];
    targets[4] = NAN;
    sl_synthetic_learner_update(&f.base, 0);
    assert_int_equal(f.stats->skipped, 1);
    assert_memory_equal(f.actor, before, f.n_actor * sizeof(float));
    // and the learner is as good as before
    targets[4] = whole;
    sl_synthetic_learner_update(&f.base, 0);
    assert_int_equal(f.stats->skipped, 1);
    assert_true(memcmp(f.actor, before, f.n_actor * sizeof(float)) != 0);
    for (size_t k = 0; k < f.n_actor; k++) assert_true(isfinite(f.actor[k]));
    sl_free(before);
    destroy(&f);
}

/* A bandit: agent i is paid for the action that is the index of its largest feature. */
static double play(fixture *f, sl_rng *rng) {
    const sl_batch *b = f->batch;
    const sl_net_def *net = &f->setup->teacher;
    float *obs = (float *)b->obs, *logps = (float *)b->logp, *advantage = (float *)b->advantage;
    int32_t *actions = (int32_t *)b->action;
    float x[8], scratch[8 * 16], logits[4], logp[4];
    double total = 0;
    int rows = b->T * b->B * b->N;
    for (int r = 0; r < rows; r++) {
        int best = 0;
        for (int k = 0; k < b->O; k++) {
            obs[r * b->O + k] = (float)sl_rng_normal(rng);
            if (obs[r * b->O + k] > obs[r * b->O + best]) best = k;
        }
        memcpy(x, obs + r * b->O, (size_t)b->O * sizeof *x);
        sl_net_decide(net, f->actor, 1, x, NULL, logits, scratch);
        sl_categorical_log_softmax(1, b->A, logits, NULL, logp);
        sl_categorical_sample(1, b->A, logp, rng, &actions[r]);
        logps[r] = logp[actions[r]];
        advantage[r] = actions[r] == best ? 1.0f : 0.0f;
        total += (double)advantage[r];
    }
    return total / rows;
}

static void a_bandit_is_learned(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    def.cell = SL_CELL_NONE;
    def.team = def.agent_id = false;
    def.T = 8, def.B = 8, def.N = 2, def.O = 4, def.A = 4, def.hidden = 16;
    fixture f;
    create(&f, &def, 2, 0);
    f.ppo->epochs = 4;
    f.ppo->entropy = f.ppo->entropy_final = 0;
    sl_rng rng = sl_rng_seed(8);
    double first = play(&f, &rng), last = 0;
    for (int k = 0; k < 120; k++) {
        sl_synthetic_learner_update(&f.base, 0);
        last = play(&f, &rng);
    }
    assert_true(first < 0.45);
    assert_true(last > 0.85);
    destroy(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_equals_finite_differences),
        cmocka_unit_test(chunks_equal_the_naive_loss),
        cmocka_unit_test(the_dead_read_their_index_alone),
        cmocka_unit_test(blocks_and_threads_do_not_change_the_loss),
        cmocka_unit_test(not_finite_is_skipped_and_counted),
        cmocka_unit_test(a_bandit_is_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
