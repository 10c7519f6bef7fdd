/* batch.c - see batch.h. */
#include "net/batch.h"

#include <limits.h>

#define FITS(number, ...) &&((number) < 32)
_Static_assert(true SL_BATCH_TENSORS(FITS), "sets of roles are 32 bits, of which a batch's must be");

#define SIZES(b)                                                                                                     \
    const int64_t T = (b)->T, B = (b)->B, N = (b)->N, O = (b)->O, P = (b)->P, A = (b)->A, S = (b)->S, M = (b)->M,    \
                  C = (b)->C, H = (b)->H, critic_H = (b)->critic_H, Z = (b)->Z, E = (b)->n_episodes

void sl_batch_add(const sl_batch *self, sl_learn_message *message) {
    SIZES(self);
#define ADD(number, role, member, type, shape, text)                                                                 \
    if (self->member) sl_learn_add(message, SL_TENSOR_##role, self->member, SL_SHAPE shape);
    SL_BATCH_TENSORS(ADD)
}

// data of the tensor, NULL where it is not asked for or may be absent and is
static sl_status take(const sl_learn_message *message, sl_tensor_role role, sl_wire_shape shape, uint32_t required,
                      uint32_t optional, const void **out) {
    uint32_t bit = 1u << role;
    const sl_wire_tensor *tensor = NULL;
    if ((required & bit) || ((optional & bit) && sl_learn_tensor(message, role)))
        SL_TRY(sl_learn_take(message, role, shape, &tensor));
    *out = tensor ? tensor->data : NULL;
    return SL_OK;
}

sl_status sl_batch_take(sl_batch *self, const sl_learn_message *message, uint32_t required, uint32_t optional) {
    sl_batch batch = *self;
    const sl_wire_tensor *returns = sl_learn_tensor(message, SL_TENSOR_EPISODE_RETURN);
    batch.n_episodes = returns && returns->dims[0] <= INT_MAX ? (int)returns->dims[0] : 0;
    SIZES(&batch);
    const void *data = NULL;
#define TAKE(number, role, member, type, shape, text)                                                                \
    SL_TRY(take(message, SL_TENSOR_##role, SL_SHAPE shape, required, optional, &data));                              \
    batch.member = data;
    SL_BATCH_TENSORS(TAKE)
    *self = batch;
    return SL_OK;
}
