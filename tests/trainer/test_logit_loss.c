/* test_logit_loss.c - eq. 3 to 5, 7 and 8 on logits: numbers worked out on paper, finite differences, numbers
 * recorded from PyTorch, and PPO's terms as the teacher's learner has them. */
#include "common/rng.h"
#include "nn/dist.h"
#include "storage/tensors_file.h"
#include "trainer/logit_loss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
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
    float d[3];
    sl_logit_rows rows = {.R = 1, .A = 3, .avail = avail, .teacher = lt, .weight = &weight};
    sl_logit_weights weights = {.kl = 2, .tau = 1};
    sl_logit_sums sums = {0};
    sl_logit_loss(&rows, &weights, ls, d, &sums);
    assert_near(sums.kl, 0.5 * 0.1308120);
    // weight * scale * (p_S - p_T), and nothing for the illegal action
    assert_near((double)d[0], 0.5 - 0.75);
    assert_near((double)d[1], 0.5 - 0.25);
    assert_true(d[2] == 0.0f);
    weights.tau = 2;
    sums.kl = 0;
    sl_logit_loss(&rows, &weights, ls, d, &sums);
    assert_near(sums.kl, 0.5 * 4 * 0.0363403);
    assert_near((double)d[0], 0.5 * 2 * 2 * (0.5 - 0.6339746));
}

static void eq_8_by_hand(void **state) {
    (void)state;
    // the teacher's best legal action is 1; the student gives it 0.25, and likes 0 best
    const float lt[3] = {1, 2, 9}, ls[3] = {logf(3), 0, 0}, weight = 0.5f;
    const uint8_t avail[3] = {1, 1, 0};
    float d[3];
    sl_logit_rows rows = {.R = 1, .A = 3, .avail = avail, .teacher = lt, .weight = &weight};
    sl_logit_weights weights = {.ce = 2};
    sl_logit_sums sums = {0};
    sl_logit_loss(&rows, &weights, ls, d, &sums);
    assert_near(sums.ce, 0.5 * log(4));
    assert_near(sums.agreement, 0);
    assert_near((double)d[0], 0.75);
    assert_near((double)d[1], -0.75);
    assert_true(d[2] == 0.0f);
    // equal ones: the first legal one is the best of both
    const float equal[3] = {0, 0, 0};
    rows.teacher = equal;
    sl_logit_loss(&rows, &weights, equal, d, &sums);
    assert_near(sums.agreement, 0.5);
}

/* More rows than a tile has, and an odd rest. */
enum { R = 131, A = 6 };

typedef struct made {
    float ls[R * A], lt[R * A], d[R * A], weight[R], old_logp[R], advantage[R];
    uint8_t avail[R * A];
    int32_t action[R];
    sl_logit_rows rows;
    sl_logit_weights weights;
    sl_logit_sums sums;
} made;

static void make(made *m) {
    sl_rng rng = sl_rng_seed(7);
    memset(m, 0, sizeof *m);
    for (int k = 0; k < R * A; k++) {
        m->ls[k] = (float)sl_rng_normal(&rng);
        m->lt[k] = (float)sl_rng_normal(&rng);
        m->avail[k] = k % 7 != 3;
    }
    for (int r = 0; r < R; r++) {
        m->weight[r] = r % 5 == 1 ? 0 : 0.01f * (float)(1 + r % 3);
        m->old_logp[r] = (float)sl_rng_between(&rng, -2, -1);
        m->advantage[r] = (float)sl_rng_normal(&rng);
        do m->action[r] = (int32_t)sl_rng_below(&rng, A);
        while (!m->avail[r * A + m->action[r]]);
    }
    m->rows = (sl_logit_rows){R, A, m->avail, m->lt, m->weight, m->action, m->old_logp, m->advantage};
}

static double loss(made *m) {
    const sl_logit_weights *w = &m->weights;
    m->sums = (sl_logit_sums){0};
    sl_logit_loss(&m->rows, w, m->ls, m->d, &m->sums);
    return w->ppo * m->sums.ppo.policy_loss - w->entropy * m->sums.ppo.entropy + w->kl * m->sums.kl +
           w->ce * m->sums.ce;
}

static void gradients_equal_finite_differences(void **state) {
    (void)state;
    static made m;
    static float d[R * A];
    make(&m);
    const sl_logit_weights kinds[] = {{.ppo = 0.8, .clip = 50},
                                      {.entropy = 0.6},
                                      {.kl = 0.7, .tau = 1},
                                      {.kl = 0.7, .tau = 1.7},
                                      {.ce = 0.9},
                                      {.ppo = 0.3, .clip = 0.5, .entropy = 0.1, .kl = 0.5, .tau = 0.8, .ce = 0.4}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        m.weights = kinds[k];
        (void)loss(&m);
        memcpy(d, m.d, sizeof d);
        for (int i = 0; i < R * A; i++) {
            float kept = m.ls[i], step = 4e-3f;
            m.ls[i] = kept + step;
            double above = loss(&m);
            m.ls[i] = kept - step;
            double numeric = (above - loss(&m)) / (2 * (double)step);
            m.ls[i] = kept;
            // where the ratio leaves its range the loss has an edge
            bool edge = kinds[k].ppo != 0 && kinds[k].clip < 1 && fabs(numeric - (double)d[i]) < 0.02;
            if (!edge && !(fabs(numeric - (double)d[i]) < 3e-5 + 1e-3 * fabs(numeric)))
                fail_msg("kind %zu, entry %d: %.6f, by differences %.6f", k, i, (double)d[i], numeric);
            if (m.weight[i / A] == 0.0f || !m.avail[i]) assert_true(d[i] == 0.0f);
        }
    }
}

static void ppo_is_the_learners(void **state) {
    (void)state;
    static made m;
    static float logp[R * A], scratch[3 * R], d[R * A];
    make(&m);
    m.weights = (sl_logit_weights){.ppo = 0.8, .clip = 0.2, .entropy = 0.05};
    (void)loss(&m);
    sl_ppo_rows rows = {R, A, m.avail, m.action, m.old_logp, m.advantage, m.weight};
    sl_ppo_sums sums = {0};
    sl_categorical_log_softmax(R, A, m.ls, m.avail, logp);
    sl_ppo_actor_loss(&rows, logp, 0.8, 0.05, 0.2, scratch, d, &sums);
    assert_near(m.sums.ppo.policy_loss, sums.policy_loss);
    assert_near(m.sums.ppo.entropy, sums.entropy);
    assert_near(m.sums.ppo.kl, sums.kl);
    assert_near(m.sums.ppo.clipped, sums.clipped);
    assert_true(sums.clipped > 0.1);
    for (int k = 0; k < R * A; k++) assert_near((double)m.d[k], (double)d[k]);
}

static const void *recorded(const sl_tensors *file, const char *name, sl_dtype dtype, int64_t n) {
    const sl_tensor *tensor;
    if (sl_tensors_find(file, name, dtype, n, &tensor) != SL_OK) fail_msg("%s", sl_error_what());
    return tensor->data;
}

// tests/nn/reference/make_reference.py has made the numbers
static void eq_7_is_that_of_pytorch(void **state) {
    (void)state;
    enum { ROWS = 12, ACTIONS = 5 };
    static const double taus[] = {1, 3};
    static const char *const names[][2] = {{"kl.rows_1", "kl.grads_1"}, {"kl.rows_3", "kl.grads_3"}};
    const float one = 1.0f;
    sl_tensors *file = NULL;
    assert_int_equal(sl_tensors_load(SL_SOURCE_DIR "/tests/nn/reference/reference.safetensors", &file), SL_OK);
    const float *lt = recorded(file, "kl.teacher", SL_F32, ROWS * ACTIONS);
    const float *ls = recorded(file, "kl.student", SL_F32, ROWS * ACTIONS);
    const uint8_t *avail = recorded(file, "kl.avail", SL_U8, -1);
    for (int i = 0; i < 2; i++) {
        const float *kl = recorded(file, names[i][0], SL_F32, ROWS);
        const float *grads = recorded(file, names[i][1], SL_F32, ROWS * ACTIONS);
        sl_logit_weights weights = {.kl = 1, .tau = taus[i]};
        for (int r = 0; r < ROWS; r++) {
            float d[ACTIONS];
            sl_logit_rows row = {
                .R = 1, .A = ACTIONS, .avail = avail + r * ACTIONS, .teacher = lt + r * ACTIONS, .weight = &one};
            sl_logit_sums sums = {0};
            sl_logit_loss(&row, &weights, ls + r * ACTIONS, d, &sums);
            assert_near(sums.kl, (double)kl[r]);
            for (int a = 0; a < ACTIONS; a++) assert_near((double)d[a], (double)grads[r * ACTIONS + a]);
        }
    }
    sl_tensors_destroy(&file);
}

static void what_does_not_count_may_be_anything(void **state) {
    (void)state;
    static made m;
    make(&m);
    m.weights = (sl_logit_weights){.ppo = 0.3, .clip = 0.5, .entropy = 0.1, .kl = 0.5, .tau = 0.8, .ce = 0.4};
    double before = loss(&m);
    for (int r = 0; r < R; r++) {
        if (m.weight[r] != 0.0f) continue;
        for (int a = 0; a < A; a++) m.ls[r * A + a] = m.lt[r * A + a] = NAN;
        m.old_logp[r] = m.advantage[r] = NAN;
        m.action[r] = 99;
    }
    assert_true(loss(&m) == before);
    for (int i = 0; i < R * A; i++) assert_true(isfinite(m.d[i]));
    // nothing is legal: no action is better than another, and none has a gradient
    memset(m.avail, 0, sizeof m.avail);
    (void)loss(&m);
    for (int i = 0; i < R * A; i++) assert_true(m.d[i] == 0.0f);
    assert_near(m.sums.kl, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eq_7_by_hand),
        cmocka_unit_test(eq_8_by_hand),
        cmocka_unit_test(gradients_equal_finite_differences),
        cmocka_unit_test(ppo_is_the_learners),
        cmocka_unit_test(eq_7_is_that_of_pytorch),
        cmocka_unit_test(what_does_not_count_may_be_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
