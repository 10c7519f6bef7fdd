/* test_batch.c - what a coordinator sends is checked before anything is indexed by it. */
#include "trainer/batch.h"

#include "trainer/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

typedef struct fixture {
    sl_synthetic data;
    sl_learn_message message;
    sl_batch_need need;
    int n_actions[3];
} fixture;

static void setup(fixture *f) {
    memset(f, 0, sizeof *f);
    sl_synthetic_def def = sl_synthetic_default_def();
    def.with_avail = def.with_alive = true;
    sl_synthetic_init(&f->data, &def);
    const sl_batch *b = &f->data.batch;
    sl_synthetic_message(&f->data, &f->message);
    for (int i = 0; i < 3; i++) f->n_actions[i] = i == 2 ? b->A - 1 : b->A;
    f->need = (sl_batch_need){.T = b->T, .B = b->B, .chunk = 3, .critic = true, .n_actions = f->n_actions};
    f->need.H = b->H, f->need.critic_H = b->critic_H, f->need.Z = b->Z;
    f->need.distills = f->need.ppo = b->teacher_logits != NULL;
}

static sl_status read_batch(fixture *f, sl_batch *out) {
    return sl_batch_read(&f->message, &f->data.setup, &f->need, out);
}

static void a_whole_batch_is_read(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    sl_batch batch;
    assert_int_equal(read_batch(&f, &batch), SL_OK);
    assert_int_equal(batch.T, 5);
    assert_int_equal(batch.C, 2);
    assert_ptr_equal(batch.state, batch.obs);
    assert_ptr_equal(batch.teacher_z, f.data.batch.teacher_z);
    assert_true(isnan(sl_batch_get_score(&batch, &f.data.setup.spec).mean_return));
    // returns (E, N): the mean over episodes of the sum over agents
    const double returns[6] = {1, 2, 3, 10, 20, 30};
    sl_learn_add(&f.message, SL_TENSOR_EPISODE_RETURN, returns, SL_SHAPE(2, 3));
    assert_int_equal(read_batch(&f, &batch), SL_OK);
    assert_true(fabs(sl_batch_get_score(&batch, &f.data.setup.spec).mean_return - 33) < 1e-12);
    // or of the reward that all are paid
    f.data.setup.spec.shared_reward = true;
    assert_true(fabs(sl_batch_get_score(&batch, &f.data.setup.spec).mean_return - 5.5) < 1e-12);
    // nobody said how long they were and which were won; then somebody does
    assert_true(isnan(sl_batch_get_score(&batch, &f.data.setup.spec).length) &&
                isnan(sl_batch_get_score(&batch, &f.data.setup.spec).won));
    const int32_t lengths[2] = {4, 5};
    const uint8_t won[2] = {1, 1};
    sl_learn_add(&f.message, SL_TENSOR_EPISODE_LENGTH, lengths, SL_SHAPE(2));
    sl_learn_add(&f.message, SL_TENSOR_EPISODE_WON, won, SL_SHAPE(2));
    assert_int_equal(read_batch(&f, &batch), SL_OK);
    sl_batch_score score = sl_batch_get_score(&batch, &f.data.setup.spec);
    assert_true(fabs(score.length - 4.5) < 1e-12 && fabs(score.won - 1) < 1e-12);
    // as many as there are returns
    f.message.tensors[f.message.n_tensors - 1].dims[0] = 3;
    assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "EPISODE_WON"));
    sl_synthetic_fini(&f.data);
}

static void a_critic_is_not_given_masked_observations(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    sl_batch batch;
    const sl_batch *b = &f.data.batch;
    f.data.setup.direct = f.data.setup.masked = true;
    assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "lacks STATE"));
    sl_learn_add(&f.message, SL_TENSOR_STATE, b->obs, SL_SHAPE(b->T, b->B, b->S));
    assert_int_equal(read_batch(&f, &batch), SL_OK);
    f.data.setup.critic_own = true;
    assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "lacks CRITIC_OBS"));
    sl_learn_add(&f.message, SL_TENSOR_CRITIC_OBS, b->obs, SL_SHAPE(b->T, b->B, b->N, b->O));
    assert_int_equal(read_batch(&f, &batch), SL_OK);
    sl_synthetic_fini(&f.data);
}

/* What students see is as wide as their ages make it; what a teacher sees is not. */
static void ages_are_the_students_alone(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    sl_batch batch;
    const sl_batch *b = &f.data.batch;
    f.data.setup.P = b->O + 2;
    // a batch of the teacher's own
    f.need.Z = 0, f.need.distills = false;
    assert_int_equal(read_batch(&f, &batch), SL_OK);
    assert_int_equal(batch.P, b->O);
    // one to distil from
    f.need.Z = b->Z, f.need.distills = true;
    assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "OBS"));
    // one of students that learn by themselves: the critic is told the state besides
    f.need.Z = 0, f.need.distills = false;
    f.data.setup.direct = f.data.setup.ages = true;
    assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
    f.data.setup.P = b->O;
    assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "lacks STATE"));
    sl_synthetic_fini(&f.data);
}

static void each_wrong_tensor_is_refused(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    sl_learn_message whole = f.message;
    sl_batch batch;
    for (int k = 0; k < whole.n_tensors; k++) {
        sl_tensor_role role = whole.tensors[k].role;
        for (int d = 0; d < whole.tensors[k].n_dims; d++) {
            f.message = whole;
            f.message.tensors[k].dims[d]++;
            assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
        }
        f.message = whole;
        f.message.tensors[k].type = SL_WIRE_I64;
        assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
        f.message = whole;
        f.message.tensors[k].n_dims--;
        assert_int_equal(read_batch(&f, &batch), SL_MISMATCH);
        // absent: only what may be absent may be
        f.message = whole;
        f.message.tensors[k] = f.message.tensors[--f.message.n_tensors];
        bool optional = role == SL_TENSOR_AVAIL || role == SL_TENSOR_ALIVE;
        assert_int_equal(read_batch(&f, &batch), optional ? SL_OK : SL_MISMATCH);
    }
    sl_synthetic_fini(&f.data);
}

static void actions_out_of_range_are_refused(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    sl_batch batch;
    int32_t *action = (int32_t *)f.data.batch.action;
    const int32_t bad[] = {-1, 5, 1 << 30};
    for (int k = 0; k < 3; k++) {
        int32_t kept = action[7];
        action[7] = bad[k];
        assert_int_equal(read_batch(&f, &batch), SL_CORRUPT);
        action[7] = kept;
    }
    // the last agent has one action less
    action[3 * 4 + 2] = 4;
    assert_int_equal(read_batch(&f, &batch), SL_CORRUPT);
    sl_synthetic_fini(&f.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_batch_is_read),
        cmocka_unit_test(a_critic_is_not_given_masked_observations),
        cmocka_unit_test(ages_are_the_students_alone),
        cmocka_unit_test(each_wrong_tensor_is_refused),
        cmocka_unit_test(actions_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
