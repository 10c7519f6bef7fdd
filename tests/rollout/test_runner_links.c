/* test_runner_links.c - the runner's loop under links: nothing late is as without them, what is told comes late and
 * with its age, remote agents act on what arrived, and what inactive agents do is ignored. */
#include "rollout/example.h"
#include "rollout/runner.h"
#include "setup/setup.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { V = 18, N = 3, O = 18, TOLD = 2, P = O + TOLD, STEPS = 60, LENGTH = 25 };

typedef struct world {
    example x;
    char delay[64], loss[16];
    sl_setup *setup;
    sl_env *env;
    sl_mask *masks;
    sl_runner *runner;
    int t, width;                   /* steps so far; of a row that is seen */
    float obs[STEPS + 1][V][N][O];  /* as they are */
    float seen[STEPS + 1][V][N][P]; /* where somebody acted */
    uint8_t acted[STEPS + 1][V][N]; /* 0 = not in that step */
    int32_t applied[STEPS + 1][V][N];
    int32_t garbage; /* written for those who are not active */

} world;

static sl_status act(void *context, const sl_step *step) {
    world *w = context;
    for (int v = step->begin; v < step->end; v++)
        for (int n = 0; n < N; n++) {
            int row = v * N + n;
            step->actions[row] = w->garbage;
            if (step->active && !step->active[row]) continue;
            w->acted[w->t][v][n] = 1;
            memcpy(w->seen[w->t][v][n], step->seen + row * w->width, (size_t)w->width * sizeof(float));
            // of what was seen, so that it matters
            step->actions[row] = (int32_t)(fabsf(step->seen[row * w->width + 2]) * 1000) % 5;
        }
    return SL_OK;
}

static void decided(void *context, const sl_step *step) {
    world *w = context;
    for (int v = step->begin; v < step->end; v++) {
        memcpy(w->obs[w->t][v], step->obs + v * N * O, sizeof w->obs[0][0]);
        memcpy(w->applied[w->t][v], step->actions + v * N, sizeof w->applied[0][0]);
    }
}

static bool next(void *context, int slice, int v) {
    (void)context, (void)slice, (void)v;
    return true;
}

typedef struct kind {
    const char *delay, *loss;
    sl_execution execution;
    int T;
    bool ages, masked, fresh;
} kind;

static world *open_world(kind k) {
    world *w = sl_alloc(sizeof *w);
    assert_non_null(w);
    example_init(&w->x);
    snprintf(w->delay, sizeof w->delay, "%s", k.delay);
    snprintf(w->loss, sizeof w->loss, "%s", k.loss ? k.loss : "");
    if (!k.masked) w->x.e.mask.kind = SL_MASK_NONE;
    w->x.e.mask.age = k.ages;
    assert_int_equal(sl_setup_create(&w->x.e, &w->setup), SL_OK);
    assert_int_equal(w->setup->P, k.ages ? P : O);
    w->width = w->setup->P;
    w->x.e.links.execution = k.execution;
    w->x.e.links.words.delay = w->delay;
    w->x.e.links.words.loss = w->loss;
    w->x.e.links.words.order = "reorder";
    sl_links_destroy(&w->setup->links);
    assert_int_equal(sl_setup_make_links(w->setup, &w->x.e.links, &w->setup->links), SL_OK);
    assert_int_equal(sl_setup_env(w->setup, V, &w->setup->root, &w->env), SL_OK);
    assert_int_equal(sl_setup_masks(w->setup, V, &w->masks), SL_OK);
    sl_runner_def def = {.V = V,
                         .T = k.T,
                         .env = w->env,
                         .masks = k.masked ? w->masks : NULL,
                         .links = k.fresh ? NULL : w->setup->links,
                         .ages = k.ages,
                         .counts_none = true,
                         .context = w,
                         .act = act,
                         .decided = decided,
                         .next = next};
    assert_int_equal(sl_runner_create(&def, &w->runner), SL_OK);
    assert_true((sl_runner_team(w->runner) == NULL) == k.fresh);
    for (int v = 0; v < V; v++) {
        sl_streams streams = sl_streams_of_episode(3, v);
        sl_runner_seed(w->runner, v, &streams);
    }
    for (int s = 0; s < sl_runner_slices(w->runner).n; s++) assert_int_equal(sl_runner_reset(w->runner, s), SL_OK);
    return w;
}

static void play(world *w) {
    for (; w->t < STEPS; w->t++)
        for (int s = 0; s < sl_runner_slices(w->runner).n; s++) assert_int_equal(sl_runner_step(w->runner, s), SL_OK);
}

static void close_world(world *w) {
    sl_runner_destroy(&w->runner);
    sl_env_destroy(&w->env);
    sl_mask_destroy(&w->masks);
    sl_setup_destroy(&w->setup);
    sl_free(w);
}

static void same_worlds(const world *a, const world *b) {
    assert_memory_equal(a->obs, b->obs, sizeof a->obs);
    assert_memory_equal(a->seen, b->seen, sizeof a->seen);
    assert_memory_equal(a->applied, b->applied, sizeof a->applied);
    assert_true(sl_env_hash(a->env) == sl_env_hash(b->env));
}

/* A delay of no steps is no link at all, on board and remote, with masks and ages, for one row and for many. */
static void test_nothing_late_is_fresh(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        kind k = {.delay = "fixed 0 steps", .ages = i % 2, .masked = i / 2 % 2, .T = i / 4 ? 7 : 0, .fresh = true};
        world *fresh = open_world(k);
        k.fresh = false;
        world *linked = open_world(k);
        play(fresh);
        play(linked);
        same_worlds(fresh, linked);
        close_world(linked);
        if (k.T == 0) {
            k.execution = SL_EXECUTION_REMOTE;
            linked = open_world(k);
            play(linked);
            same_worlds(fresh, linked);
            close_world(linked);
        }
        close_world(fresh);
    }
}

static const sl_block *block_of(const world *w, const char *name) {
    const sl_agent_spec *agent = &w->setup->spec.agents[0];
    for (int b = 0; b < agent->n_blocks; b++)
        if (strcmp(agent->blocks[b].name, name) == 0) return &agent->blocks[b];
    return NULL;
}

/* Two steps late: what is told is of two steps before, zeros before that, in every episode anew; what is sensed is of
 * now; the ages stand behind. */
static void test_told_blocks_are_late(void **state) {
    (void)state;
    for (int masked = 0; masked < 2; masked++) {
        world *w = open_world((kind){.delay = "fixed 2 steps", .ages = true, .masked = masked});
        play(w);
        for (int t = 0; t < STEPS; t++)
            for (int v = 0; v < V; v++)
                for (int n = 0; n < N; n++) {
                    const float *seen = w->seen[t][v][n];
                    int age = t % LENGTH;
                    for (int b = 0; b < w->setup->spec.agents[n].n_blocks; b++) {
                        const sl_block *block = &w->setup->spec.agents[n].blocks[b];
                        bool late = block->is_told, came = age >= 2;
                        for (int o = block->begin; o < block->begin + block->len; o++) {
                            float is = !late ? w->obs[t][v][n][o] : came ? w->obs[t - 2][v][n][o] : 0.0f;
                            assert_true(seen[o] == is || (masked && seen[o] == 0.0f));
                        }
                    }
                    for (int i = 0; i < TOLD; i++)
                        assert_float_equal(seen[O + i], 0.1f * (float)(age < 2 ? age + 1 : 2), 1e-6);
                }
        assert_non_null(block_of(w, "others"));
        close_world(w);
    }
}

/* One step each way: nobody acts in an episode's first step; what is applied answers what was two steps before. */
static void test_remote_agents_act_on_what_arrived(void **state) {
    (void)state;
    world *w = open_world((kind){.delay = "fixed 1 steps", .execution = SL_EXECUTION_REMOTE, .ages = true});
    play(w);
    for (int t = 0; t < STEPS; t++)
        for (int v = 0; v < V; v++)
            for (int n = 0; n < N; n++) {
                int age = t % LENGTH;
                assert_int_equal(w->acted[t][v][n], age >= 1);
                if (age >= 1) assert_memory_equal(w->seen[t][v][n], w->obs[t - 1][v][n], O * sizeof(float));
                if (age >= 1) assert_float_equal(w->seen[t][v][n][O], 0.1f, 1e-6);
                int32_t wanted = age >= 2 ? (int32_t)(fabsf(w->obs[t - 2][v][n][2]) * 1000) % 5 : 0;
                assert_int_equal(w->applied[t][v][n], wanted);
            }
    close_world(w);
}

/* Some get something, some do not, in every step and round: what is written for those who do not is ignored. */
static void test_the_inactive_are_ignored(void **state) {
    (void)state;
    kind k = {.delay = "uniform 0 4 steps", .loss = "0.2", .execution = SL_EXECUTION_REMOTE, .masked = true};
    world *a = open_world(k), *b = open_world(k);
    b->garbage = 3;
    play(a);
    play(b);
    same_worlds(a, b);
    int n_acted = 0;
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < V * N; i++) n_acted += (&a->acted[t][0][0])[i];
    // another episode has other fates
    assert_memory_not_equal(a->acted[0], a->acted[LENGTH], LENGTH * sizeof a->acted[0]);
    assert_in_range(n_acted, STEPS * V * N / 5, STEPS * V * N * 9 / 10);
    close_world(a);
    close_world(b);
}

/* A behaviour draws for those who are active alone. */
static void test_the_inactive_draw_nothing(void **state) {
    (void)state;
    world *w = open_world((kind){.delay = "fixed 0 steps"});
    float logits[V * N * 5] = {0}, logp[V * N * 5];
    uint8_t active[V * N];
    int32_t actions[V * N];
    sl_rng rngs[V * N], before[V * N];
    for (int i = 0; i < V * N; i++) {
        rngs[i] = before[i] = sl_rng_seed((uint64_t)i);
        active[i] = i % 7 < 3;
        actions[i] = -1;
    }
    sl_step step = sl_runner_get(w->runner, 0);
    step.active = active;
    step.actions = actions;
    sl_runner_choose(w->runner, &step, &sl_behaviours[0], logits, rngs, logp);
    for (int i = step.begin * N; i < step.end * N; i++) {
        assert_int_equal(actions[i] >= 0, active[i]);
        assert_int_equal(memcmp(&rngs[i], &before[i], sizeof rngs[i]) != 0, active[i]);
    }
    close_world(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_late_is_fresh),
        cmocka_unit_test(test_told_blocks_are_late),
        cmocka_unit_test(test_remote_agents_act_on_what_arrived),
        cmocka_unit_test(test_the_inactive_are_ignored),
        cmocka_unit_test(test_the_inactive_draw_nothing),
    };
    return cmocka_run_group_tests_name("runner under links", tests, NULL, NULL);
}
