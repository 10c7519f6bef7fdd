/* test_distill.c - the whole distillation loss (eq. 5) against finite differences; learning, switches. */
#include "trainer/learners/distill.h"

#include "common/alloc.h"
#include "setup/lessons.h"
#include "trainer/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

typedef struct fixture {
    sl_synthetic_learner base;
    sl_learner *distill;
    const sl_batch *batch;
    const sl_distill_stats *stats;
    sl_exp_distill *options;
    float *params, *grads;
    size_t n;
} fixture;

static void create(fixture *f, const sl_synthetic_def *def, int n_threads, int block_rows) {
    sl_synthetic_learner_create(&f->base, "distill", def, n_threads, block_rows);
    f->distill = f->base.learner;
    f->batch = &f->base.data.batch;
    f->stats = f->distill->stats;
    f->options = f->base.data.distill;
    f->params = sl_distill_all_params(f->distill, &f->n);
    f->grads = sl_alloc_array(f->n, sizeof(float));
    // the maps stay unless a test moves them
    f->options->teacher_role_period = 0;
}

static void destroy(fixture *f) {
    sl_synthetic_learner_destroy(&f->base);
    sl_free(f->grads);
}

static double loss(void *context) {
    fixture *f = context;
    return sl_distill_loss(f->distill, f->batch, f->grads);
}

static void check_gradient(const sl_synthetic_def *def) {
    fixture f;
    create(&f, def, 2, 0);
    sl_synthetic_disturb(f.n, f.params, 0.2, 11);
    f.options->clip = 50;
    // each term alone, so that a large one does not hide a small one, then all
    double *weights[] = {&f.options->w_ppo, &f.options->w_kl,   &f.options->w_ce,
                         &f.options->w_sr,  &f.options->w_role, &f.options->entropy};
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

/* Under its fixed maps the teacher's embedding says the same. */
static void what_came_under_the_maps_is_the_same(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    def.with_alive = true;
    fixture whole, mapped;
    create(&whole, &def, 1, 0);
    def.mapped = true;
    create(&mapped, &def, 1, 0);
    const sl_setup *setup = &mapped.base.data.setup;
    sl_lessons lessons = sl_lessons_of(setup);
    float *maps = NULL;
    assert_int_equal(sl_lessons_maps(&lessons, setup, &maps), SL_OK);
    assert_true(mapped.batch->Z == 10 && whole.batch->Z == 12);
    sl_lessons_map(&lessons, def.T * def.B * def.N, 12, whole.batch->teacher_z, maps,
                   (float *)mapped.batch->teacher_z);
    assert_true(fabs(loss(&whole) - loss(&mapped)) < 1e-6);
    size_t n = whole.n - 4 * 12;
    for (size_t k = 0; k < n; k++)
        assert_true(fabsf(whole.grads[k] - mapped.grads[k]) < 1e-6f + 1e-4f * fabsf(whole.grads[k]));
    sl_free(maps);
    destroy(&whole);
    destroy(&mapped);
}

static void steps_behind_an_end_do_not_count(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    def.with_alive = true;
    fixture f;
    create(&f, &def, 2, 0);
    double before = loss(&f);
    // rubbish where nobody is alive: copies whose last step no agent lives through
    const sl_batch *b = f.batch;
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
    f.options->w_ppo = f.options->entropy = 0;
    f.options->tau = 1;
    sl_synthetic_learner_update(&f.base, 0);
    sl_distill_stats first = *f.stats;
    for (int k = 0; k < 150; k++) sl_synthetic_learner_update(&f.base, 0);
    assert_true(f.stats->kl < 0.25 * first.kl);
    assert_true(f.stats->role < 0.5 * first.role);
    assert_true(f.stats->sr < 0.5 * first.sr);
    assert_true(f.stats->agreement > 0.85 && f.stats->agreement <= 1.0 + 1e-6);
    destroy(&f);
}

static void a_term_of_weight_zero_is_off(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    fixture f;
    create(&f, &def, 2, 0);
    sl_exp_distill *w = f.options;
    w->w_ppo = w->w_ce = w->w_sr = w->w_role = w->entropy = 0;
    // what the others would read is not finite
    for (int k = 0; k < 10; k++) ((float *)f.batch->advantage)[k] = NAN;
    for (int k = 0; k < 10; k++) ((float *)f.batch->teacher_z)[k] = NAN;
    for (int k = 0; k < 10; k++) ((float *)f.batch->logp)[k] = NAN;
    sl_synthetic_learner_update(&f.base, 0);
    assert_int_equal(f.stats->skipped, 0);
    assert_true(fabs(f.stats->loss - f.stats->kl) < 1e-12);
    destroy(&f);
}

static void teacher_roles_move_by_their_period(void **state) {
    (void)state;
    sl_synthetic_def def = sl_synthetic_default_def();
    for (int period = 0; period <= 2; period += 2) {
        fixture f;
        create(&f, &def, 2, 0);
        f.options->teacher_role_period = period;
        size_t n_role = (size_t)f.options->role_dim * (size_t)def.teacher_hidden;
        float *W = f.params + f.n - n_role, *before = sl_alloc_copy(W, n_role * sizeof(float));
        sl_synthetic_learner_update(&f.base, 0);
        assert_memory_equal(W, before, n_role * sizeof(float));
        sl_synthetic_learner_update(&f.base, 0);
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
    a.options->teacher_role_period = b.options->teacher_role_period = 1;
    a.options->epochs = 2;
    sl_synthetic_learner_update(&a.base, 0);
    for (int k = 0; k < 2; k++) sl_synthetic_learner_update(&b.base, 0);
    assert_memory_equal(a.params, b.params, a.n * sizeof(float));
    destroy(&a);
    destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_equals_finite_differences),
        cmocka_unit_test(blocks_and_threads_do_not_change_the_loss),
        cmocka_unit_test(what_came_under_the_maps_is_the_same),
        cmocka_unit_test(steps_behind_an_end_do_not_count),
        cmocka_unit_test(students_come_to_agree_with_the_teacher),
        cmocka_unit_test(a_term_of_weight_zero_is_off),
        cmocka_unit_test(teacher_roles_move_by_their_period),
        cmocka_unit_test(moved_teacher_roles_are_seen_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
