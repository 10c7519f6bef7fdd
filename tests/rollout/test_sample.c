/* test_sample.c - a distillation batch against episodes made up by hand: what students see of them, the padding
 * behind short ones, and eq. 1 and 2 written out as sums. */
#include "common/alloc.h"
#include "rollout/example.h"
#include "rollout/runner.h"
#include "rollout/sample.h"
#include "rollout/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

enum { B = 3, H = 4, D = 3, K = 2, MAX_T = 6, MAX_O = 64, MAX_A = 16, MAX_N = 3 };

/* An episode with arrays of its own, as the buffer would give it. */
typedef struct made {
    sl_episode e;
    float obs[(MAX_T + 1) * MAX_N * MAX_O], obs_mask[MAX_N * MAX_O], value[(MAX_T + 1) * MAX_N],
        reward[MAX_T * MAX_N];
    float logp[MAX_T * MAX_N], alive[MAX_T * MAX_N], logits[MAX_T * MAX_N * MAX_A], z[MAX_T * MAX_N * H];
    uint8_t avail[MAX_T * MAX_N * MAX_A];
    int32_t action[MAX_T * MAX_N];
} made;

typedef struct world {
    example x;
    sl_setup *setup;
    sl_sample *sample;
    made episodes[B];
    bool ages, maps; /* before it is opened. maps: w_ppo is 0, and the role map stays where it is */
    sl_links_def links;
} world;

static void fill(float *x, size_t n, sl_rng *rng) {
    for (size_t i = 0; i < n; i++) x[i] = (float)sl_rng_between(rng, -2, 2);
}

static void make_episode(made *m, const sl_setup *s, int T, bool terminated, bool with_alive, uint64_t seed) {
    sl_rng rng = sl_rng_seed(seed);
    fill(m->obs, sizeof m->obs / sizeof(float), &rng);
    fill(m->value, sizeof m->value / sizeof(float), &rng);
    fill(m->reward, sizeof m->reward / sizeof(float), &rng);
    fill(m->logp, sizeof m->logp / sizeof(float), &rng);
    fill(m->logits, sizeof m->logits / sizeof(float), &rng);
    fill(m->z, sizeof m->z / sizeof(float), &rng);
    for (size_t i = 0; i < sizeof m->obs_mask / sizeof(float); i++) m->obs_mask[i] = (float)sl_rng_below(&rng, 2);
    for (int i = 0; i < T * s->N; i++) {
        m->action[i] = (int32_t)sl_rng_below(&rng, (uint32_t)s->A);
        m->alive[i] = (float)(sl_rng_below(&rng, 3) > 0);
        // of every fourth row no-op alone is legal
        for (int a = 0; a < s->A; a++) m->avail[i * s->A + a] = i % 4 == 3 ? a == 0 : a > 0 && sl_rng_below(&rng, 2);
    }
    m->e = (sl_episode){.T = T, .N = s->N, .O = s->O, .A = s->A, .H = H, .M = s->M, .index = seed};
    m->e.terminated = terminated;
    m->e.knows_won = true;
    m->e.won = seed % 2;
    m->e.obs = m->obs, m->e.obs_mask = m->obs_mask, m->e.avail = s->uses_avail ? m->avail : NULL,
    m->e.action = m->action;
    m->e.logp = m->logp, m->e.value = m->value, m->e.reward = m->reward, m->e.logits = m->logits, m->e.z = m->z;
    m->e.alive = with_alive ? m->alive : NULL;
}

/* Two kinds: spread with one reward for all and nothing illegal; a battle with a reward each, hidden actions and
 * sight. */
static void open_world(world *w, bool combat) {
    bool ages = w->ages, maps = w->maps;
    sl_links_def links = w->links;
    memset(w, 0, sizeof *w);
    w->maps = maps;
    if (combat) {
        example_init_combat(&w->x);
        w->x.e.mask.avail_actions = SL_EXP_HIDDEN;
    } else {
        example_init(&w->x);
    }
    sl_env_at(&w->x.e.env.options, "max_steps")->whole = MAX_T;
    w->x.e.mask.age = ages;
    w->x.e.links = links;
    w->x.e.teacher.actor.hidden = H;
    // the whole embedding is wanted, as the role map moves
    w->x.e.distill.w_ppo = w->x.e.distill.w_role = 1;
    w->x.e.distill.teacher_role_period = !w->maps, w->x.e.distill.role_dim = K;
    if (w->maps) w->x.e.distill.w_ppo = 0, w->x.e.distill.w_sr = 1, w->x.e.distill.common_dim = D;
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    assert_int_equal(sl_sample_create(w->setup, B, &w->sample), SL_OK);
    assert_true(w->setup->O <= MAX_O && w->setup->A <= MAX_A && w->setup->N == MAX_N);
    assert_int_equal(w->setup->M, combat ? 3 : 1);
}

static void close_world(world *w) {
    sl_sample_destroy(&w->sample);
    sl_setup_destroy(&w->setup);
}

static const sl_batch *set_all(world *w) {
    sl_sample_begin(w->sample);
    for (int b = 0; b < B; b++)
        assert_int_equal(sl_sample_set(w->sample, b, &w->episodes[b].e, w->episodes[b].e.obs_mask, &w->setup->root),
                         SL_OK);
    return sl_sample_finish(w->sample);
}

// what an agent sees: the kept features, of units within sight
static void see_by_hand(const sl_setup *s, int n, const float *obs, const float *obs_mask, float *seen) {
    for (int o = 0; o < s->O; o++) seen[o] = obs[o] * obs_mask[o];
    const sl_agent_spec *agent = &s->spec.agents[n];
    for (int k = 0; s->spec.sees_all && k < agent->n_blocks; k++) {
        const sl_block *block = &agent->blocks[k];
        for (int at = 0; block->entry && at < block->len; at += block->entry)
            if (obs[block->begin + at + 1] > 1.0f)
                memset(seen + block->begin + at, 0, (size_t)block->entry * sizeof *seen);
    }
}

// the legal actions as they are told: with hidden ones everything but no-op, unless no-op is all there is
static bool is_shown(const sl_setup *s, const uint8_t *avail, int a) {
    bool any = false;
    for (int k = 1; k < s->A; k++) any |= avail[k] != 0;
    return s->hides_avail && any && a > 0 ? true : avail[a] != 0;
}

static void check_step(const world *w, const sl_batch *d, int t, int b) {
    const sl_setup *s = w->setup;
    const made *m = &w->episodes[b];
    float seen[MAX_O];
    assert_float_equal(d->not_first[t * B + b], t > 0, 0);
    for (int n = 0; n < s->N; n++) {
        int row = (t * B + b) * s->N + n, own = t * s->N + n;
        see_by_hand(s, n, m->obs + own * s->O, m->obs_mask + n * s->O, seen);
        for (int o = 0; o < s->O; o++) assert_float_equal(d->obs[row * s->O + o], seen[o], 0);
        for (int a = 0; a < s->A; a++) {
            const uint8_t *avail = m->avail + own * s->A;
            bool illegal = s->hides_avail && !avail[a];
            float logit = illegal ? -1e10f : m->logits[own * s->A + a];
            assert_float_equal(d->teacher_logits[row * s->A + a], logit, 0);
            if (d->avail) assert_int_equal(d->avail[row * s->A + a], is_shown(s, avail, a));
        }
        assert_memory_equal(d->teacher_z + row * H, m->z + own * H, H * sizeof(float));
        assert_float_equal(d->logp[row], m->logp[own], 0);
        assert_int_equal(d->action[row], m->action[own]);
        if (d->alive) assert_float_equal(d->alive[row], (m->e.alive ? m->alive[own] : 1.0f), 0);
    }
}

/* A_t = sum over l of (gamma lambda)^l delta_{t + l}, delta_t = r_t + gamma V_{t+1} - V_t; a terminated episode has
 * no value behind its end, a truncated one has. */
static void check_advantages(const world *w, const sl_batch *d, int b) {
    const made *m = &w->episodes[b];
    int M = w->setup->M, N = w->setup->N, T = m->e.T;
    for (int i = 0; i < M; i++) {
        for (int t = 0; t < T; t++) {
            double sum = 0;
            for (int k = t; k < T; k++) {
                double reward = 0, next = (double)m->value[(k + 1) * M + i];
                for (int n = 0; n < N; n++) reward += M == 1 || n == i ? (double)m->reward[k * N + n] : 0;
                if (k == T - 1 && m->e.terminated) next = 0;
                sum += pow(0.9 * 0.8, k - t) * (reward + 0.9 * next - (double)m->value[k * M + i]);
            }
            int at = (t * B + b) * M + i;
            assert_float_equal(d->advantage[at], (float)sum, 1e-4f);
        }
    }
}

static void check_padding(const world *w, const sl_batch *d, int b) {
    const sl_setup *s = w->setup;
    assert_non_null(d->alive);
    for (int t = w->episodes[b].e.T; t < d->T; t++) {
        assert_float_equal(d->not_first[t * B + b], 0.0f, 0);
        for (int i = 0; i < s->M; i++) {
            int at = (t * B + b) * s->M + i;
            assert_true(d->advantage[at] == 0.0f);
        }
        for (int n = 0; n < s->N; n++) {
            int row = (t * B + b) * s->N + n;
            assert_true(d->alive[row] == 0.0f && d->logp[row] == 0.0f && d->action[row] == 0);
            for (int o = 0; o < s->O; o++) assert_float_equal(d->obs[row * s->O + o], 0.0f, 0);
            for (int k = 0; k < H; k++) assert_float_equal(d->teacher_z[row * H + k], 0.0f, 0);
            for (int a = 0; a < s->A; a++) {
                assert_float_equal(d->teacher_logits[row * s->A + a], 0.0f, 0);
                if (d->avail) assert_int_equal(d->avail[row * s->A + a], a < s->spec.agents[n].n_actions);
            }
        }
    }
}

static void check_all(const world *w, const sl_batch *d) {
    assert_true(d->B == B && d->n_episodes == B && d->N == w->setup->N && d->M == w->setup->M && d->Z == H);
    assert_true((d->avail != NULL) == w->setup->uses_avail);
    for (int b = 0; b < B; b++) {
        const made *m = &w->episodes[b];
        for (int t = 0; t < m->e.T; t++) check_step(w, d, t, b);
        if (m->e.T < d->T) check_padding(w, d, b);
        check_advantages(w, d, b);
        assert_int_equal(d->episode_length[b], m->e.T);
        for (int n = 0; n < d->N; n++) {
            double sum = 0;
            for (int t = 0; t < m->e.T; t++) sum += (double)m->reward[t * d->N + n];
            assert_true(fabs(d->episode_return[b * d->N + n] - sum) < 1e-9);
        }
    }
}

static void test_a_batch_is_its_episodes(void **state) {
    (void)state;
    static world w;
    for (int combat = 0; combat < 2; combat++) {
        open_world(&w, combat);
        // longest in the middle, then shorter ones over it: nothing is left behind
        make_episode(&w.episodes[0], w.setup, 3, true, combat, 1);
        make_episode(&w.episodes[1], w.setup, MAX_T, false, combat, 2);
        make_episode(&w.episodes[2], w.setup, 1, false, false, 3);
        const sl_batch *d = set_all(&w);
        assert_int_equal(d->T, MAX_T);
        check_all(&w, d);
        for (int b = 0; b < B; b++) assert_int_equal(d->episode_won[b], w.episodes[b].e.won);
        make_episode(&w.episodes[0], w.setup, 2, false, false, 4);
        make_episode(&w.episodes[1], w.setup, 1, true, combat, 5);
        make_episode(&w.episodes[2], w.setup, 4, true, combat, 6);
        d = set_all(&w);
        assert_int_equal(d->T, 4);
        check_all(&w, d);
        close_world(&w);
    }
}

static void test_what_all_share_is_not_said(void **state) {
    (void)state;
    static world w;
    open_world(&w, true);
    for (int b = 0; b < B; b++) make_episode(&w.episodes[b], w.setup, 4, true, false, (uint64_t)b);
    const sl_batch *d = set_all(&w);
    // all alive to the end of equal episodes
    assert_null(d->alive);
    assert_non_null(d->episode_won);
    check_all(&w, d);
    // one that died, one of which nobody knows who won
    make_episode(&w.episodes[1], w.setup, 4, true, true, 9);
    w.episodes[2].e.knows_won = false;
    d = set_all(&w);
    assert_non_null(d->alive);
    assert_null(d->episode_won);
    check_all(&w, d);
    // and it is said of one batch alone
    w.episodes[1].e.alive = NULL;
    w.episodes[2].e.knows_won = true;
    d = set_all(&w);
    assert_true(!d->alive && d->episode_won);
    close_world(&w);
}

/* Where the role map stays and PPO is off, the teacher's embedding comes under the maps, and what PPO reads not at
 * all. */
static void test_what_nobody_reads_is_not_there(void **state) {
    (void)state;
    static world w;
    float common[D * H], role[K * H];
    w = (world){.maps = true};
    open_world(&w, true);
    sl_lessons_draw(w.setup, common, role);
    for (int b = 0; b < B; b++) make_episode(&w.episodes[b], w.setup, 1 + b, true, true, (uint64_t)b);
    const sl_batch *d = set_all(&w);
    assert_true(!d->action && !d->logp && !d->advantage && !d->value && !d->target && d->Z == D + K);
    for (int row = 0; row < 3 * B * MAX_N; row++) {
        int t = row / (B * MAX_N), b = row / MAX_N % B, n = row % MAX_N;
        const float *z = w.episodes[b].z + (t * MAX_N + n) * H;
        for (int k = 0; k < D + K; k++) {
            const float *map = k < D ? common + k * H : role + (k - D) * H;
            float sum = 0;
            for (int h = 0; h < H && t <= b; h++) sum += map[h] * z[h];
            assert_float_equal(d->teacher_z[row * (D + K) + k], sum, 1e-5f);
        }
    }
    close_world(&w);
}

static void test_another_team_is_refused(void **state) {
    (void)state;
    static world w;
    open_world(&w, true);
    for (int k = 0; k < 8; k++) {
        make_episode(&w.episodes[0], w.setup, 4, true, false, 1);
        sl_episode e = w.episodes[0].e;
        if (k == 0) e.T = MAX_T + 1;
        if (k == 1) e.T = 0;
        if (k == 2) e.N--;
        if (k == 3) e.O--;
        if (k == 4) e.A--;
        if (k == 5) e.H++;
        if (k == 6) e.M = 1;
        if (k == 7) e.avail = NULL;
        assert_int_equal(sl_sample_set(w.sample, 0, &e, w.episodes[0].obs_mask, &w.setup->root), SL_MISMATCH);
    }
    close_world(&w);
}

/* A team on the way: what the runner shows of it, step by step. */
typedef struct flown {
    sl_env *env;
    sl_mask *masks;
    sl_runner *runner;
    sl_view view;
    int t;
    float obs[(MAX_T + 1) * MAX_N * MAX_O], seen[MAX_T * MAX_N * MAX_O];
} flown;

static sl_status note_seen(void *context, const sl_step *step) {
    flown *f = context;
    const sl_view *view = &f->view;
    size_t N = (size_t)view->spec->n_agents, NO = N * (size_t)view->spec->obs_dim, NP = N * (size_t)view->P;
    memcpy(f->obs + (size_t)f->t * NO, step->obs, NO * sizeof(float));
    memcpy(f->seen + (size_t)f->t * NP, step->seen, NP * sizeof(float));
    for (int i = 0; i < (int)N; i++) step->actions[i] = (f->t + i) % 5;
    f->t++;
    return SL_OK;
}

// plays an episode of MAX_T steps
static void fly(const sl_setup *s, const sl_streams *streams, flown *f) {
    memset(f, 0, sizeof *f);
    assert_int_equal(sl_setup_env(s, 1, &s->root, &f->env), SL_OK);
    assert_int_equal(sl_setup_masks(s, 1, &f->masks), SL_OK);
    f->view = sl_view_of(&s->spec, f->masks, false, s->ages);
    sl_runner_def def = {.V = 1,
                         .env = f->env,
                         .masks = f->masks,
                         .links = sl_setup_trained_links(s, true),
                         .ages = s->ages,
                         .context = f,
                         .act = note_seen};
    assert_int_equal(sl_runner_create(&def, &f->runner), SL_OK);
    sl_runner_seed(f->runner, 0, streams);
    assert_int_equal(sl_runner_reset(f->runner, 0), SL_OK);
    while (f->t < MAX_T) assert_int_equal(sl_runner_step(f->runner, 0), SL_OK);
}

/* What students would have seen of a recorded episode is what they see when they play it under the same fates; other
 * fates show something else. With and without ages, with and without links, on Spread and in a battle. */
static void test_a_sample_is_what_was_shown(void **state) {
    (void)state;
    static world w;
    static flown f;
    char delay[] = "uniform 0 3 steps", loss[] = "0.2";
    for (int k = 0; k < 8; k++) {
        bool combat = k % 2, ages = k / 2 % 2, late = k / 4;
        w = (world){.ages = ages, .links = {.words = {.delay = late ? delay : NULL, .loss = late ? loss : NULL}}};
        open_world(&w, combat);
        assert_int_equal(w.setup->P > w.setup->O, ages);
        for (int b = 0; b < B; b++) {
            sl_streams streams = sl_streams_of_episode(2, b);
            made *m = &w.episodes[b];
            fly(w.setup, &streams, &f);
            make_episode(m, w.setup, MAX_T, false, false, 1);
            memcpy(m->obs, f.obs, sizeof m->obs);
            size_t NP = (size_t)(w.setup->N * w.setup->P);
            const float *mask = sl_mask_get(f.masks, 0);
            for (int other = 0; other < 2; other++) {
                if (other) streams.links = w.setup->root;
                assert_int_equal(sl_sample_set(w.sample, b, &m->e, mask, &streams.links), SL_OK);
                const sl_batch *d = sl_sample_finish(w.sample);
                bool same = true;
                for (size_t t = 0; t < MAX_T; t++)
                    same &= !memcmp(d->obs + (t * B + (size_t)b) * NP, f.seen + t * NP, NP * sizeof(float));
                assert_int_equal(same, !(other && late));
            }
            sl_runner_destroy(&f.runner);
            sl_env_destroy(&f.env);
            sl_mask_destroy(&f.masks);
        }
        close_world(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_is_its_episodes),    cmocka_unit_test(test_a_sample_is_what_was_shown),
        cmocka_unit_test(test_what_all_share_is_not_said), cmocka_unit_test(test_what_nobody_reads_is_not_there),
        cmocka_unit_test(test_another_team_is_refused),
    };
    return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
