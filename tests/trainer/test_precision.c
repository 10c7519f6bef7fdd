/* test_precision.c - learning in bf16 (teacher.precision): the same bits for any number of threads and after a load,
 * near float32, and nothing allocated. */
#include "common/alloc.h"
#include "nn/gemm_bf16.h"
#include "storage/tensors_digest.h"
#include "support/heap_count.h"
#include "trainer/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool has_none(void) {
    if (sl_bf16_get_kind() != SL_BF16_NONE) return false;
    printf("skipped: this CPU has %s\n", sl_bf16_describe_cpu());
    return true;
}

// minibatches of many slices
static void create(sl_synthetic_learner *f, bool bf16, bool direct, sl_cell cell, int n_threads) {
    sl_synthetic_def def = sl_synthetic_default_def();
    def.direct = direct;
    def.cell = cell;
    def.bf16 = bf16;
    def.B = 400;
    sl_synthetic_learner_create(f, "mappo", &def, n_threads, 0);
    f->data.ppo->value_norm = true;
    f->data.ppo->epochs = 2;
}

static sl_tensors *state_of(const sl_synthetic_learner *f) {
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_create(&file), SL_OK);
    assert_int_equal(f->learner->class->save(f->learner, file), SL_OK);
    return file;
}

// of all that the next update depends on
static void digest(const sl_synthetic_learner *f, char text[65]) {
    sl_tensors *file = state_of(f);
    assert_int_equal(sl_tensors_digest(file, "", text), SL_OK);
    sl_tensors_destroy(&file);
}

#define EACH_KIND(direct, cell)                                                                                      \
    for (int direct = 0; direct < 2; direct++)                                                                       \
        for (sl_cell cell = SL_CELL_NONE; cell <= SL_CELL_GRU; cell++)

static void threads_change_nothing(void **state) {
    (void)state;
    if (has_none()) skip();
    EACH_KIND(direct, cell) {
        char first[65], text[65];
        for (int n = 1; n <= 4; n *= 2) {
            sl_synthetic_learner f;
            create(&f, true, direct, cell, n);
            for (int k = 0; k < 3; k++) sl_synthetic_learner_update(&f, 0.1 * k);
            digest(&f, n == 1 ? first : text);
            if (n > 1) assert_string_equal(text, first);
            sl_synthetic_learner_destroy(&f);
        }
    }
}

static void what_is_loaded_goes_on_as_what_was_saved(void **state) {
    (void)state;
    if (has_none()) skip();
    EACH_KIND(direct, cell) {
        sl_synthetic_learner a, b;
        char of_a[65], of_b[65];
        create(&a, true, direct, cell, 2);
        create(&b, true, direct, cell, 1);
        sl_synthetic_learner_update(&a, 0);
        sl_tensors *file = state_of(&a);
        assert_int_equal(b.learner->class->load(b.learner, file), SL_OK);
        sl_tensors_destroy(&file);
        sl_synthetic_learner_update(&a, 0.5);
        sl_synthetic_learner_update(&b, 0.5);
        digest(&a, of_a);
        digest(&b, of_b);
        assert_string_equal(of_a, of_b);
        sl_synthetic_learner_destroy(&a);
        sl_synthetic_learner_destroy(&b);
    }
}

// how far two steps went apart, as a share of how far they went
static double apart(size_t n, const float *a, const float *b, const float *from) {
    double difference = 0, way = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        way += ((double)b[i] - (double)from[i]) * ((double)b[i] - (double)from[i]);
    }
    return sqrt(difference / way);
}

static void goes_where_float32_goes(void **state) {
    (void)state;
    if (has_none()) skip();
    EACH_KIND(direct, cell) {
        sl_synthetic_learner a, b;
        create(&a, true, direct, cell, 1);
        create(&b, false, direct, cell, 1);
        sl_learner_params of_a = a.learner->class->get_params(a.learner);
        sl_learner_params of_b = b.learner->class->get_params(b.learner);
        float *from = sl_alloc_copy(of_a.critic, of_a.n_critic * sizeof *from);
        assert_memory_equal(of_a.critic, of_b.critic, of_a.n_critic * sizeof *from);
        sl_synthetic_learner_update(&a, 0);
        sl_synthetic_learner_update(&b, 0);
        double far = apart(of_a.n_critic, of_a.critic, of_b.critic, from);
        // Adam's first steps are the gradient's signs, some of which rounding turns
        if (!(far < 0.3 && far > 1e-5)) fail_msg("direct %d, cell %d: %g", direct, (int)cell, far);
        sl_free(from);
        sl_synthetic_learner_destroy(&a);
        sl_synthetic_learner_destroy(&b);
    }
}

static void updates_allocate_nothing(void **state) {
    (void)state;
    if (!sl_heap_is_counted() || has_none()) skip();
    sl_synthetic_learner f;
    create(&f, true, false, SL_CELL_GRU, 2);
    sl_synthetic_learner_update(&f, 0);
    uint64_t before = sl_heap_count();
    for (int k = 0; k < 3; k++) sl_synthetic_learner_update(&f, 0);
    assert_int_equal(sl_heap_count() - before, 0);
    sl_synthetic_learner_destroy(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(what_is_loaded_goes_on_as_what_was_saved),
        cmocka_unit_test(goes_where_float32_goes),
        cmocka_unit_test(updates_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
