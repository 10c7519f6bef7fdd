/* test_ppo_loss.c - PPO's row losses against numbers worked out on paper. */
#include "trainer/ppo_loss.h"

#include "nn/dist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) < 2e-5)) fail_msg("%.7f is not %.7f", value, expected);
}

/* Two actions, equally likely; rho = 0.5 / pi_b. */
static void surrogate_is_the_pessimistic_one(void **state) {
    (void)state;
    const struct {
        double pi_b, advantage, loss, dlogit;
    } cases[] = {
        {0.4, 2, -2.4, 0},     // rho 1.25 beyond 1.2 and a good action: clipped, no gradient
        {0.4, -2, 2.5, 1.25},  // a bad one: the plain surrogate is lower; 2.5 * (1 - 0.5)
        {1.0, 1, -0.5, -0.25}, // rho 0.5 below 0.8 and a good action: plain
        {1.0, -1, 0.8, 0},     // a bad one: clipped at 0.8
        {0.5, 3, -3, -1.5},    // rho 1: both are the same
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        float logits[2] = {0}, logp[2], dlogits[2] = {0}, scratch[3], weight = 1;
        float old = (float)log(cases[k].pi_b), advantage = (float)cases[k].advantage;
        int32_t action = 0;
        sl_categorical_log_softmax(1, 2, logits, NULL, logp);
        sl_ppo_rows rows = {1, 2, NULL, &action, &old, &advantage, &weight};
        sl_ppo_sums sums = {0};
        sl_ppo_actor_loss(&rows, logp, 1, 0, 0.2, scratch, dlogits, &sums);
        assert_near(sums.policy_loss, cases[k].loss);
        assert_near((double)dlogits[0], cases[k].dlogit);
        assert_near((double)dlogits[1], -cases[k].dlogit);
        assert_near(sums.entropy, log(2));
        double rho = 0.5 / cases[k].pi_b;
        assert_near(sums.kl, rho - 1 - log(rho));
        assert_near(sums.clipped, rho > 1.2 || rho < 0.8);
    }
}

/* p = (0.75, 0.25): H = 0.5623351; dH/dl_0 = -p_0 (log p_0 + H) = -0.2059898. */
static void entropy_bonus_pushes_towards_uniform(void **state) {
    (void)state;
    float logits[2] = {logf(3), 0}, logp[2], dlogits[2] = {0}, scratch[3], weight = 0.5f, zero = 0;
    int32_t action = 1;
    sl_categorical_log_softmax(1, 2, logits, NULL, logp);
    sl_ppo_rows rows = {1, 2, NULL, &action, &zero, &zero, &weight};
    sl_ppo_sums sums = {0};
    sl_ppo_actor_loss(&rows, logp, 1, 0.1, 0.2, scratch, dlogits, &sums);
    assert_near(sums.entropy, 0.5 * 0.5623351);
    assert_near((double)dlogits[0], 0.1 * 0.5 * 0.2059898);
    assert_near((double)dlogits[1], -0.1 * 0.5 * 0.2059898);
}

static void rows_without_weight_do_nothing(void **state) {
    (void)state;
    float logits[4] = {1, 2, 0, 0}, logp[4], dlogits[4] = {0}, scratch[6], weight[2] = {0, 1};
    float old[2] = {NAN, logf(0.5f)}, advantage[2] = {NAN, 1};
    int32_t action[2] = {0, 0};
    sl_categorical_log_softmax(2, 2, logits, NULL, logp);
    sl_ppo_rows rows = {2, 2, NULL, action, old, advantage, weight};
    sl_ppo_sums sums = {0};
    sl_ppo_actor_loss(&rows, logp, 1, 0, 0.2, scratch, dlogits, &sums);
    assert_near(sums.policy_loss, -1);
    assert_near((double)dlogits[0], 0);
    assert_near((double)dlogits[2], -0.5);
}

static void value_loss_is_clipped_and_huber(void **state) {
    (void)state;
    const struct {
        float v, old, target;
        double loss, dv;
    } cases[] = {
        {1.5f, 1, 2, 0.32, 0},     // clipped value 1.2 is further off: its loss, a constant
        {1.5f, 1, 1, 0.125, 0.5},  // clipped value is nearer: the plain loss
        {1.1f, 1, 2, 0.405, -0.9}, // within the range both are the same
        {0, 0, 20, 150, -10},      // beyond delta 10 it is linear: 10 * (20 - 5)
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        float weight = 1, dv = NAN;
        sl_ppo_sums sums = {0};
        sl_ppo_value_loss(1, &cases[k].v, &cases[k].old, &cases[k].target, &weight, 1, 0.2, 10, &dv, &sums);
        assert_near(sums.value_loss, cases[k].loss);
        assert_near((double)dv, cases[k].dv);
        sl_ppo_value_loss(1, &cases[k].v, &cases[k].old, &cases[k].target, &weight, 0.5, 0.2, 10, &dv, &sums);
        assert_near((double)dv, 0.5 * cases[k].dv);
    }
}

static void advantages_are_normalised_over_what_counts(void **state) {
    (void)state;
    // 1, 2, 3 count, 60 does not: mean 2, deviation sqrt(2/3)
    const float advantage[4] = {1, 2, 3, 60}, alive[4] = {1, 1, 1, 0};
    float out[4];
    sl_advantage_normalise(2, 2, 2, advantage, alive, out);
    assert_near((double)out[0], -1.2247299);
    assert_near((double)out[1], 0);
    assert_near((double)out[2], 1.2247299);
    // a team's row counts once an alive agent: 1, 1, 4 have mean 2, deviation sqrt(2)
    const float team[2] = {1, 4}, team_alive[4] = {1, 1, 1, 0};
    sl_advantage_normalise(2, 1, 2, team, team_alive, out);
    assert_near((double)out[0], -0.7071018);
    assert_near((double)out[1], 1.4142036);
    // 1, 2, 3, 6: mean 3, deviation sqrt(3.5)
    const float all[4] = {1, 2, 3, 6};
    sl_advantage_normalise(4, 1, 3, all, NULL, out);
    assert_near((double)out[0], -1.0690393);
    assert_near((double)out[3], 1.6035590);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surrogate_is_the_pessimistic_one),
        cmocka_unit_test(entropy_bonus_pushes_towards_uniform),
        cmocka_unit_test(rows_without_weight_do_nothing),
        cmocka_unit_test(value_loss_is_clipped_and_huber),
        cmocka_unit_test(advantages_are_normalised_over_what_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
