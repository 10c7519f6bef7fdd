/* batch.h - a batch of experience as it is on the learn link: sizes, and views of the tensors of net/wire_tensor.h.
 * Roll-outs and samples fill one, the coordinator adds it to its answer, the trainer takes it out of the message.
 * Only views: they live as long as what they were pointed at, or as the message that they were taken from. */
#ifndef SL_NET_BATCH_H
#define SL_NET_BATCH_H

#include "net/learn_message.h"

#define SL_C_F32                                          float
#define SL_C_F64                                          double
#define SL_C_I32                                          int32_t
#define SL_C_U8                                           uint8_t
#define SL_BATCH_MEMBER_(number, role, member, type, ...) const SL_C_##type *member;

typedef struct sl_batch {
    int T, B, N, O, P, A, S, M, C;
    int H, critic_H, Z; /* row lengths of hidden, critic_hidden and teacher_z; 0 = absent */
    int n_episodes;     /* E */
    /* const float *obs; ...: a member for each row, NULL = absent */
    SL_BATCH_TENSORS(SL_BATCH_MEMBER_)
    /* what a roll-out's advantages were made of; not sent */
    const float *reward;                   /* (T, B, M) */
    const uint8_t *terminated, *truncated; /* (T, B) */
} sl_batch;

/* Tensors as a set. */
#define SL_ROLE(role) (1u << SL_TENSOR_##role)

/* Appends all members that are not NULL, in the order of the rows. */
void sl_batch_add(const sl_batch *self, sl_learn_message *message);
/* Points the members of both sets into the message; the others become NULL. The sizes are the caller's, but for
 * n_episodes, which comes with EPISODE_RETURN. SL_MISMATCH names the tensor: a required one that is absent, one of
 * another type or shape. */
SL_MUST_CHECK sl_status sl_batch_take(sl_batch *self, const sl_learn_message *message, uint32_t required,
                                      uint32_t optional);

#endif
