/* test_dist.c - the categorical head and its losses against double-precision formulas and finite differences. */
#include "nn/dist.h"

#include "support/heap_count.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// rows cross the border of a chunk; the last action of a row is illegal now and then
enum { R = 421, A = 5, N = R * A };

typedef struct rows {
    float logits[N], logp[N], scale[R], out[R], d[N];
    uint8_t avail[N];
    int32_t actions[R];
} rows;

static rows made;

static rows *rows_new(void) {
    sl_rng rng = sl_rng_seed(11);
    memset(&made, 0, sizeof made);
    for (int i = 0; i < N; i++) {
        made.logits[i] = (float)(3 * sl_rng_normal(&rng));
        made.avail[i] = sl_rng_uniform(&rng) < 0.7;
    }
    for (int r = 0; r < R; r++) {
        made.scale[r] = (float)sl_rng_normal(&rng);
        made.actions[r] = (int32_t)sl_rng_below(&rng, A);
        made.avail[r * A + made.actions[r]] = 1;
    }
    return &made;
}

// log softmax of one row in double precision
static void exact_log_softmax(const float *logits, const uint8_t *avail, double tau, double *logp) {
    double max = -1e300, sum = 0;
    for (int a = 0; a < A; a++) {
        if (avail[a] && (double)logits[a] > max) max = (double)logits[a];
    }
    for (int a = 0; a < A; a++) sum += avail[a] ? exp(((double)logits[a] - max) / tau) : 0;
    for (int a = 0; a < A; a++) logp[a] = ((double)logits[a] - max) / tau - log(sum);
}

static double exact_entropy(const float *logits, const uint8_t *avail) {
    double logp[A], h = 0;
    exact_log_softmax(logits, avail, 1, logp);
    for (int a = 0; a < A; a++) h -= avail[a] ? exp(logp[a]) * logp[a] : 0;
    return h;
}

static void test_log_softmax(void **state) {
    (void)state;
    rows *m = rows_new();
    sl_categorical_log_softmax(R, A, m->logits, m->avail, m->logp);
    for (int r = 0; r < R; r++) {
        double want[A];
        exact_log_softmax(m->logits + r * A, m->avail + r * A, 1, want);
        for (int a = 0; a < A; a++) {
            int i = r * A + a;
            if (m->avail[i])
                assert_true(fabs((double)m->logp[i] - want[a]) < 2e-6 * (1 + fabs(want[a])));
            else
                assert_true(m->logp[i] == -1e10f);
        }
    }
    // huge logits neither overflow nor lose the winner; no mask means all legal
    float huge[3] = {1e30f, -1e30f, 1e30f}, logp[3];
    sl_categorical_log_softmax(1, 3, huge, NULL, logp);
    assert_true(fabsf(logp[0] - logf(0.5f)) < 1e-6f && fabsf(logp[2] - logf(0.5f)) < 1e-6f && logp[1] < -1e9f);
    huge[1] = NAN;
    sl_categorical_log_softmax(1, 3, huge, NULL, logp);
    assert_true(isnan(logp[0]) != 0);
}

static void test_backward(void **state) {
    (void)state;
    rows *m = rows_new();
    sl_categorical_log_softmax(R, A, m->logits, m->avail, m->logp);
    sl_categorical_backward(R, A, m->logp, m->actions, m->scale, m->d);
    for (int r = 0; r < R; r++) {
        for (int a = 0; a < A; a++) {
            int i = r * A + a;
            double step = 1e-2, value[2], logp[A];
            float kept = m->logits[i];
            for (int side = 0; side < 2; side++) {
                m->logits[i] = kept + (float)(side ? step : -step);
                exact_log_softmax(m->logits + r * A, m->avail + r * A, 1, logp);
                value[side] = logp[m->actions[r]];
            }
            m->logits[i] = kept;
            double want = (double)m->scale[r] * (value[1] - value[0]) / (2 * step);
            assert_true(fabs((double)m->d[i] - (m->avail[i] ? want : 0)) < 1e-4);
            if (!m->avail[i]) assert_true(m->d[i] == 0.0f);
        }
    }
}

static void test_entropy(void **state) {
    (void)state;
    rows *m = rows_new();
    sl_categorical_log_softmax(R, A, m->logits, m->avail, m->logp);
    sl_categorical_entropy(R, A, m->logp, m->scale, m->out, m->d);
    for (int r = 0; r < R; r++) {
        assert_true(fabs((double)m->out[r] - exact_entropy(m->logits + r * A, m->avail + r * A)) < 1e-5);
        for (int a = 0; a < A; a++) {
            int i = r * A + a;
            float kept = m->logits[i];
            m->logits[i] = kept + 1e-2f;
            double up = exact_entropy(m->logits + r * A, m->avail + r * A);
            m->logits[i] = kept - 1e-2f;
            double down = exact_entropy(m->logits + r * A, m->avail + r * A);
            m->logits[i] = kept;
            double want = m->avail[i] ? (double)m->scale[r] * (up - down) / 2e-2 : 0;
            assert_true(fabs((double)m->d[i] - want) < 2e-4);
        }
    }
}

// frequencies of 20,000 draws, and never an illegal action
static void test_sample(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    const float logits[4] = {0.0f, 1.0f, 5.0f, -1.0f};
    const uint8_t avail[4] = {1, 1, 0, 1};
    float logp[4];
    int count[4] = {0};
    sl_categorical_log_softmax(1, 4, logits, avail, logp);
    sl_rng rng = sl_rng_seed(2);
    for (int i = 0; i < DRAWS; i++) {
        int32_t action = -1;
        sl_categorical_sample(1, 4, logp, &rng, &action);
        count[action]++;
    }
    double total = 1 + exp(1) + exp(-1);
    assert_int_equal(count[2], 0);
    assert_true(fabs(count[0] / (double)DRAWS - 1 / total) < 0.015);
    assert_true(fabs(count[1] / (double)DRAWS - exp(1) / total) < 0.015);
    assert_true(fabs(count[3] / (double)DRAWS - exp(-1) / total) < 0.015);
    // row r draws from stream r alone: rows together or one by one give the same
    rows *m = rows_new();
    static sl_rng together[R], alone[R];
    for (int r = 0; r < R; r++) together[r] = alone[r] = sl_rng_seed((uint64_t)r);
    sl_categorical_log_softmax(R, A, m->logits, m->avail, m->logp);
    sl_categorical_sample(R, A, m->logp, together, m->actions);
    for (int r = 0; r < R; r++) {
        int32_t action;
        sl_categorical_sample(1, A, m->logp + r * A, &alone[r], &action);
        assert_int_equal(action, m->actions[r]);
        assert_true(m->avail[r * A + action]);
    }
}

static void test_argmax(void **state) {
    (void)state;
    const float logits[12] = {1, 3, 3, 2, 9, 1, 2, 2, -5, -6, -7, -8};
    const uint8_t avail[12] = {1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0};
    int32_t actions[3];
    sl_categorical_argmax(3, 4, logits, avail, actions);
    assert_int_equal(actions[0], 1); // the first of two equals
    assert_int_equal(actions[1], 2); // 9 is illegal
    assert_int_equal(actions[2], 0); // nothing is legal
    sl_categorical_argmax(3, 4, logits, NULL, actions);
    assert_int_equal(actions[1], 0);
}

static void test_huber(void **state) {
    (void)state;
    float d;
    assert_true(sl_huber(2.0f, 10.0f, &d) == 2.0f && d == 2.0f);
    assert_true(sl_huber(-3.0f, 1.0f, &d) == 2.5f && d == -1.0f);
    assert_true(sl_huber(3.0f, 1.0f, &d) == 2.5f && d == 1.0f);
}

static void test_no_allocation(void **state) {
    (void)state;
    if (!sl_heap_is_counted()) skip();
    rows *m = rows_new();
    static sl_rng rngs[R];
    uint64_t count = sl_heap_count();
    for (int i = 0; i < 100; i++) {
        sl_categorical_log_softmax(R, A, m->logits, m->avail, m->logp);
        sl_categorical_sample(R, A, m->logp, rngs, m->actions);
        sl_categorical_backward(R, A, m->logp, m->actions, m->scale, m->d);
        sl_categorical_entropy(R, A, m->logp, m->scale, m->out, m->d);
    }
    assert_int_equal(sl_heap_count() - count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_softmax),   cmocka_unit_test(test_backward), cmocka_unit_test(test_entropy),
        cmocka_unit_test(test_sample),        cmocka_unit_test(test_argmax),   cmocka_unit_test(test_huber),
        cmocka_unit_test(test_no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
