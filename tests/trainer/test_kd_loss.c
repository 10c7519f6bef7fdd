/* test_kd_loss.c - eq. 7 to 11 against numbers worked out on paper and against finite differences. */
#include "trainer/kd_loss.h"

#include "nn/dist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) < 2e-5)) fail_msg("%.7f is not %.7f", value, expected);
}

/* Teacher (0.75, 0.25), student (0.5, 0.5): 0.75 log 1.5 + 0.25 log 0.5 = 0.1308120. At tau = 2 the teacher is
 * (0.6339746, 0.3660254), its divergence 0.0363403, times tau^2. */
static void eq_7_by_hand(void **state) {
    (void)state;
    const float lt[3] = {logf(3), 0, 9}, ls[3] = {1, 1, -4}, weight = 0.5f;
    const uint8_t avail[3] = {1, 1, 0};
    float scratch[2], dls[3] = {0};
    assert_near(sl_kd_kl(1, 3, lt, ls, avail, 1, &weight, 2, scratch, dls), 0.5 * 0.1308120);
    // weight * scale * (p_S - p_T), and nothing for the illegal action
    assert_near((double)dls[0], 0.5 - 0.75);
    assert_near((double)dls[1], 0.5 - 0.25);
    assert_near((double)dls[2], 0);
    assert_near(sl_kd_kl(1, 3, lt, ls, avail, 2, &weight, 2, scratch, NULL), 0.5 * 4 * 0.0363403);
}

static void eq_8_by_hand(void **state) {
    (void)state;
    // the teacher's best legal action is 1; the student gives it 0.25
    const float lt[3] = {1, 2, 9}, ls[3] = {logf(3), 0, 0}, weight = 0.5f;
    const uint8_t avail[3] = {1, 1, 0};
    float logp[3], scratch[1], dls[3] = {0};
    int32_t best = -1;
    sl_categorical_log_softmax(1, 3, ls, avail, logp);
    assert_near(sl_kd_ce(1, 3, lt, logp, avail, &weight, 2, scratch, &best, dls), 0.5 * log(4));
    assert_int_equal(best, 1);
    assert_near((double)dls[0], 0.75);
    assert_near((double)dls[1], -0.75);
    assert_near((double)dls[2], 0);
}

/* Teacher's cosines 0, 1/sqrt 2, 1/sqrt 2; students' 1, 0, 0: squared gaps 1, 0.5, 0.5. */
static void eq_9_by_hand(void **state) {
    (void)state;
    const float t0[2] = {1, 0}, t1[2] = {0, 1}, t2[2] = {1, 1}, s0[2] = {1, 0}, s1[2] = {3, 0}, s2[2] = {0, 2};
    const float *ct[3] = {t0, t1, t2}, *cs[3] = {s0, s1, s2};
    const float yes = 1, no = 0, weight = 1;
    const float *alive[3] = {&yes, &yes, &no};
    assert_near(sl_kd_relation(1, 3, 2, ct, cs, NULL, &weight, 1, NULL), 2.0 / 3);
    // without agent 2 one pair is left
    assert_near(sl_kd_relation(1, 3, 2, ct, cs, alive, &weight, 1, NULL), 1);
    alive[1] = &no;
    assert_near(sl_kd_relation(1, 3, 2, ct, cs, alive, &weight, 1, NULL), 0);
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

enum { R = 3, N = 3, D = 4 };

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
    float t[N][R * D], s[N][R * D], d[N][R * D], alive[N][R], weight[R];
    const float *ct[N], *cs[N], *lives[N];
    float *dcs[N];
} vectors;

static double relation(void *context) {
    vectors *v = context;
    return 1.5 * sl_kd_relation(R, N, D, v->ct, v->cs, v->lives, v->weight, 1.5, NULL);
}

static void eq_9_gradient(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(3);
    vectors v = {.weight = {0.5f, 1, 0.2f}};
    for (int i = 0; i < N; i++) {
        fill(&rng, R * D, v.t[i]);
        fill(&rng, R * D, v.s[i]);
        for (int r = 0; r < R; r++) v.alive[i][r] = i == 1 && r == 2 ? 0 : 1;
        v.ct[i] = v.t[i], v.cs[i] = v.s[i], v.dcs[i] = v.d[i], v.lives[i] = v.alive[i];
    }
    (void)sl_kd_relation(R, N, D, v.ct, v.cs, v.lives, v.weight, 1.5, v.dcs);
    for (int i = 0; i < N; i++) check(relation, &v, R * D, v.s[i], v.d[i]);
}

typedef struct logits {
    float lt[R * D], ls[R * D], dls[R * D], dlt[R * D], weight[R], scratch[2 * R];
    uint8_t avail[R * D];
} logits;

static double divergence(void *context) {
    logits *l = context;
    return 0.7 * sl_kd_kl(R, D, l->lt, l->ls, l->avail, 1.7, l->weight, 0.7, l->scratch, NULL);
}

static double role(void *context) {
    logits *l = context;
    return 0.7 * sl_kd_role(R, D, l->lt, l->ls, 1.7, l->weight, 0.7, NULL, NULL);
}

static double cross_entropy(void *context) {
    logits *l = context;
    float logp[R * D];
    int32_t best[R];
    sl_categorical_log_softmax(R, D, l->ls, l->avail, logp);
    return 0.7 * sl_kd_ce(R, D, l->lt, logp, l->avail, l->weight, 0.7, l->scratch, best, NULL);
}

static void logit_gradients(void **state) {
    (void)state;
    sl_rng rng = sl_rng_seed(4);
    logits l = {.weight = {0.5f, 0, 1.2f}};
    fill(&rng, R * D, l.lt);
    fill(&rng, R * D, l.ls);
    for (int k = 0; k < R * D; k++) l.avail[k] = k % 5 != 3;
    (void)sl_kd_kl(R, D, l.lt, l.ls, l.avail, 1.7, l.weight, 0.7, l.scratch, l.dls);
    check(divergence, &l, R * D, l.ls, l.dls);
    memset(l.dls, 0, sizeof l.dls);
    (void)sl_kd_role(R, D, l.lt, l.ls, 1.7, l.weight, 0.7, l.dls, l.dlt);
    check(role, &l, R * D, l.ls, l.dls);
    check(role, &l, R * D, l.lt, l.dlt);
    memset(l.dls, 0, sizeof l.dls);
    float logp[R * D];
    int32_t best[R];
    sl_categorical_log_softmax(R, D, l.ls, l.avail, logp);
    (void)sl_kd_ce(R, D, l.lt, logp, l.avail, l.weight, 0.7, l.scratch, best, l.dls);
    check(cross_entropy, &l, R * D, l.ls, l.dls);
}

static void maps_are_orthonormal(void **state) {
    (void)state;
    const int shapes[][2] = {{4, 12}, {12, 4}, {6, 6}, {1, 5}};
    for (size_t k = 0; k < 4; k++) {
        int rows = shapes[k][0], cols = shapes[k][1], n = rows < cols ? rows : cols;
        float W[64 * 2];
        sl_rng rng = sl_rng_seed(k);
        sl_kd_orthogonal(rows, cols, &rng, W);
        for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++) {
                double sum = 0;
                for (int d = 0; d < (rows < cols ? cols : rows); d++)
                    sum += rows < cols ? (double)W[a * cols + d] * (double)W[b * cols + d]
                                       : (double)W[d * cols + a] * (double)W[d * cols + b];
                assert_near(sum, a == b);
            }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eq_7_by_hand),         cmocka_unit_test(eq_8_by_hand),  cmocka_unit_test(eq_9_by_hand),
        cmocka_unit_test(eq_10_and_11_by_hand), cmocka_unit_test(eq_9_gradient), cmocka_unit_test(logit_gradients),
        cmocka_unit_test(maps_are_orthonormal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
