/* test_evaluate_links.c - evaluations under links: the same for any number of threads and episodes, counts and all;
 * divergence is 0 where nothing is late. */
#include "common/alloc.h"
#include "rollout/evaluate.h"
#include "rollout/example.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MANY = 100, FEW = 7, N = 3, LENGTH = 25 };

typedef struct links_text {
    sl_execution execution;
    const char *delay, *loss;
} links_text;

typedef struct result {
    double returns[MANY * N];
    sl_link_counts counts;
} result;

static float params[40000];

/* n episodes by these links; NULL: those of the setup, which has none. */
static sl_status evaluate(example *x, const links_text *text, sl_policy_kind policy, int n_threads, int n,
                          result *out) {
    sl_setup *setup = NULL;
    sl_pool *pool = NULL;
    sl_policy_set *set = NULL;
    sl_links *links = NULL;
    char delay[64], loss[64], order[] = "reorder";
    int32_t length[MANY];
    assert_int_equal(sl_setup_create(&x->e, &setup), SL_OK);
    assert_int_equal(sl_pool_create(n_threads, &pool), SL_OK);
    if (text) {
        snprintf(delay, sizeof delay, "%s", text->delay);
        snprintf(loss, sizeof loss, "%s", text->loss);
        sl_links_def def = {.execution = text->execution, .words = {.delay = delay, .loss = loss, .order = order}};
        assert_int_equal(sl_setup_make_links(setup, &def, &links), SL_OK);
    }
    int V = sl_evaluate_width(n);
    bool learned = policy == SL_POLICY_TEACHER || policy == SL_POLICY_STUDENTS;
    sl_policy_set_def nets =
        policy == SL_POLICY_TEACHER ? sl_policy_set_teacher_def(setup, V) : sl_policy_set_students_def(setup, V);
    if (learned) {
        assert_int_equal(sl_policy_set_create(&nets, &set), SL_OK);
        memcpy(sl_policy_set_params(set), params, sl_policy_set_n_params(set) * sizeof *params);
    }
    memset(out, 0xff, sizeof *out);
    sl_evaluate_def def = {.setup = setup,
                           .pool = pool,
                           .policy = policy,
                           .set = set,
                           .n_episodes = n,
                           .seed = 9,
                           .links = links,
                           .counts = &out->counts,
                           .want_divergence = learned};
    sl_status status = sl_evaluate_run(&def, &(sl_episodes){out->returns, length, NULL});
    sl_policy_set_destroy(&set);
    sl_links_destroy(&links);
    sl_pool_destroy(&pool);
    sl_setup_destroy(&setup);
    return status;
}

static const links_text settings[] = {
    {SL_EXECUTION_ONBOARD, "normal 6 3 steps", "0.2"},
    {SL_EXECUTION_ONBOARD, "uniform 0 3 steps", "gilbert-elliott 0.1 0.3"},
    {SL_EXECUTION_REMOTE, "normal 2 1 steps", ""},
    {SL_EXECUTION_REMOTE, "uniform 0 6 steps", "0.2"},
};
enum { N_SETTINGS = 4 };

static void open_example(example *x, bool recurrent) {
    sl_rng rng = sl_rng_seed(5);
    for (int i = 0; i < 40000; i++) params[i] = (float)sl_rng_between(&rng, -0.5, 0.5);
    example_init(x);
    if (recurrent) example_make_recurrent(x);
}

/* Episode e is the same whether 1, 7 or 100 are asked for; the sums of counts do not depend on the threads. */
static void test_episodes_stand_alone(void **state) {
    (void)state;
    static result many, again, few, fresh;
    for (int k = 0; k < N_SETTINGS; k++)
        for (int ages = 0; ages < 2; ages++) {
            // a teacher of its own sees no ages
            sl_policy_kind policy = ages || k % 2 ? SL_POLICY_STUDENTS : SL_POLICY_TEACHER;
            example x;
            open_example(&x, true);
            x.e.mask.age = ages;
            assert_int_equal(evaluate(&x, &settings[k], policy, 3, MANY, &many), SL_OK);
            assert_int_equal(evaluate(&x, &settings[k], policy, 1, MANY, &again), SL_OK);
            assert_memory_equal(&many, &again, sizeof many);
            assert_int_equal(evaluate(&x, &settings[k], policy, 2, FEW, &few), SL_OK);
            assert_memory_equal(many.returns, few.returns, FEW * N * sizeof(double));
            assert_int_equal(evaluate(&x, &settings[k], policy, 1, 1, &few), SL_OK);
            assert_memory_equal(many.returns, few.returns, N * sizeof(double));
            assert_int_equal(evaluate(&x, NULL, policy, 2, MANY, &fresh), SL_OK);
            assert_memory_not_equal(many.returns, fresh.returns, sizeof many.returns);
        }
}

/* Every agent-step is counted once, of episodes that were asked for alone. */
static void test_what_is_counted(void **state) {
    (void)state;
    static result r;
    for (int k = 0; k < N_SETTINGS; k++) {
        example x;
        open_example(&x, true);
        x.e.mask.kind = SL_MASK_NONE;
        assert_int_equal(evaluate(&x, &settings[k], SL_POLICY_STUDENTS, 2, MANY, &r), SL_OK);
        assert_int_equal(r.counts.compared, MANY * LENGTH * N);
        assert_in_range(r.counts.divergent, 10, MANY * LENGTH * N);
        assert_in_range(r.counts.lost * 10, k == 2 ? 0 : r.counts.sent, r.counts.sent * 4);
        assert_in_range(r.counts.longest_run, 1, LENGTH);
        // remote, some steps bring nothing to decide on, and some more than one thing
        bool remote = settings[k].execution == SL_EXECUTION_REMOTE;
        assert_in_range(r.counts.decisions, remote ? MANY * LENGTH : MANY * LENGTH * N, MANY * LENGTH * N);
        // less than a slice's worth of copies that play on for nobody
        static result few;
        assert_int_equal(evaluate(&x, &settings[k], SL_POLICY_STUDENTS, 2, 1, &few), SL_OK);
        assert_int_equal(few.counts.compared, LENGTH * N);
        assert_in_range(few.counts.sent, LENGTH, LENGTH * N * 2);
    }
}

static void test_nothing_late_diverges_nowhere(void **state) {
    (void)state;
    static result late, fresh;
    for (int k = 0; k < 4; k++) {
        const links_text zero = {k % 2 ? SL_EXECUTION_REMOTE : SL_EXECUTION_ONBOARD, "fixed 0 steps", ""};
        sl_policy_kind policy = k / 2 ? SL_POLICY_STUDENTS : SL_POLICY_TEACHER;
        example x;
        open_example(&x, true);
        assert_int_equal(evaluate(&x, &zero, policy, 2, MANY, &late), SL_OK);
        assert_int_equal(evaluate(&x, NULL, policy, 2, MANY, &fresh), SL_OK);
        assert_memory_equal(late.returns, fresh.returns, sizeof late.returns);
        assert_int_equal(late.counts.compared, MANY * LENGTH * N);
        assert_int_equal(late.counts.divergent, 0);
        assert_int_equal(fresh.counts.divergent, 0);
    }
}

static void test_no_networks_no_links(void **state) {
    (void)state;
    static result r;
    example x;
    open_example(&x, false);
    assert_int_equal(evaluate(&x, &settings[0], SL_POLICY_RANDOM, 1, FEW, &r), SL_CONFIG);
    assert_int_equal(evaluate(&x, NULL, SL_POLICY_RANDOM, 1, FEW, &r), SL_OK);
    assert_int_equal(r.counts.sent + r.counts.compared, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_episodes_stand_alone),
        cmocka_unit_test(test_what_is_counted),
        cmocka_unit_test(test_nothing_late_diverges_nowhere),
        cmocka_unit_test(test_no_networks_no_links),
    };
    return cmocka_run_group_tests_name("evaluations under links", tests, NULL, NULL);
}
