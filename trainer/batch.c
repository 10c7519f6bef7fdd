/* batch.c - a BATCH message into named, checked pointers. Everything that an index depends on is checked here; floats
 * may hold anything, the learners count and skip what is not finite. */
#include "trainer/batch.h"

#include "common/assert.h"

#include <math.h>

/* Data of the tensor of that role with exactly these dims, NULL when absent and optional. */
static sl_status take(const sl_learn_message *message, sl_tensor_role role, const char *name, sl_wire_type type,
                      bool optional, int n_dims, const int64_t *dims, const void **out) {
    const sl_wire_tensor *tensor = sl_learn_tensor(message, role);
    if (!tensor) {
        if (!optional) return sl_fail(SL_MISMATCH, NULL, "the coordinator's batch lacks %s", name);
        *out = NULL;
        return SL_OK;
    }
    bool same = tensor->type == type && tensor->n_dims == n_dims;
    for (int d = 0; same && d < n_dims; d++) same = tensor->dims[d] == dims[d];
    if (!same)
        return sl_fail(SL_MISMATCH, "do both programs read the same experiment?",
                       "%s of the coordinator's batch has another type or shape than this experiment's", name);
    *out = tensor->data;
    return SL_OK;
}

#define DIMS(...)   ((const int64_t[]){__VA_ARGS__})
#define N_DIMS(...) ((int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))
#define TAKE(role, type, field, optional, ...)                                                                       \
    do {                                                                                                             \
        const void *data_ = NULL;                                                                                    \
        SL_TRY(take(message, role, #field, type, optional, N_DIMS(__VA_ARGS__), DIMS(__VA_ARGS__), &data_));         \
        batch.field = data_;                                                                                         \
    } while (0)

/* T and B come with the batch; everything else follows from the experiment. */
static sl_status read_sizes(const sl_learn_message *message, const sl_batch_need *need, sl_batch *batch) {
    const sl_wire_tensor *not_first = sl_learn_tensor(message, SL_TENSOR_NOT_FIRST);
    if (!not_first || not_first->n_dims != 2)
        return sl_fail(SL_MISMATCH, NULL, "the coordinator's batch lacks NOT_FIRST");
    int64_t T = not_first->dims[0], B = not_first->dims[1];
    bool fits = need->teacher_H ? T >= 1 && T <= need->T : T == need->T;
    if (!fits || B != need->B)
        return sl_fail(SL_MISMATCH, "do both programs read the same experiment?",
                       "the coordinator's batch is %lld steps of %lld copies, %d of %d were asked for", (long long)T,
                       (long long)B, need->T, need->B);
    batch->T = (int)T;
    batch->B = (int)B;
    batch->C = (batch->T + need->chunk - 1) / need->chunk;
    return SL_OK;
}

static sl_status check_actions(const sl_batch *batch, const int *n_actions) {
    int64_t R = (int64_t)batch->T * batch->B;
    int N = batch->N;
    const int32_t *action = batch->action;
    for (int64_t r = 0; r < R; r++)
        for (int i = 0; i < N; i++)
            if (action[r * N + i] < 0 || action[r * N + i] >= n_actions[i])
                return sl_fail(SL_CORRUPT, NULL, "action %d of agent %d in the coordinator's batch is out of range",
                               (int)action[r * N + i], i);
    return SL_OK;
}

static sl_status read_critic(const sl_learn_message *message, const sl_setup *setup, const sl_batch_need *need,
                             sl_batch *out) {
    sl_batch batch = *out;
    int64_t T = batch.T, B = batch.B, M = batch.M;
    // masked observations are not what a critic reads
    bool whole = !(setup->direct && setup->masked);
    TAKE(SL_TENSOR_STATE, SL_WIRE_F32, state, setup->spec.state_is_obs && whole, T, B, batch.S);
    // the state is the observation, read as one row a copy
    if (!batch.state) batch.state = batch.obs;
    TAKE(SL_TENSOR_CRITIC_OBS, SL_WIRE_F32, critic_obs, whole || !setup->critic_own, T, B, batch.N, batch.O);
    if (!batch.critic_obs) batch.critic_obs = batch.obs;
    TAKE(SL_TENSOR_TARGET, SL_WIRE_F32, target, false, T, B, M);
    TAKE(SL_TENSOR_VALUE, SL_WIRE_F32, value, false, T, B, M);
    if (need->critic_H) {
        batch.critic_H = need->critic_H;
        TAKE(SL_TENSOR_CRITIC_HIDDEN, SL_WIRE_F32, critic_hidden, false, batch.C, B, M, need->critic_H);
    }
    *out = batch;
    return SL_OK;
}

sl_status sl_batch_read(const sl_learn_message *message, const sl_setup *setup, const sl_batch_need *need,
                        sl_batch *out) {
    sl_batch batch = {
        .N = setup->N, .O = setup->O, .A = setup->A, .S = setup->S, .M = setup->M, .spec = &setup->spec};
    SL_TRY(read_sizes(message, need, &batch));
    int64_t T = batch.T, B = batch.B, N = batch.N, A = batch.A;
    TAKE(SL_TENSOR_NOT_FIRST, SL_WIRE_F32, not_first, false, T, B);
    TAKE(SL_TENSOR_OBS, SL_WIRE_F32, obs, false, T, B, N, batch.O);
    TAKE(SL_TENSOR_AVAIL, SL_WIRE_U8, avail, true, T, B, N, A);
    TAKE(SL_TENSOR_ACTION, SL_WIRE_I32, action, false, T, B, N);
    TAKE(SL_TENSOR_LOGP, SL_WIRE_F32, logp, false, T, B, N);
    TAKE(SL_TENSOR_ADVANTAGE, SL_WIRE_F32, advantage, false, T, B, batch.M);
    TAKE(SL_TENSOR_ALIVE, SL_WIRE_F32, alive, true, T, B, N);
    if (need->H) {
        batch.H = need->H;
        TAKE(SL_TENSOR_HIDDEN, SL_WIRE_F32, hidden, false, batch.C, B, N, need->H);
    }
    if (need->critic) SL_TRY(read_critic(message, setup, need, &batch));
    if (need->teacher_H) {
        batch.teacher_H = need->teacher_H;
        TAKE(SL_TENSOR_TEACHER_LOGITS, SL_WIRE_F32, teacher_logits, false, T, B, N, A);
        TAKE(SL_TENSOR_TEACHER_Z, SL_WIRE_F32, teacher_z, false, T, B, N, need->teacher_H);
    }
    const sl_wire_tensor *returns = sl_learn_tensor(message, SL_TENSOR_EPISODE_RETURN);
    if (returns && returns->n_dims == 2 && returns->dims[0] > 0) {
        int64_t E = returns->dims[0];
        TAKE(SL_TENSOR_EPISODE_RETURN, SL_WIRE_F64, episode_return, false, E, N);
        TAKE(SL_TENSOR_EPISODE_LENGTH, SL_WIRE_I32, episode_length, true, E);
        TAKE(SL_TENSOR_EPISODE_WON, SL_WIRE_U8, episode_won, true, E);
        batch.n_episodes = (int)E;
    }
    SL_TRY(check_actions(&batch, need->n_actions));
    *out = batch;
    return SL_OK;
}

sl_batch_score sl_batch_get_score(const sl_batch *self) {
    const double unknown = (double)NAN;
    double sum = 0, steps = 0, won = 0, E = self->n_episodes;
    for (int e = 0; e < self->n_episodes; e++) {
        sum += sl_env_return(self->spec, self->episode_return + (size_t)e * (size_t)self->N);
        if (self->episode_length) steps += self->episode_length[e];
        if (self->episode_won) won += self->episode_won[e] != 0;
    }
    if (self->n_episodes == 0) return (sl_batch_score){unknown, unknown, unknown};
    return (sl_batch_score){sum / E, self->episode_length ? steps / E : unknown,
                            self->episode_won ? won / E : unknown};
}
