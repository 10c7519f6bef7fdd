/* test_distill.c - the whole distillation loss (eq. 5) against finite differences; learning, determinism, switches.
 */
#include "trainer/learners/distill.h"

#include "common/alloc.h"
#include "support/heap_count.h"
#include "support/torture.h"
#include "trainer/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

typedef struct fixture {
    sl_synthetic data;
    sl_pool *pool;
    sl_distill *distill;
    float *params, *grads;
    size_t n;
} fixture;

static void create(fixture *f, const sl_synthetic_def *def, int n_threads, int block_rows) {
    sl_synthetic_init(&f->data, def);
    f->data.setup.teacher.hidden = def->teacher_hidden;
    assert_int_equal(sl_pool_create(n_threads, &f->pool), SL_OK);
    sl_distill_def distill = {&f->data.setup, &f->data.distill, sl_rng_seed(5),
                              sl_rng_seed(6), sl_rng_seed(7),   block_rows};
    assert_int_equal(sl_distill_create(&distill, f->pool, &f->distill), SL_OK);
    f->params = sl_distill_all_params(f->distill, &f->n);
    f->grads = sl_alloc_array(f->n, sizeof(float));
}

static void destroy(fixture *f) {
    sl_distill_destroy(&f->distill);
    sl_pool_destroy(&f->pool);
    sl_free(f->grads);
    sl_synthetic_fini(&f->data);
}

static double loss(void *context) {
    fixture *f = context;
    return sl_distill_loss(f->distill, &f->data.batch, f->grads);
}

static void check_gradient(const sl_synthetic_def *def) {
    fixture f;
    create(&f, def, 2, 0);
    sl_synthetic_disturb(f.n, f.params, 0.2, 11);
    f.data.distill.clip = 50;
    // each term alone, so that a large one does not hide a small one, then all
    double *weights[] = {&f.data.distill.w_ppo, &f.data.distill.w_kl,   &f.data.distill.w_ce,
                         &f.data.distill.w_sr,  &f.data.distill.w_role, &f.data.distill.entropy};
    double kept[6];
    for (int k = 0; k < 6; k++) kept[k] = *weights[k];
    for (int only = 0; only <= 6; only++) {
        for (int k = 0; k < 6; k++) *weights[k] = only == 6 || only == k ? kept[k] : 0;
        (void)loss(&f);
        double error = sl_gradient_error(f.n, f.params, f.grads, loss, &f, 3e-3, 4);
        if (!(error < 1e-2)) fail_msg("term %d: relative error %g", only, error);
    }
    destroy(&f);
}

static void gradient_equals_finite_differences(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    check_gradient(&def);
    def.with_alive = def.with_avail = true;
    check_gradient(&def);
    def.cell = SL_CELL_NONE;
    def.team = false;
    check_gradient(&def);
}

static void blocks_and_threads_do_not_change_the_loss(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    def.with_alive = true;
    fixture one, many;
    create(&one, &def, 1, 0);
    create(&many, &def, 3, 1);
    assert_true(fabs(loss(&one) - loss(&many)) < 1e-5);
    for (size_t k = 0; k < one.n; k++)
        assert_true(fabsf(one.grads[k] - many.grads[k]) < 1e-5f + 1e-3f * fabsf(one.grads[k]));
    destroy(&one);
    destroy(&many);
}

static void steps_behind_an_end_do_not_count(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    def.with_alive = true;
    fixture f;
    create(&f, &def, 2, 0);
    double before = loss(&f);
    // rubbish where nobody is alive: copies whose last step no agent lives through
    const sl_batch *b = &f.data.batch;
    int changed = 0;
    for (int r = 0; r < b->T * b->B * b->N; r++) {
        if (b->alive[r] != 0.0f) continue;
        for (int a = 0; a < b->A; a++) ((float *)b->teacher_logits)[r * b->A + a] = 7.0f * (float)a;
        ((float *)b->logp)[r] = -30;
        changed++;
    }
    assert_true(changed > 0);
    assert_true(fabs(loss(&f) - before) < 1e-6);
    destroy(&f);
}

static void students_come_to_agree_with_the_teacher(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    def.hidden = 24;
    fixture f;
    create(&f, &def, 2, 0);
    f.data.distill.w_ppo = f.data.distill.entropy = 0;
    f.data.distill.tau = 1;
    sl_distill_stats first, last = {0};
    sl_distill_update(f.distill, &f.data.batch, 0, &first);
    for (int k = 0; k < 150; k++) sl_distill_update(f.distill, &f.data.batch, 0, &last);
    assert_true(last.kl < 0.25 * first.kl);
    assert_true(last.role < 0.5 * first.role);
    assert_true(last.sr < 0.5 * first.sr);
    assert_true(last.agreement > 0.85 && last.agreement <= 1.0 + 1e-6);
    destroy(&f);
}

static void a_term_of_weight_zero_is_off(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture f;
    create(&f, &def, 2, 0);
    sl_exp_distill *w = &f.data.distill;
    w->w_ppo = w->w_ce = w->w_sr = w->w_role = w->entropy = 0;
    // what the others would read is not finite
    for (int k = 0; k < 10; k++) ((float *)f.data.batch.advantage)[k] = NAN;
    for (int k = 0; k < 10; k++) ((float *)f.data.batch.teacher_z)[k] = NAN;
    for (int k = 0; k < 10; k++) ((float *)f.data.batch.logp)[k] = NAN;
    sl_distill_stats stats;
    sl_distill_update(f.distill, &f.data.batch, 0, &stats);
    assert_int_equal(stats.skipped, 0);
    assert_true(fabs(stats.loss - stats.kl) < 1e-12);
    destroy(&f);
}

static void teacher_roles_move_by_their_period(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    for (int period = 0; period <= 2; period += 2) {
        fixture f;
        create(&f, &def, 2, 0);
        f.data.distill.teacher_role_period = period;
        size_t n_role = (size_t)f.data.distill.role_dim * (size_t)def.teacher_hidden;
        float *W = f.params + f.n - n_role, *before = sl_alloc_copy(W, n_role * sizeof(float));
        sl_distill_stats stats;
        sl_distill_update(f.distill, &f.data.batch, 0, &stats);
        assert_memory_equal(W, before, n_role * sizeof(float));
        sl_distill_update(f.distill, &f.data.batch, 0, &stats);
        assert_int_equal(memcmp(W, before, n_role * sizeof(float)) != 0, period == 2);
        sl_free(before);
        destroy(&f);
    }
}

/* Two epochs on one batch are two updates on it: the second one sees the teacher's roles where the first left them.
 */
static void moved_teacher_roles_are_seen_at_once(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture a, b;
    create(&a, &def, 2, 0);
    create(&b, &def, 2, 0);
    a.data.distill.teacher_role_period = b.data.distill.teacher_role_period = 1;
    a.data.distill.epochs = 2;
    sl_distill_stats stats;
    sl_distill_update(a.distill, &a.data.batch, 0, &stats);
    for (int k = 0; k < 2; k++) sl_distill_update(b.distill, &b.data.batch, 0, &stats);
    assert_memory_equal(a.params, b.params, a.n * sizeof(float));
    destroy(&a);
    destroy(&b);
}

static void same_seed_same_threads_same_bits_and_checkpoints_go_on(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture a, b;
    create(&a, &def, 2, 0);
    create(&b, &def, 2, 0);
    a.data.distill.minibatches = b.data.distill.minibatches = 3;
    a.data.distill.teacher_role_period = b.data.distill.teacher_role_period = 4;
    sl_distill_stats stats;
    for (int k = 0; k < 3; k++) sl_distill_update(a.distill, &a.data.batch, 0.2 * k, &stats);
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(sl_distill_save(a.distill, file), SL_OK);
    assert_int_equal(sl_distill_load(b.distill, file), SL_OK);
    sl_tensors_destroy(&file);
    uint64_t allocations = sl_alloc_count();
    for (int k = 3; k < 6; k++) {
        sl_distill_update(a.distill, &a.data.batch, 0.2 * k, &stats);
        sl_distill_update(b.distill, &b.data.batch, 0.2 * k, &stats);
    }
    assert_int_equal(sl_alloc_count(), allocations);
    assert_memory_equal(a.params, b.params, a.n * sizeof(float));
    destroy(&a);
    destroy(&b);
}

static void ten_thousand_updates_allocate_nothing(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture f;
    create(&f, &def, 2, 0);
    f.data.distill.teacher_role_period = 4;
    sl_distill_stats stats;
    sl_distill_update(f.distill, &f.data.batch, 0, &stats);
    uint64_t before = sl_heap_count();
    for (int k = 0; k < 10000; k++) sl_distill_update(f.distill, &f.data.batch, 0, &stats);
    assert_int_equal(sl_heap_count() - before, 0);
    destroy(&f);
}

static sl_status create_and_destroy(void *context) {
    fixture *f = context;
    sl_distill_def def = {&f->data.setup, &f->data.distill, sl_rng_seed(5), sl_rng_seed(6), sl_rng_seed(7), 0};
    sl_distill *distill = NULL;
    sl_status status = sl_distill_create(&def, f->pool, &distill);
    sl_distill_destroy(&distill);
    return status;
}

static void each_failing_allocation_is_survived(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture f;
    create(&f, &def, 2, 0);
    assert_true(sl_torture(create_and_destroy, &f) > 40);
    destroy(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_equals_finite_differences),
        cmocka_unit_test(blocks_and_threads_do_not_change_the_loss),
        cmocka_unit_test(steps_behind_an_end_do_not_count),
        cmocka_unit_test(students_come_to_agree_with_the_teacher),
        cmocka_unit_test(a_term_of_weight_zero_is_off),
        cmocka_unit_test(teacher_roles_move_by_their_period),
        cmocka_unit_test(moved_teacher_roles_are_seen_at_once),
        cmocka_unit_test(ten_thousand_updates_allocate_nothing),
        cmocka_unit_test(same_seed_same_threads_same_bits_and_checkpoints_go_on),
        cmocka_unit_test(each_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
