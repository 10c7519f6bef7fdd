/* batch.c - a BATCH message into named, checked pointers. Everything that an index depends on is checked here; floats
 * may hold anything, the learners count and skip what is not finite. */
#include "trainer/batch.h"

#include <math.h>

/* T and B come with the batch; everything else follows from the experiment. */
static sl_status read_sizes(const sl_learn_message *message, const sl_batch_need *need, sl_batch *batch) {
    const sl_wire_tensor *not_first = NULL;
    SL_TRY(sl_learn_take(message, SL_TENSOR_NOT_FIRST, SL_SHAPE(SL_ANY_LENGTH, SL_ANY_LENGTH), &not_first));
    int64_t T = not_first->dims[0], B = not_first->dims[1];
    bool fits = need->distills ? T >= 1 && T <= need->T : T == need->T;
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
    for (int64_t r = 0; action && r < R; r++)
        for (int i = 0; i < N; i++)
            if (action[r * N + i] < 0 || action[r * N + i] >= n_actions[i])
                return sl_fail(SL_CORRUPT, NULL, "action %d of agent %d in the coordinator's batch is out of range",
                               (int)action[r * N + i], i);
    return SL_OK;
}

// the sets of tensors: what the stage cannot go without, and what may be absent
static void choose(const sl_setup *setup, const sl_batch_need *need, uint32_t *required, uint32_t *optional) {
    *required = SL_ROLE(OBS) | SL_ROLE(NOT_FIRST);
    *optional =
        SL_ROLE(AVAIL) | SL_ROLE(ALIVE) | SL_ROLE(EPISODE_RETURN) | SL_ROLE(EPISODE_LENGTH) | SL_ROLE(EPISODE_WON);
    if (need->H) *required |= SL_ROLE(HIDDEN);
    if (!need->distills || need->ppo) *required |= SL_ROLE(ACTION) | SL_ROLE(LOGP) | SL_ROLE(ADVANTAGE);
    if (need->distills) *required |= SL_ROLE(TEACHER_LOGITS);
    if (need->Z) *required |= SL_ROLE(TEACHER_Z);
    if (!need->critic) return;
    *required |= SL_ROLE(TARGET) | SL_ROLE(VALUE);
    if (need->critic_H) *required |= SL_ROLE(CRITIC_HIDDEN);
    // what is masked, late or shown with its age is not what a critic reads
    bool whole = !(setup->direct && (setup->masked || setup->ages)) && !sl_setup_trained_links(setup, setup->direct);
    *(setup->spec.state_is_obs && whole ? optional : required) |= SL_ROLE(STATE);
    *(whole || !setup->critic_own ? optional : required) |= SL_ROLE(CRITIC_OBS);
}

sl_status sl_batch_read(const sl_learn_message *message, const sl_setup *setup, const sl_batch_need *need,
                        sl_batch *out) {
    sl_batch batch = {.N = setup->N,
                      .O = setup->O,
                      .P = setup->direct || need->distills ? setup->P : setup->O,
                      .A = setup->A,
                      .S = setup->S,
                      .M = setup->M,
                      .H = need->H,
                      .critic_H = need->critic_H,
                      .Z = need->Z};
    uint32_t required, optional;
    SL_TRY(read_sizes(message, need, &batch));
    choose(setup, need, &required, &optional);
    SL_TRY(sl_batch_take(&batch, message, required, optional));
    // the state is the observation, read as one row a copy
    if (need->critic && !batch.state) batch.state = batch.obs;
    if (need->critic && !batch.critic_obs) batch.critic_obs = batch.obs;
    SL_TRY(check_actions(&batch, need->n_actions));
    *out = batch;
    return SL_OK;
}

sl_batch_score sl_batch_get_score(const sl_batch *self, const sl_env_spec *spec) {
    const double unknown = (double)NAN;
    double sum = 0, steps = 0, won = 0, E = self->n_episodes;
    for (int e = 0; e < self->n_episodes; e++) {
        sum += sl_env_return(spec, self->episode_return + (size_t)e * (size_t)self->N);
        if (self->episode_length) steps += self->episode_length[e];
        if (self->episode_won) won += self->episode_won[e] != 0;
    }
    if (self->n_episodes == 0) return (sl_batch_score){unknown, unknown, unknown};
    return (sl_batch_score){sum / E, self->episode_length ? steps / E : unknown,
                            self->episode_won ? won / E : unknown};
}
