/* wire_tensor.h - the tensors of the learn link, a row each. Roles, types, the members of sl_batch (net/batch.h),
 * what is sent, what is checked and the names in errors follow from the rows; a test compares them with the table of
 * proto/README.md. A new tensor is one row here, with a number of its own, and one there. */
#ifndef SL_NET_WIRE_TENSOR_H
#define SL_NET_WIRE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(number, ROLE, member of sl_batch, type, shape, what it is), in the order in which a batch is sent.
 * T steps, B copies or episodes, N agents, O observation, P what the actor sees (O, longer with ages), A actions, S
 * state, M = 1 for a team critic, else N, C = ceil(T / chunk), H widths of recurrent states, Z of what is sent
 * of the teacher's embedding, E finished episodes, n any. */
#define SL_BATCH_TENSORS(X)                                                                                          \
    X(4, OBS, obs, F32, (T, B, N, P), "what the learner's actor sees, masked for students")                          \
    X(5, STATE, state, F32, (T, B, S), "the critic's; absent = the unmasked OBS, (T, B, N * O)")                     \
    X(22, CRITIC_OBS, critic_obs, F32, (T, B, N, O), "what the critic's rows read; absent = OBS")                    \
    X(6, AVAIL, avail, U8, (T, B, N, A), "1 where the action is legal; absent = all legal")                          \
    X(7, ACTION, action, I32, (T, B, N), "chosen; (N) in a picture of a flight")                                     \
    X(8, LOGP, logp, F32, (T, B, N), "of the policy that acted")                                                     \
    X(9, ADVANTAGE, advantage, F32, (T, B, M), "in reward units, not normalised")                                    \
    X(10, TARGET, target, F32, (T, B, M), "of the value: advantage + value")                                         \
    X(11, VALUE, value, F32, (T, B, M), "the critic's, in reward units")                                             \
    X(12, NOT_FIRST, not_first, F32, (T, B), "0 at the first step of an episode, else 1")                            \
    X(13, ALIVE, alive, F32, (T, B, N), "1 where the agent's sample counts; absent = all 1")                         \
    X(14, HIDDEN, hidden, F32, (C, B, N, H), "the actors' state before each chunk and NOT_FIRST")                    \
    X(15, CRITIC_HIDDEN, critic_hidden, F32, (C, B, M, critic_H), "the critic's, likewise")                          \
    X(16, TEACHER_LOGITS, teacher_logits, F32, (T, B, N, A), "the teacher's in the same states")                     \
    X(17, TEACHER_Z, teacher_z, F32, (T, B, N, Z),                                                                   \
      "the teacher's embedding, or what fixed maps of eq. 9 and 11 make of it")                                      \
    X(18, EPISODE_RETURN, episode_return, F64, (E, N), "of finished episodes in order, undiscounted")                \
    X(19, EPISODE_LENGTH, episode_length, I32, (E), "steps")                                                         \
    X(20, EPISODE_WON, episode_won, U8, (E), "1 = won; absent where there is nothing to win or nobody knows")

/* Those that are in no batch. */
#define SL_LINK_TENSORS(X)                                                                                           \
    X(1, PARAMS, -, F32, (n), "the acting networks' parameters, one after the other")                                \
    X(2, CRITIC, -, F32, (n), "the critic's")                                                                        \
    X(3, SNAPSHOT, -, U8, (n), "opaque to all but the coordinator")                                                  \
    X(21, TICK_NS, -, I64, (n), "FLY: wall time of each step")                                                       \
    X(23, SHAPES, -, F32, (n, 12), "PROGRESS of a watched flight, n at most 192")                                    \
    X(24, LABELS, -, U8, (n, 36), "of the same")                                                                     \
    X(25, LATENCY, -, F64, (2, 2),                                                                                   \
      "FLY, in ns: median and 99th percentile of the observations' round trips, and of `residence_ns`")              \
    X(26, INCIDENTS, -, I64, (5),                                                                                    \
      "FLY: actions of the fallback for a late agent, and for an absent one; messages of agents dropped; HELLOs "    \
      "rejected; agents lost")                                                                                       \
    X(27, POLICY_FILES, -, U8, (n), "MODELS, FLY: the students' files in agent order, one after the other")          \
    X(28, POLICY_BYTES, -, I64, (n), "MODELS, FLY: the size of each, n = N; 0 = the agent brings its own")           \
    X(29, POLICY_SIGNATURES, -, U8, (n), "MODELS, FLY: the students' signature files, one after the other")          \
    X(30, SIGNATURE_BYTES, -, I64, (n), "MODELS, FLY: the size of each, n = N, at most 2048; 0 = it is not signed")  \
    X(31, LINK_AGES, -, I64, (2, n),                                                                                 \
      "EVALUATE, FLY: how often an observation and an action was of each age in steps; the last column: never came") \
    X(32, LINK_COUNTS, -, I64, (n), "EVALUATE, FLY: what the links did, in the order of links/team.h")               \
    X(33, CLOCK, -, F64, (15),                                                                                       \
      "FLY: the clock (0 lockstep, 1 virtual, 2 realtime), ms of a step, and how the timer kept it, in the order "   \
      "of "                                                                                                          \
      "net/flight_clock.h")

#define SL_ROLE_MEMBER_(number, role, ...) SL_TENSOR_##role = (number),
#define SL_ONE_MORE_(...)                  +1 // NOLINT(bugprone-macro-parentheses): a term of the sum below
typedef enum sl_tensor_role {
    SL_BATCH_TENSORS(SL_ROLE_MEMBER_) SL_LINK_TENSORS(SL_ROLE_MEMBER_) /* SL_TENSOR_OBS = 4, ... */
    SL_TENSOR_ROLES = 1 SL_BATCH_TENSORS(SL_ONE_MORE_) SL_LINK_TENSORS(SL_ONE_MORE_)
} sl_tensor_role;

typedef enum sl_wire_type { SL_WIRE_F32 = 1, SL_WIRE_F64, SL_WIRE_I32, SL_WIRE_I64, SL_WIRE_U8 } sl_wire_type;

/* Slowest dimension first; when it is what a reader wants, SL_ANY_LENGTH stands for any. */
typedef struct sl_wire_shape {
    int n_dims; /* 1 to 4 */
    int64_t dims[4];
} sl_wire_shape;
enum { SL_ANY_LENGTH = -1 };
#define SL_N_DIMS(...) ((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))
#define SL_SHAPE(...)  ((sl_wire_shape){.n_dims = SL_N_DIMS(__VA_ARGS__), .dims = {__VA_ARGS__}})

typedef struct sl_wire_tensor {
    sl_tensor_role role;
    sl_wire_type type;
    int n_dims;
    int64_t dims[4];
    const void *data; /* borrowed: on send from the caller until send returns, on decode from the message */
    size_t n_bytes;
} sl_wire_tensor;

/* Of the rows; static memory. */
const char *sl_tensor_role_name(sl_tensor_role role);
sl_wire_type sl_tensor_role_type(sl_tensor_role role);
size_t sl_wire_type_bytes(sl_wire_type type);
/* Of its row's type and of that shape. */
bool sl_wire_tensor_fits(const sl_wire_tensor *self, const sl_wire_shape *shape);
/* The shape that the row of a tensor outside of batches says, n as SL_ANY_LENGTH; of one in batches, no dims. */
sl_wire_shape sl_tensor_role_shape(sl_tensor_role role);
/* "f32 (2, 3)" into text, any lengths as n. */
enum { SL_WIRE_TEXT = 96 };
void sl_wire_text(sl_wire_type type, int n_dims, const int64_t *dims, char text[SL_WIRE_TEXT]);

#endif
