/* test_learner.c - what every learner of the table promises: equal seeds give equal bits with any number of
 * threads, what is loaded goes on as what was saved, updates allocate nothing, and no failing allocation does harm.
 */
#include "trainer/learner.h"

#include "common/alloc.h"
#include "storage/tensors_digest.h"
#include "support/heap_count.h"
#include "support/torture.h"
#include "trainer/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void create(sl_synthetic_learner *f, const char *name, bool direct, int n_threads) {
    sl_synthetic_def def = sl_synthetic_default_def();
    def.direct = direct;
    sl_synthetic_learner_create(f, name, &def, n_threads, 0);
    f->data.ppo->value_norm = true;
    f->data.ppo->minibatches = f->data.distill->minibatches = 3;
    f->data.distill->teacher_role_period = 4;
}

// of all that the next update depends on
static void digest(const sl_synthetic_learner *f, char text[65]) {
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(f->learner->class->save(f->learner, file), SL_OK);
    assert_int_equal(sl_tensors_digest(file, "", text), SL_OK);
    sl_tensors_destroy(&file);
}

static void copy(const sl_synthetic_learner *from, sl_synthetic_learner *to) {
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(from->learner->class->save(from->learner, file), SL_OK);
    assert_int_equal(to->learner->class->load(to->learner, file), SL_OK);
    sl_tensors_destroy(&file);
}

#define EACH_LEARNER(class)                                                                                          \
    for (const sl_learner_class *const *class = sl_learners; *class; class ++)                                       \
        for (int direct = 0; direct < 2; direct++)

/* Minibatches of many slices, which threads take in any order. */
static void create_wide(sl_synthetic_learner *f, const char *name, bool direct, sl_cell cell, int n_threads) {
    sl_synthetic_def def = sl_synthetic_default_def();
    def.direct = direct;
    def.cell = cell;
    def.B = 400;
    sl_synthetic_learner_create(f, name, &def, n_threads, 0);
    f->data.ppo->epochs = f->data.distill->epochs = 3;
    f->data.distill->teacher_role_period = 2;
}

static void same_seed_same_bits_with_any_threads(void **state) {
    (void)state;
    EACH_LEARNER(class) {
        for (int gru = 0; gru < 2; gru++) {
            char first[65], text[65], before[65];
            for (int n_threads = 1; n_threads <= 4; n_threads++) {
                sl_synthetic_learner f;
                create_wide(&f, (*class)->name, direct, gru ? SL_CELL_GRU : SL_CELL_NONE, n_threads);
                digest(&f, before);
                for (int u = 0; u < 5; u++) sl_synthetic_learner_update(&f, 0.1 * u);
                digest(&f, text);
                assert_string_not_equal(text, before);
                if (n_threads == 1) memcpy(first, text, sizeof first);
                assert_string_equal(text, first);
                sl_synthetic_learner_destroy(&f);
            }
        }
    }
}

static void saved_and_loaded_goes_on_the_same(void **state) {
    (void)state;
    EACH_LEARNER(class) {
        sl_synthetic_learner a, b;
        char texts[2][65];
        create(&a, (*class)->name, direct, 2);
        create(&b, (*class)->name, direct, 2);
        for (int u = 0; u < 3; u++) sl_synthetic_learner_update(&a, 0.2 * u);
        copy(&a, &b);
        for (int u = 3; u < 6; u++) {
            sl_synthetic_learner_update(&a, 0.2 * u);
            sl_synthetic_learner_update(&b, 0.2 * u);
        }
        digest(&a, texts[0]);
        digest(&b, texts[1]);
        assert_string_equal(texts[0], texts[1]);
        // and says the same of itself
        const sl_metric_table *columns = &(*class)->columns;
        for (int k = 0; k < columns->n; k++)
            assert_true(sl_metric_get(&columns->metrics[k], a.learner->stats) ==
                        sl_metric_get(&columns->metrics[k], b.learner->stats));
        sl_synthetic_learner_destroy(&a);
        sl_synthetic_learner_destroy(&b);
    }
}

static void ten_thousand_updates_allocate_nothing(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    EACH_LEARNER(class) {
        sl_synthetic_learner f;
        create(&f, (*class)->name, direct, 2);
        sl_synthetic_learner_update(&f, 0);
        uint64_t before = sl_heap_count(), ours = sl_alloc_count();
        for (int k = 0; k < 10000; k++) sl_synthetic_learner_update(&f, 0);
        assert_int_equal(sl_heap_count() - before, 0);
        assert_int_equal(sl_alloc_count() - ours, 0);
        sl_synthetic_learner_destroy(&f);
    }
}

static sl_status create_and_destroy(void *context) {
    const sl_synthetic_learner *f = context;
    sl_learner_def def = {&f->data.setup, f->pool, 0};
    sl_learner *learner = NULL;
    sl_status status = sl_learner_create(f->learner->class->name, &def, &learner);
    sl_learner_destroy(&learner);
    return status;
}

static void each_failing_allocation_is_survived(void **state) {
    (void)state;
    EACH_LEARNER(class) {
        sl_synthetic_learner f;
        create(&f, (*class)->name, direct, 2);
        bool toy = strcmp((*class)->name, "toy") == 0;
        assert_true(sl_torture(create_and_destroy, &f) > (toy ? 0 : 40));
        sl_synthetic_learner_destroy(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_bits_with_any_threads),
        cmocka_unit_test(saved_and_loaded_goes_on_the_same),
        cmocka_unit_test(ten_thousand_updates_allocate_nothing),
        cmocka_unit_test(each_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
