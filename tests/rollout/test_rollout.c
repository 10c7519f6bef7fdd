/* test_rollout.c - what a roll-out stores is what the networks and the environment did, the same for any number of
 * threads and across a snapshot, without an allocation. */
#include "common/alloc.h"
#include "common/fnv1a.h"
#include "nn/dist.h"
#include "rollout/example_fight.h"
#include "rollout/policy_set.h"
#include "rollout/rollout.h"
#include "support/heap_count.h"
#include "support/net_ref.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct world {
    example x;
    sl_setup *setup;
    sl_pool *pool;
    sl_rollout *rollout;
    float *params, *critic;
} world;

static void open_world(world *w, int n_threads) {
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    assert_int_equal(sl_pool_create(n_threads, &w->pool), SL_OK);
    assert_int_equal(sl_rollout_create(w->setup, w->pool, &w->rollout), SL_OK);
    w->params = example_floats(sl_rollout_n_params(w->rollout), 1);
    w->critic = example_floats(sl_rollout_n_critic(w->rollout), 2);
}

static void close_world(world *w) {
    sl_rollout_destroy(&w->rollout);
    sl_pool_destroy(&w->pool);
    sl_setup_destroy(&w->setup);
    sl_free(w->params);
    sl_free(w->critic);
}

static const sl_batch *collect(world *w) {
    sl_rollout_collect(w->rollout, w->params, w->critic, -20.0, 3.0, &sl_behaviours[0]);
    return sl_rollout_get(w->rollout);
}

static uint64_t hash_data(const sl_batch *d) {
    size_t TB = (size_t)(d->T * d->B), N = (size_t)d->N, M = (size_t)d->M, CB = (size_t)(d->C * d->B);
    uint64_t h = sl_fnv1a(SL_FNV1A, d->obs, TB * N * (size_t)d->P * 4);
    h = sl_fnv1a(h, d->state, TB * (size_t)d->S * 4);
    h = sl_fnv1a(h, d->avail, TB * N * (size_t)d->A);
    h = sl_fnv1a(h, d->alive, TB * N * 4);
    h = sl_fnv1a(h, d->critic_obs, d->critic_obs ? TB * N * (size_t)d->O * 4 : 0);
    h = sl_fnv1a(h, d->action, TB * N * 4);
    h = sl_fnv1a(h, d->logp, TB * N * 4);
    h = sl_fnv1a(h, d->advantage, TB * M * 4);
    h = sl_fnv1a(h, d->target, TB * M * 4);
    h = sl_fnv1a(h, d->value, TB * M * 4);
    h = sl_fnv1a(h, d->not_first, TB * 4);
    h = sl_fnv1a(h, d->hidden, CB * N * (size_t)d->H * 4);
    h = sl_fnv1a(h, d->critic_hidden, CB * M * (size_t)d->critic_H * 4);
    h = sl_fnv1a(h, d->episode_return, (size_t)d->n_episodes * N * 8);
    h = sl_fnv1a(h, d->episode_won, (size_t)d->n_episodes);
    return sl_fnv1a(h, d->episode_length, (size_t)d->n_episodes * 4);
}

static void recurrent_per_agent(example *x) {
    example_make_recurrent(x);
    x->e.teacher.ppo.reward = SL_EXP_OWN;
}

static void direct_recurrent(example *x) {
    example_make_recurrent(x);
    x->e.method = SL_EXP_DIRECT;
}

static void feed_forward(example *x) {
    (void)x;
}

static void direct_combat(example *x) {
    example_init_combat(x);
    direct_recurrent(x);
    // some battles are over before, so that some copies are cut off while others play on
    sl_env_at(&x->e.env.options, "max_steps")->whole = 22;
    x->e.mask.avail_actions = SL_EXP_HIDDEN;
}

static char jitter[] = "normal 3 2 steps", lossy[] = "gilbert-elliott 0.1 0.3";

static void direct_late(example *x) {
    direct_recurrent(x);
    x->e.links.words.delay = jitter;
    x->e.links.words.loss = lossy;
    x->e.mask.age = true;
}

static void teacher_late(example *x) {
    recurrent_per_agent(x);
    x->e.links.words.delay = jitter;
    x->e.links.teaches_stale = true;
    // the students', not the teacher's
    x->e.mask.age = true;
}

static void (*const variants[])(example *) = {feed_forward,  recurrent_per_agent, direct_recurrent,
                                              direct_combat, direct_late,         teacher_late};
enum { N_VARIANTS = 6 };

static void test_same_for_any_threads(void **state) {
    (void)state;
    for (int k = 0; k < N_VARIANTS; k++) {
        uint64_t wanted = 0;
        for (int n_threads = 1; n_threads <= 3; n_threads++) {
            world w = {0};
            example_init(&w.x);
            w.x.e.teacher.ppo.n_envs = 50;
            variants[k](&w.x);
            open_world(&w, n_threads);
            collect(&w);
            uint64_t h = hash_data(collect(&w));
            if (n_threads == 1) wanted = h;
            assert_true(h == wanted);
            close_world(&w);
        }
    }
}

static void test_snapshot_goes_on(void **state) {
    (void)state;
    for (int k = 0; k < N_VARIANTS; k++) {
        world w = {0}, again = {0};
        example_init(&w.x);
        variants[k](&w.x);
        open_world(&w, 2);
        collect(&w);
        collect(&w);
        sl_cursor cursor = {.mode = SL_CURSOR_COUNT};
        assert_int_equal(sl_rollout_visit(w.rollout, &cursor), SL_OK);
        size_t n = cursor.at;
        uint8_t *bytes = sl_alloc(n);
        cursor = (sl_cursor){.mode = SL_CURSOR_WRITE, .bytes = bytes, .n_bytes = n};
        assert_int_equal(sl_rollout_visit(w.rollout, &cursor), SL_OK);
        uint64_t wanted = hash_data(collect(&w)), later = hash_data(collect(&w));

        example_init(&again.x);
        variants[k](&again.x);
        open_world(&again, 1);
        cursor = (sl_cursor){.mode = SL_CURSOR_READ, .input = bytes, .n_bytes = n};
        assert_int_equal(sl_rollout_visit(again.rollout, &cursor), SL_OK);
        assert_int_equal(sl_cursor_finish(&cursor), SL_OK);
        assert_true(hash_data(collect(&again)) == wanted);
        assert_true(hash_data(collect(&again)) == later);

        // a cut snapshot is found out
        cursor = (sl_cursor){.mode = SL_CURSOR_READ, .input = bytes, .n_bytes = n - 1};
        sl_status status = sl_rollout_visit(again.rollout, &cursor);
        if (status == SL_OK) status = sl_cursor_finish(&cursor);
        assert_int_equal(status, SL_CORRUPT);
        sl_free(bytes);
        close_world(&w);
        close_world(&again);
    }
}

/* The stored chunk, run again by the naive twin from the stored recurrent state, gives the stored log-probabilities.
 */
static void check_logp(const world *w, const sl_batch *d, int agent, const sl_net_def *def, const float *params,
                       int t0) {
    int n_steps = t0 + 10 <= d->T ? 10 : d->T - t0, I = def->in_dim, A = def->out_dim;
    float x[10 * 64], out[10 * 16], z[10 * 64], not_first[10];
    for (int b = 0; b < d->B; b += 5) {
        memset(x, 0, sizeof x);
        for (int t = 0; t < n_steps; t++) {
            int64_t row = (int64_t)(t0 + t) * d->B + b;
            memcpy(x + t * I, d->obs + (row * d->N + agent) * d->P, (size_t)d->P * sizeof(float));
            if (I > d->P) x[t * I + d->P + agent] = 1.0f;
            not_first[t] = d->not_first[row];
        }
        const float *h0 = d->hidden ? d->hidden + (((int64_t)(t0 / 10) * d->B + b) * d->N + agent) * d->H : NULL;
        sl_net_forward_ref(def, params, n_steps, 1, x, h0, not_first, out, z);
        for (int t = 0; t < n_steps; t++) {
            float logp[16];
            int64_t row = ((int64_t)(t0 + t) * d->B + b) * d->N + agent;
            sl_categorical_log_softmax(1, A, out + t * A, d->avail ? d->avail + row * d->A : NULL, logp);
            assert_in_range(d->action[row], 0, A - 1);
            assert_float_equal(d->logp[row], logp[d->action[row]], 2e-4f);
        }
    }
    (void)w;
}

/* The same of the values: the stored rows from the stored state of the critic, of a dead agent the index alone. */
static void check_value(const world *w, const sl_batch *d, int m, int t0) {
    enum { WIDTH = 192 };
    static float x[10 * WIDTH];
    const sl_setup *s = w->setup;
    int n_steps = t0 + 10 <= d->T ? 10 : d->T - t0, I = s->critic.in_dim, O = s->critic_own ? d->O : 0;
    float out[10], not_first[10];
    const float *states = d->state ? d->state : d->obs, *own = d->critic_obs ? d->critic_obs : d->obs;
    assert_in_range(I, 1, WIDTH);
    for (int b = 0; b < d->B; b += 5) {
        memset(x, 0, sizeof x);
        for (int t = 0; t < n_steps; t++) {
            int64_t row = (int64_t)(t0 + t) * d->B + b;
            float *to = x + t * I;
            not_first[t] = d->not_first[row];
            if (s->critic_rows) to[d->S + O + m] = 1.0f;
            if (s->critic_rows && d->alive && d->alive[row * d->N + m] == 0.0f) continue;
            memcpy(to, states + row * d->S, (size_t)d->S * sizeof *x);
            memcpy(to + d->S, own + (row * d->N + m) * d->O, (size_t)O * sizeof *x);
        }
        int64_t first = ((int64_t)(t0 / 10) * d->B + b) * d->M + m;
        const float *h0 = d->critic_hidden ? d->critic_hidden + first * d->critic_H : NULL;
        sl_net_forward_ref(&s->critic, w->critic, n_steps, 1, x, h0, not_first, out, NULL);
        for (int t = 0; t < n_steps; t++)
            assert_float_equal(d->value[((t0 + t) * d->B + b) * d->M + m], out[t] * 3.0f - 20.0f, 1e-3f);
    }
}

static void test_stored_is_what_acted(void **state) {
    (void)state;
    for (int k = 0; k < N_VARIANTS; k++) {
        world w = {0};
        example_init(&w.x);
        variants[k](&w.x);
        open_world(&w, 2);
        collect(&w);
        const sl_batch *d = collect(&w);
        const float *params = w.params;
        for (int i = 0; i < d->N; i++) {
            const sl_net_def *def = w.setup->direct ? &w.setup->students[i] : &w.setup->teacher;
            for (int t0 = 0; t0 < d->T; t0 += 10) check_logp(&w, d, i, def, params, t0);
            if (w.setup->direct) params += sl_net_n_params(def);
        }
        for (int m = 0; m < d->M; m++)
            for (int t0 = 0; t0 < d->T; t0 += 10) check_value(&w, d, m, t0);
        close_world(&w);
    }
}

/* Advantages of the whole roll-out, from the stored values and the definition, written out naively. */
static void test_advantages_and_episodes(void **state) {
    (void)state;
    world w = {0};
    example_init(&w.x);
    w.x.e.teacher.ppo.rollout_steps = 60;
    open_world(&w, 2);
    const sl_batch *d = collect(&w);
    // 25 steps an episode: all copies end at 24 and 49
    assert_int_equal(d->n_episodes, 2 * d->B);
    assert_null(d->episode_won);
    double sum = 0;
    for (int b = 0; b < d->B; b++) {
        assert_int_equal(d->episode_length[b], 25);
        double by_step = 0, by_agent = 0;
        for (int t = 0; t < 25; t++) by_step += (double)d->reward[t * d->B + b];
        for (int n = 0; n < d->N; n++) by_agent += d->episode_return[b * d->N + n];
        assert_true(fabs(by_step - by_agent) < 1e-3);
        sum += by_agent;
        for (int t = 0; t < d->T; t++) {
            assert_float_equal(d->not_first[t * d->B + b], (t % 25 == 0 ? 0.0f : 1.0f), 0);
            assert_int_equal(d->truncated[t * d->B + b], t % 25 == 24);
            assert_int_equal(d->terminated[t * d->B + b], 0);
            assert_float_equal(d->target[t * d->B + b], d->advantage[t * d->B + b] + d->value[t * d->B + b], 1e-4f);
        }
        // inside an episode A_t = delta_t + gamma lambda A_{t+1}
        for (int t = 0; t < 24; t++) {
            float delta = d->reward[t * d->B + b] + 0.99f * d->value[(t + 1) * d->B + b] - d->value[t * d->B + b];
            float next = d->advantage[(t + 1) * d->B + b];
            assert_float_equal(d->advantage[t * d->B + b], delta + 0.99f * 0.95f * next, 1e-3f);
        }
    }
    assert_true(sum / d->B < -20 && sum / d->B > -200);
    close_world(&w);
}

/* The environment played again with the stored actions: its states (T + 1, B, S) up to the first truncation, the last
 * of which the roll-out does not not_first, for the next episode starts in its place. */
static float *replay_states(const world *w, const sl_batch *d, int T) {
    size_t row = (size_t)(d->B * d->S);
    sl_rng stream = sl_rng_split_name(&w->setup->root, "rollout");
    sl_env *env = NULL;
    assert_int_equal(sl_setup_env(w->setup, d->B, &stream, &env), SL_OK);
    float *states = sl_alloc_array((size_t)(T + 1) * row, sizeof *states);
    double *reward = sl_alloc_array((size_t)(d->B * d->N), sizeof *reward);
    uint8_t *ended = sl_alloc_array(2 * (size_t)d->B, 1);
    sl_env_out out = {.obs = states, .reward = reward, .terminated = ended, .truncated = ended + d->B};
    sl_env_reset(env, 0, d->B, NULL, &out);
    for (int t = 0; t < T; t++) {
        assert_memory_equal(out.obs, d->obs + (size_t)t * row, row * sizeof(float));
        out.obs += row;
        sl_env_step(env, 0, d->B, d->action + (size_t)(t * d->B * d->N), &out);
        for (int b = 0; b < d->B; b++) assert_int_equal(ended[d->B + b], t == T - 1);
    }
    sl_env_destroy(&env);
    sl_free(reward);
    sl_free(ended);
    return states;
}

/* At a truncation the bootstrap is what the critic says of the last state: run by hand over the whole episode. */
static void check_bootstrap(void (*change)(example *)) {
    enum { STEPS = 25, WIDTH = 64 };
    static float x[(STEPS + 1) * WIDTH], value[STEPS + 1];
    world w = {0};
    example_init(&w.x);
    change(&w.x);
    w.x.e.teacher.ppo.rollout_steps = 40;
    open_world(&w, 2);
    const sl_batch *d = collect(&w);
    const sl_net_def *net = &w.setup->critic;
    float *states = replay_states(&w, d, STEPS), not_first[STEPS + 1] = {0};
    for (int t = 1; t <= STEPS; t++) not_first[t] = 1.0f;
    assert_in_range(net->in_dim, d->S, WIDTH);
    for (int i = 0; i < d->B * d->M; i++) {
        int b = i / d->M, m = i % d->M;
        memset(x, 0, sizeof x);
        for (int t = 0; t <= STEPS; t++) {
            memcpy(x + t * net->in_dim, states + (t * d->B + b) * d->S, (size_t)d->S * sizeof *x);
            if (d->M > 1) x[t * net->in_dim + d->S + m] = 1.0f;
        }
        sl_net_forward_ref(net, w.critic, STEPS + 1, 1, x, NULL, not_first, value, NULL);
        for (int t = 0; t < STEPS; t++)
            assert_float_equal(d->value[t * d->B * d->M + i], value[t] * 3.0f - 20.0f, 1e-3f);
        int last = (STEPS - 1) * d->B * d->M + i;
        float bootstrap = (d->advantage[last] + d->value[last] - d->reward[last]) / 0.99f;
        assert_float_equal(bootstrap, value[STEPS] * 3.0f - 20.0f, 1e-3f);
        // which is not the next episode's first state's
        assert_true(fabsf(bootstrap - d->value[STEPS * d->B * d->M + i]) > 2e-3f);
    }
    sl_free(states);
    close_world(&w);
}

static void test_bootstrap_is_the_critics_own_value(void **state) {
    (void)state;
    check_bootstrap(feed_forward);
    check_bootstrap(recurrent_per_agent);
}

static void test_masks_hide_and_the_critic_sees(void **state) {
    (void)state;
    world w = {0};
    example_init(&w.x);
    w.x.e.method = SL_EXP_DIRECT;
    open_world(&w, 2);
    const sl_batch *d = collect(&w);
    assert_non_null(d->state);
    for (int b = 0; b < d->B; b++) {
        for (int n = 0; n < d->N; n++) {
            int n_seen = 0;
            for (int o = 0; o < d->O; o++) {
                bool seen = false;
                for (int t = 0; t < d->T; t++) {
                    float masked = d->obs[((t * d->B + b) * d->N + n) * d->O + o];
                    float full = d->state[(t * d->B + b) * d->S + n * d->O + o];
                    assert_true(masked == full || masked == 0.0f);
                    seen |= masked != 0.0f;
                }
                n_seen += seen;
            }
            assert_in_range(n_seen, 1, 10);
        }
    }
    close_world(&w);
}

/* Under links the critic knows what is, the actor what has arrived: of others later, of itself at once. */
static void test_links_delay_and_the_critic_sees(void **state) {
    (void)state;
    for (int teacher = 0; teacher < 2; teacher++) {
        world w = {0};
        char three[] = "fixed 3 steps";
        example_init(&w.x);
        (teacher ? teacher_late : direct_late)(&w.x);
        w.x.e.links.words.delay = three;
        w.x.e.links.words.loss = NULL;
        w.x.e.mask.kind = SL_MASK_NONE;
        open_world(&w, 2);
        const sl_batch *d = collect(&w);
        assert_non_null(d->state);
        assert_int_equal(d->P, teacher ? d->O : d->O + 2);
        const sl_agent_spec *agent = &w.setup->spec.agents[0];
        for (int t = 0; t < d->T; t++)
            for (int64_t r = (int64_t)t * d->B * d->N; r < (int64_t)(t + 1) * d->B * d->N; r++)
                for (int b = 0; b < agent->n_blocks; b++)
                    for (int o = agent->blocks[b].begin; o < agent->blocks[b].begin + agent->blocks[b].len; o++) {
                        bool told = agent->blocks[b].is_told;
                        int64_t made = r - (told ? 3 * d->B * d->N : 0);
                        float is = made < 0 ? 0.0f : d->state[made * d->O + o];
                        assert_float_equal(d->obs[r * d->P + o], is, 0);
                    }
        close_world(&w);
    }
}

static void test_won_episodes(void **state) {
    (void)state;
    sl_temp_folder folder = sl_temp_folder_create();
    world w = {0};
    example_init(&w.x);
    example_make_fight(&w.x, &folder);
    open_world(&w, 2);
    int n_won = 0, n_lost = 0;
    for (int call = 0; call < 3; call++) {
        const sl_batch *d = collect(&w);
        assert_non_null(d->episode_won);
        for (int e = 0; e < d->n_episodes; e++) {
            assert_int_equal(d->episode_won[e], example_is_won(d->episode_return[(int64_t)e * d->N]));
            n_won += d->episode_won[e], n_lost += !d->episode_won[e];
        }
    }
    assert_true(n_won > 5 && n_lost > 5);
    close_world(&w);
    sl_temp_folder_remove(&folder);
}

static void test_the_dead_do_not_act(void **state) {
    (void)state;
    world w = {0};
    direct_combat(&w.x);
    open_world(&w, 2);
    int n_dead = 0, n_beyond_sight = 0;
    for (int k = 0; k < 3; k++) {
        const sl_batch *d = collect(&w);
        assert_true(d->alive && d->critic_obs && d->avail && d->state);
        for (int r = 0; r < d->T * d->B * d->N; r++) {
            const float *obs = d->obs + r * d->O, *full = d->critic_obs + r * d->O;
            const uint8_t *avail = d->avail + r * d->A;
            bool dead = d->alive[r] == 0.0f;
            n_dead += dead;
            // believed legal: everything but no-op, of the dead no-op alone
            for (int a = 0; a < d->A; a++) assert_int_equal(avail[a], dead ? a == 0 : a != 0);
            if (dead) assert_true(d->action[r] == 0 && d->logp[r] == 0.0f);
            for (int o = 0; o < d->O; o++) {
                assert_true(obs[o] == full[o] || obs[o] == 0.0f);
                if (dead) assert_true(full[o] == 0.0f);
                // agent 0 keeps enemies, whose second feature is the distance in sight ranges
                if (r % 3 == 0 && o == 5 && full[o] > 1.0f) n_beyond_sight += obs[o] == 0.0f;
            }
        }
    }
    assert_true(n_dead > 20 && n_beyond_sight > 20);
    close_world(&w);
}

/* In a battle all are paid the same: the mean counts it once, as each one's own does, and the sum for every agent. */
static void test_rewards_as_they_are_counted(void **state) {
    (void)state;
    static float own[20 * 18];
    for (sl_exp_reward kind = SL_EXP_OWN;; kind--) {
        world w = {0};
        example_init(&w.x);
        example_make_3m(&w.x);
        w.x.e.teacher.ppo.reward = kind;
        open_world(&w, 1);
        const sl_batch *d = collect(&w);
        double paid = 0;
        assert_int_equal(d->M, kind == SL_EXP_OWN ? 3 : 1);
        for (int i = 0; i < d->T * d->B; i++) {
            if (kind == SL_EXP_OWN) own[i] = d->reward[i * 3 + 2];
            float scale = kind == SL_EXP_SUM ? 3.0f : 1.0f;
            assert_float_equal(d->reward[i * d->M], scale * own[i], 1e-6f);
            paid += (double)own[i];
        }
        assert_true(paid > 1);
        close_world(&w);
        if (kind == SL_EXP_SUM) break;
    }
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    for (int k = 0; k < N_VARIANTS; k++) {
        world w = {0};
        example_init(&w.x);
        variants[k](&w.x);
        open_world(&w, 2);
        collect(&w);
        uint64_t before = sl_heap_count();
        // 28 calls of 20 steps of 18 copies: 10,080 steps
        for (int i = 0; i < 28; i++) collect(&w);
        assert_int_equal(sl_heap_count() - before, 0);
        close_world(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_for_any_threads),
        cmocka_unit_test(test_snapshot_goes_on),
        cmocka_unit_test(test_stored_is_what_acted),
        cmocka_unit_test(test_advantages_and_episodes),
        cmocka_unit_test(test_bootstrap_is_the_critics_own_value),
        cmocka_unit_test(test_the_dead_do_not_act),
        cmocka_unit_test(test_masks_hide_and_the_critic_sees),
        cmocka_unit_test(test_rewards_as_they_are_counted),
        cmocka_unit_test(test_links_delay_and_the_critic_sees),
        cmocka_unit_test(test_won_episodes),
        cmocka_unit_test(test_no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
