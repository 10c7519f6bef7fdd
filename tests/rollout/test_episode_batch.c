/* test_episode_batch.c - every episode of a batch, the teacher's or what a sample holds of the students' own, played
 * again alone, by hand: the environment with the actions that were kept, the networks by their naive twins, the draws
 * from the episode's own stream. */
#include "common/alloc.h"
#include "common/fnv1a.h"
#include "nn/dist.h"
#include "rollout/episode_batch.h"
#include "rollout/example_fight.h"
#include "rollout/visits.h"
#include "support/heap_count.h"
#include "support/net_ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

enum { V = 18, MAX_T = 60, MAX_N = 3, MAX_O = 64, MAX_A = 16, MAX_H = 64, MAX_IN = 256, MAX_S = 192 };

typedef struct world {
    example x;
    sl_temp_folder folder;
    sl_setup *setup;
    sl_pool *pool;
    sl_teacher teacher;
    sl_episode_batch *batch; /* of the teacher; else: */
    sl_sample *sample;
    sl_visits *visits;
    const sl_batch *sampled;
    sl_rng stream;
    float *actor, *critic, *students;
    bool students_act;
} world;

/* What a lone copy of the environment shows in one episode. */
typedef struct seen {
    bool terminated;
    double reward[MAX_T * MAX_N];
    float obs[(MAX_T + 1) * MAX_N * MAX_O], masked[(MAX_T + 1) * MAX_N * MAX_O], state[(MAX_T + 1) * MAX_S];
    uint8_t avail[(MAX_T + 1) * MAX_N * MAX_A], told[(MAX_T + 1) * MAX_N * MAX_A], alive[(MAX_T + 1) * MAX_N];
} seen;

static void spread(world *w) {
    (void)w;
}

static void spread_recurrent_per_agent(world *w) {
    example_make_recurrent(&w->x);
    w->x.e.teacher.ppo.reward = SL_EXP_OWN;
}

// agents die, students are not told what is legal, the critic reads each agent's own observation
static void combat(world *w) {
    example_init_combat(&w->x);
    example_make_recurrent(&w->x);
    w->x.e.mask.avail_actions = SL_EXP_HIDDEN;
}

// some are won
static void fight(world *w) {
    example_make_fight(&w->x, &w->folder);
    example_make_recurrent(&w->x);
}

static void (*const variants[])(world *) = {spread, spread_recurrent_per_agent, combat, fight};
enum { N_VARIANTS = 4, FIGHT = 3 };

static void open_batch(world *w, int copies, int n_threads) {
    assert_int_equal(sl_pool_create(n_threads, &w->pool), SL_OK);
    w->teacher = (sl_teacher){true, w->actor, w->critic, -3.0, 2.0};
    if (!w->students_act) {
        assert_int_equal(sl_episode_batch_create(w->setup, w->pool, copies, &w->teacher, &w->batch), SL_OK);
        return;
    }
    assert_int_equal(sl_sample_create(w->setup, copies, &w->sample), SL_OK);
    assert_int_equal(sl_visits_create(w->setup, w->pool, copies, &w->teacher, w->sample, &w->visits), SL_OK);
}

static void play(world *w, uint64_t first) {
    if (!w->students_act) {
        sl_episode_batch_play(w->batch, &w->stream, first);
        return;
    }
    sl_sample_begin(w->sample);
    sl_visits_play(w->visits, w->students, &w->stream, first);
    w->sampled = sl_sample_finish(w->sample);
}

/* What a sample holds of episode v, put together as an episode; what only the environment knows is left out. */
typedef struct made {
    sl_episode e;
    float logp[MAX_T * MAX_N], alive[MAX_T * MAX_N], logits[MAX_T * MAX_N * MAX_A], z[MAX_T * MAX_N * MAX_H];
    int32_t action[MAX_T * MAX_N];
} made;

static const sl_episode *get(const world *w, int v, uint64_t first) {
    static made m;
    if (!w->students_act) return sl_episode_batch_get(w->batch, v);
    const sl_batch *d = w->sampled;
    size_t N = (size_t)d->N, A = (size_t)d->A, Z = (size_t)d->Z, T = (size_t)d->episode_length[v];
    m.e = (sl_episode){
        .T = (int)T, .N = d->N, .O = d->O, .A = d->A, .H = d->Z, .M = d->M, .index = first + (uint64_t)v};
    m.e.knows_won = d->episode_won != NULL;
    m.e.won = d->episode_won && d->episode_won[v];
    m.e.action = m.action, m.e.logp = m.logp, m.e.logits = m.logits, m.e.z = m.z;
    m.e.alive = w->setup->spec.mortal ? m.alive : NULL;
    for (size_t n = 0; n < N; n++) m.e.ret += d->episode_return[(size_t)v * N + n];
    for (size_t t = 0; t < T; t++) {
        size_t at = (t * (size_t)d->B + (size_t)v) * N;
        assert_float_equal(d->not_first[t * (size_t)d->B + (size_t)v], t > 0, 0);
        memcpy(m.action + t * N, d->action + at, N * sizeof(int32_t));
        memcpy(m.logp + t * N, d->logp + at, N * sizeof(float));
        memcpy(m.logits + t * N * A, d->teacher_logits + at * A, N * A * sizeof(float));
        memcpy(m.z + t * N * Z, d->teacher_z + at * Z, N * Z * sizeof(float));
        if (m.e.alive) memcpy(m.alive + t * N, d->alive + at, N * sizeof(float));
    }
    return &m.e;
}

static void close_batch(world *w) {
    sl_episode_batch_destroy(&w->batch);
    sl_visits_destroy(&w->visits);
    sl_sample_destroy(&w->sample);
    sl_pool_destroy(&w->pool);
}

static void open_world(world *w, void (*change)(world *), bool students_act) {
    memset(w, 0, sizeof *w);
    w->folder = sl_temp_folder_create();
    example_init(&w->x);
    change(w);
    // the whole embedding is wanted, as the role map moves
    sl_exp_distill *distill = &w->x.e.distill;
    distill->w_ppo = distill->w_role = 1, distill->teacher_role_period = 1, distill->role_dim = 2;
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    const sl_setup *s = w->setup;
    assert_true(s->N == MAX_N && s->O <= MAX_O && s->A <= MAX_A && s->spec.max_steps <= MAX_T && s->S <= MAX_S);
    assert_true(s->critic.in_dim <= MAX_IN && s->teacher.in_dim <= MAX_IN);
    w->students_act = students_act;
    w->stream = sl_rng_split_name(&s->root, "record");
    w->actor = example_floats(sl_net_n_params(&s->teacher), 1);
    w->critic = example_floats(sl_net_n_params(&s->critic), 2);
    size_t n = 0;
    for (int i = 0; i < s->N; i++) n += sl_net_n_params(&s->students[i]);
    w->students = example_floats(n, 3);
    open_batch(w, V, 2);
}

static void close_world(world *w) {
    close_batch(w);
    sl_setup_destroy(&w->setup);
    sl_free(w->actor);
    sl_free(w->critic);
    sl_free(w->students);
    sl_temp_folder_remove(&w->folder);
}

// what is seen at t, by students too
static void note(const world *w, sl_mask *mask, const sl_env_out *out, int t, seen *see) {
    const sl_setup *s = w->setup;
    size_t NO = (size_t)(s->N * s->O), NA = (size_t)(s->N * s->A), N = (size_t)s->N, row = (size_t)t;
    memcpy(see->obs + row * NO, out->obs, NO * sizeof(float));
    sl_mask_apply(mask, 0, 1, out->obs, see->masked + row * NO);
    memcpy(see->state + row * (size_t)s->S, s->spec.state_is_obs ? out->obs : out->state,
           (size_t)s->S * sizeof(float));
    memcpy(see->alive + row * N, out->alive, N);
    if (s->spec.masks_actions)
        memcpy(see->avail + row * NA, out->avail, NA);
    else
        sl_setup_fill_avail(&s->spec, 1, see->avail + row * NA);
    if (w->students_act)
        sl_mask_avail(mask, s->N, see->avail + row * NA, see->told + row * NA);
    else
        memcpy(see->told + row * NA, see->avail + row * NA, NA);
}

/* Plays the episode's actions in a copy of its own; everything that the environment says must be what was kept. */
static void replay(const world *w, const sl_episode *e, seen *see) {
    const sl_setup *s = w->setup;
    sl_env *env = NULL;
    sl_mask *mask = NULL;
    float obs[MAX_N * MAX_O], states[MAX_S];
    double reward[MAX_N], sum = 0;
    uint8_t avail[MAX_N * MAX_A], alive[MAX_N] = {1, 1, 1}, terminated = 0, truncated = 0, won = 0;
    sl_env_out out = {obs, states, avail, reward, &terminated, &truncated, alive, &won};
    sl_rng own = sl_rng_split(&w->stream, e->index), draw = sl_rng_split_name(&own, "mask");
    assert_int_equal(sl_setup_env(s, 1, &s->root, &env), SL_OK);
    assert_int_equal(sl_setup_masks(s, 1, &mask), SL_OK);
    sl_env_seed(env, 0, &own);
    sl_mask_draw(mask, 0, &draw);
    if (e->obs_mask) assert_memory_equal(e->obs_mask, sl_mask_get(mask, 0), (size_t)(s->N * s->O) * sizeof(float));
    sl_env_reset(env, 0, 1, NULL, &out);
    note(w, mask, &out, 0, see);
    for (int t = 0; t < e->T; t++) {
        assert_false(terminated || truncated);
        sl_env_step(env, 0, 1, e->action + t * s->N, &out);
        note(w, mask, &out, t + 1, see);
        for (int n = 0; n < s->N; n++) {
            if (e->reward) assert_float_equal(e->reward[t * s->N + n], (float)reward[n], 0);
            see->reward[t * s->N + n] = reward[n];
            sum += reward[n];
        }
    }
    assert_true(terminated || truncated);
    see->terminated = terminated;
    if (!w->students_act) assert_int_equal(e->terminated, terminated);
    assert_int_equal(e->knows_won, s->spec.can_win);
    assert_int_equal(e->won, s->spec.can_win && won);
    assert_true(fabs(e->ret - sum) < 1e-9);
    sl_env_destroy(&env);
    sl_mask_destroy(&mask);
}

static void check_seen(const world *w, const sl_episode *e, const seen *see) {
    const sl_setup *s = w->setup;
    assert_true(e->N == s->N && e->O == s->O && e->A == s->A && e->M == s->M && e->H == s->teacher.hidden);
    for (int i = 0; e->alive && i < e->T * s->N; i++) assert_float_equal(e->alive[i], see->alive[i] != 0, 0);
    if (w->students_act) return;
    assert_memory_equal(e->obs, see->obs, (size_t)((e->T + 1) * s->N * s->O) * sizeof(float));
    assert_true((e->state == NULL) == s->spec.state_is_obs);
    if (e->state) assert_memory_equal(e->state, see->state, (size_t)((e->T + 1) * s->S) * sizeof(float));
    assert_true((e->avail != NULL) == s->uses_avail);
    if (e->avail) assert_memory_equal(e->avail, see->avail, (size_t)(e->T * s->N * s->A));
    assert_true((e->alive != NULL) == s->spec.mortal);
}

/* What students saw and were told of episode v. */
static void check_shown(const world *w, int v, const seen *see) {
    const sl_batch *d = w->sampled;
    size_t NO = (size_t)(d->N * d->O), NA = (size_t)(d->N * d->A);
    assert_true((d->avail != NULL) == w->setup->uses_avail && d->P == d->O);
    for (size_t t = 0; t < (size_t)d->episode_length[v]; t++) {
        size_t row = t * (size_t)d->B + (size_t)v;
        assert_memory_equal(d->obs + row * NO, see->masked + t * NO, NO * sizeof(float));
        if (d->avail) assert_memory_equal(d->avail + row * NA, see->told + t * NA, NA);
    }
}

// a draw u chooses the action in whose stretch of the summed probabilities it lies
static void check_draw(const float *logp, int A, int action, double u) {
    double below = 0;
    for (int a = 0; a < action; a++) below += exp((double)logp[a]);
    double above = below + exp((double)logp[action]);
    assert_in_range(action, 0, A - 1);
    if (!(u > below - 1e-3 && u < above + 1e-3)) fail_msg("%g drew action %d, [%g, %g)", u, action, below, above);
}

/* The teacher's labels of agent n, who acts with what probability, and the draw. */
static void check_decisions(const world *w, const sl_episode *e, const seen *see, int n, const float *student) {
    static float x[MAX_T * MAX_IN], logits[MAX_T * MAX_A], z[MAX_T * MAX_H], acting[MAX_T * MAX_A];
    const sl_setup *s = w->setup;
    const sl_net_def *net = &s->teacher, *own = &s->students[n];
    float not_first[MAX_T] = {0};
    int T = e->T, I = net->in_dim, A = s->A;
    memset(x, 0, sizeof x);
    for (int t = 0; t < T; t++) {
        not_first[t] = t > 0;
        memcpy(x + t * I, see->obs + (t * s->N + n) * s->O, (size_t)s->O * sizeof *x);
        x[t * I + s->O + n] = 1.0f;
    }
    sl_net_forward_ref(net, w->actor, T, 1, x, NULL, not_first, logits, z);
    memcpy(acting, logits, sizeof acting);
    for (int t = 0; t < T && w->students_act; t++)
        memcpy(x + t * own->in_dim, see->masked + (t * s->N + n) * s->O, (size_t)own->in_dim * sizeof *x);
    assert_int_equal(own->out_dim, A);
    if (w->students_act) sl_net_forward_ref(own, student, T, 1, x, NULL, not_first, acting, NULL);
    sl_rng stream = sl_rng_split(&w->stream, e->index), actions = sl_rng_split_name(&stream, "action");
    sl_rng rng = sl_rng_split(&actions, (uint64_t)n);
    for (int t = 0; t < T; t++) {
        float logp[MAX_A];
        int row = t * s->N + n;
        for (int a = 0; a < A; a++) {
            bool forbidden = w->students_act && s->hides_avail && !see->avail[row * A + a];
            float expected = forbidden ? -1e10f : logits[t * A + a];
            assert_float_equal(e->logits[row * A + a], expected, 5e-4f);
        }
        for (int h = 0; h < e->H; h++) assert_float_equal(e->z[row * e->H + h], z[t * e->H + h], 5e-4f);
        sl_categorical_log_softmax(1, A, acting + t * A, see->told + row * A, logp);
        assert_float_equal(e->logp[row], logp[e->action[row]], 5e-4f);
        check_draw(logp, A, e->action[row], sl_rng_uniform(&rng));
    }
}

/* A_t = delta_t + gamma lambda A_{t + 1}, delta_t = r_t + gamma V_{t + 1} - V_t, with no value behind a termination.
 */
static void check_advantages(const world *w, int v, int T, int m, const seen *see, const float *value) {
    const sl_batch *d = w->sampled;
    double advantage = 0;
    for (int t = T - 1; t >= 0; t--) {
        float reward[MAX_N];
        sl_setup_reward(w->setup, see->reward + t * d->N, reward);
        double next = t == T - 1 && see->terminated ? 0 : (double)value[t + 1];
        advantage = (double)reward[m] + 0.9 * next - (double)value[t] + 0.9 * 0.8 * advantage;
        assert_float_equal(d->advantage[(t * d->B + v) * d->M + m], (float)advantage, 1e-2f);
    }
}

/* The critic's values, behind the last step too. */
static void check_values(const world *w, const sl_episode *e, uint64_t first, const seen *see, int m) {
    static float x[(MAX_T + 1) * MAX_IN], value[MAX_T + 1];
    const sl_setup *s = w->setup;
    const sl_net_def *net = &s->critic;
    float not_first[MAX_T + 1] = {0};
    bool own = w->x.e.teacher.critic_input == SL_EXP_CRITIC_AGENT;
    int I = net->in_dim, O = own ? s->O : 0;
    memset(x, 0, sizeof x);
    for (int t = 0; t <= e->T; t++) {
        float *row = x + t * I;
        not_first[t] = t > 0;
        bool dead = s->M > 1 && !see->alive[t * s->N + m];
        if (!dead) memcpy(row, see->state + t * s->S, (size_t)s->S * sizeof *x);
        if (!dead) memcpy(row + s->S, see->obs + (t * s->N + m) * s->O, (size_t)O * sizeof *x);
        if (s->M > 1) row[s->S + O + m] = 1.0f;
    }
    sl_net_forward_ref(net, w->critic, e->T + 1, 1, x, NULL, not_first, value, NULL);
    for (int t = 0; t <= e->T; t++) value[t] = value[t] * 2.0f - 3.0f;
    if (w->students_act)
        check_advantages(w, (int)(e->index - first), e->T, m, see, value);
    else
        for (int t = 0; t <= e->T; t++) assert_float_equal(e->value[t * s->M + m], value[t], 2e-3f);
}

static void check_episode(const world *w, int v, uint64_t first, seen *see) {
    const sl_episode *e = get(w, v, first);
    assert_true(e->index == first + (uint64_t)v);
    replay(w, e, see);
    check_seen(w, e, see);
    if (w->students_act) check_shown(w, v, see);
    const float *student = w->students;
    for (int n = 0; n < w->setup->N; n++) {
        check_decisions(w, e, see, n, student);
        student += sl_net_n_params(&w->setup->students[n]);
    }
    for (int m = 0; m < w->setup->M; m++) check_values(w, e, first, see, m);
}

static void test_episodes_are_what_was_played(void **state) {
    (void)state;
    static seen see;
    static world w;
    for (int k = 0; k < 2 * N_VARIANTS; k++) {
        int shortest = MAX_T, longest = 0, n_won = 0;
        open_world(&w, variants[k / 2], k % 2);
        for (uint64_t first = 0; first < 2 * V; first += V) {
            play(&w, first);
            for (int v = 0; v < V; v++) {
                const sl_episode *e = get(&w, v, first);
                check_episode(&w, v, first, &see);
                if (e->T < shortest) shortest = e->T;
                if (e->T > longest) longest = e->T;
                n_won += e->won;
            }
        }
        // particles play to the limit, battles end
        assert_true(w.setup->spec.mortal ? shortest < longest : shortest == 25 && longest == 25);
        if (k / 2 == FIGHT) assert_in_range(n_won, 1, 2 * V - 1);
        close_world(&w);
    }
}

static uint64_t hash(uint64_t h, const void *bytes, size_t n) {
    return bytes ? sl_fnv1a(h, bytes, n) : h;
}

static uint64_t hash_episode(const world *w, int v, uint64_t first) {
    const sl_episode *e = get(w, v, first);
    size_t T = (size_t)e->T, N = (size_t)e->N, TN = T * N;
    uint64_t h = hash(SL_FNV1A, e->obs, (T + 1) * N * (size_t)e->O * 4);
    h = hash(h, e->obs_mask, N * (size_t)e->O * 4);
    h = hash(h, e->state, (T + 1) * (size_t)e->S * 4);
    h = hash(h, e->avail, TN * (size_t)e->A);
    h = hash(h, e->action, TN * 4);
    h = hash(h, e->logp, TN * 4);
    h = hash(h, e->value, (T + 1) * (size_t)e->M * 4);
    h = hash(h, e->reward, TN * 4);
    h = hash(h, e->alive, TN * 4);
    h = hash(h, e->logits, TN * (size_t)e->A * 4);
    h = hash(h, e->z, TN * (size_t)e->H * 4);
    const sl_batch *d = w->sampled;
    for (size_t t = 0; w->students_act && t < T; t++) {
        size_t row = t * (size_t)d->B + (size_t)v, M = (size_t)d->M, NP = N * (size_t)d->P;
        h = hash(h, d->advantage + row * M, M * 4);
        h = hash(h, d->obs + row * NP, NP * 4);
    }
    return hash(h, &e->ret, sizeof e->ret);
}

/* An episode is its stream's: whatever the batch played before, on however many threads. */
static void test_an_episode_is_its_streams(void **state) {
    (void)state;
    static world w;
    for (int k = 0; k < 2 * N_VARIANTS; k++) {
        uint64_t wanted[V];
        open_world(&w, variants[k / 2], k % 2);
        play(&w, 0);
        for (int v = 0; v < V; v++) wanted[v] = hash_episode(&w, v, 0);
        play(&w, 100);
        assert_true(hash_episode(&w, 0, 100) != wanted[0]);
        for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
            play(&w, 0);
            for (int v = 0; v < V; v++) assert_true(hash_episode(&w, v, 0) == wanted[v]);
            close_batch(&w);
            open_batch(&w, V, n_threads);
        }
        close_world(&w);
    }
}

/* Another width rounds otherwise, but plays the same. */
static void test_an_episode_has_no_place_of_its_own(void **state) {
    (void)state;
    static world w;
    static int32_t actions[V][MAX_T * MAX_N];
    int length[V];
    open_world(&w, combat, true);
    play(&w, 0);
    for (int v = 0; v < V; v++) {
        const sl_episode *e = get(&w, v, 0);
        length[v] = e->T;
        memcpy(actions[v], e->action, (size_t)(e->T * e->N) * sizeof(int32_t));
    }
    close_batch(&w);
    open_batch(&w, 5, 1);
    play(&w, 9);
    for (int v = 0; v < 5; v++) {
        const sl_episode *e = get(&w, v, 0);
        assert_int_equal(e->T, length[9 + v]);
        assert_memory_equal(e->action, actions[9 + v], (size_t)(e->T * e->N) * sizeof(int32_t));
    }
    close_world(&w);
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    static world w;
    open_world(&w, combat, true);
    play(&w, 0);
    uint64_t before = sl_heap_count();
    for (uint64_t first = V; first < 20 * V; first += V) play(&w, first);
    assert_int_equal(sl_heap_count() - before, 0);
    close_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_episodes_are_what_was_played),
        cmocka_unit_test(test_an_episode_is_its_streams),
        cmocka_unit_test(test_an_episode_has_no_place_of_its_own),
        cmocka_unit_test(test_no_allocation),
    };
    return cmocka_run_group_tests_name("episode_batch", tests, NULL, NULL);
}
