/* test_kd_loss.c - eq. 9 to 11 against numbers worked out on paper and against finite differences. */
#include "trainer/kd_loss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) < 2e-5)) fail_msg("%.7f is not %.7f", value, expected);
}

/* Teacher's cosines 0, 1/sqrt 2, 1/sqrt 2; students' 1, 0, 0: squared gaps 1, 0.5, 0.5. */
static void eq_9_by_hand(void **state) {
    (void)state;
    const float ct[6] = {1, 0, 0, 1, 1, 1}, s0[2] = {1, 0}, s1[2] = {3, 0}, s2[2] = {0, 2};
    const float *cs[3] = {s0, s1, s2};
    float cosines[3];
    const float yes = 1, no = 0, weight = 1;
    const float *alive[3] = {&yes, &yes, &no};
    sl_kd_cosines(1, 3, 2, 2, ct, cosines);
    assert_near((double)cosines[0], 0);
    assert_near((double)cosines[1], sqrt(0.5));
    assert_near((double)cosines[2], sqrt(0.5));
    assert_near(sl_kd_relation(1, 3, 2, cosines, cs, NULL, &weight, 1, NULL), 2.0 / 3);
    // without agent 2 one pair is left
    assert_near(sl_kd_relation(1, 3, 2, cosines, cs, alive, &weight, 1, NULL), 1);
    alive[1] = &no;
    assert_near(sl_kd_relation(1, 3, 2, cosines, cs, alive, &weight, 1, NULL), 0);
}

static void eq_10_and_11_by_hand(void **state) {
    (void)state;
    const float lt[2] = {logf(3), 0}, ls[2] = {2, 2}, weight = 2;
    float dls[2] = {0}, dlt[2] = {0};
    assert_near(sl_kd_role(1, 2, lt, ls, 1, &weight, 1, dls, dlt), 2 * 0.1308120);
    assert_near((double)dls[0], 2 * (0.5 - 0.75));
    // d KL / d lt_0 = p_0 (log(p_0 / q_0) - KL) = 0.75 (0.4054651 - 0.1308120)
    assert_near((double)dlt[0], 2 * 0.75 * (0.4054651 - 0.1308120));
    assert_near((double)(dlt[0] + dlt[1]), 0);
    // at tau 2 no factor tau^2, unlike eq. 7
    assert_near(sl_kd_role(1, 2, lt, ls, 2, &weight, 1, NULL, NULL), 2 * 0.0363403);
}

static void fill(sl_rng *rng, int n, float *values) {
    for (int k = 0; k < n; k++) values[k] = (float)sl_rng_normal(rng);
}

enum { R = 3, N = 3, D = 19, PAIRS = 3, K = 4 };

/* Central differences of f in every entry of x, against grad. */
static void check(double (*f)(void *context), void *context, int n, float *x, const float *grad) {
    for (int k = 0; k < n; k++) {
        float kept = x[k], step = 2e-3f;
        x[k] = kept + step;
        double above = f(context);
        x[k] = kept - step;
        double below = f(context);
        x[k] = kept;
        double numeric = (above - below) / (2 * (double)step);
        if (!(fabs(numeric - (double)grad[k]) < 1e-3 * (1 + fabs(numeric))))
            fail_msg("entry %d: %.6f, by differences %.6f", k, (double)grad[k], numeric);
    }
}

typedef struct vectors {
    float t[R * N * (D + 1)], cosines[R * PAIRS], s[N][R * D], d[N][R * D], alive[N][R], weight[R];
    const float *cs[N], *lives[N];
    float *dcs[N];
} vectors;

static double relation(void *context) {
    vectors *v = context;
    return 1.5 * sl_kd_relation(R, N, D, v->cosines, v->cs, v->lives, v->weight, 1.5, NULL);
}

static void eq_9_gradient(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(3);
    vectors v = {.weight = {0.5f, 1, 0.2f}};
    for (int i = 0; i < N; i++) {
        fill(&rng, R * D, v.s[i]);
        for (int r = 0; r < R; r++) v.alive[i][r] = i == 1 && r == 2 ? 0 : 1;
        v.cs[i] = v.s[i], v.dcs[i] = v.d[i], v.lives[i] = v.alive[i];
    }
    // one number behind each row is not read
    fill(&rng, R * N * (D + 1), v.t);
    for (int r = 0; r < R * N; r++) v.t[r * (D + 1) + D] = NAN;
    sl_kd_cosines(R, N, D, D + 1, v.t, v.cosines);
    (void)sl_kd_relation(R, N, D, v.cosines, v.cs, v.lives, v.weight, 1.5, v.dcs);
    for (int i = 0; i < N; i++) check(relation, &v, R * D, v.s[i], v.d[i]);
}

/* More rows than a tile has. */
enum { ROWS = 70 };

typedef struct roles {
    float lt[ROWS * K], ls[ROWS * K], dls[ROWS * K], dlt[ROWS * K], weight[ROWS];
} roles;

static double role(void *context) {
    roles *l = context;
    return 0.7 * sl_kd_role(ROWS, K, l->lt, l->ls, 1.7, l->weight, 0.7, NULL, NULL);
}

static void eq_10_and_11_gradients(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(4);
    roles l = {.weight = {0.5f, 0, 1.2f}};
    for (int r = 3; r < ROWS; r++) l.weight[r] = 0.1f;
    fill(&rng, ROWS * K, l.lt);
    fill(&rng, ROWS * K, l.ls);
    (void)sl_kd_role(ROWS, K, l.lt, l.ls, 1.7, l.weight, 0.7, l.dls, l.dlt);
    check(role, &l, ROWS * K, l.ls, l.dls);
    check(role, &l, ROWS * K, l.lt, l.dlt);
    double all = sl_kd_role(ROWS, K, l.lt, l.ls, 1.7, l.weight, 0.7, NULL, NULL);
    // a row that does not count may hold anything
    l.ls[K] = l.lt[K + 1] = NAN;
    assert_near(sl_kd_role(ROWS, K, l.lt, l.ls, 1.7, l.weight, 0.7, l.dls, l.dlt), all);
    for (int k = 0; k < K; k++) assert_true(l.dls[K + k] == 0.0f && l.dlt[K + k] == 0.0f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eq_9_by_hand),
        cmocka_unit_test(eq_10_and_11_by_hand),
        cmocka_unit_test(eq_9_gradient),
        cmocka_unit_test(eq_10_and_11_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
