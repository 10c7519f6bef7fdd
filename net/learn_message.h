/* learn_message.h - what the trainer (or starling, in its place) and a coordinator say to each other
 * (proto/learn.proto). The learn client serves, coordinators connect. A request is the credit: a coordinator works on
 * one at a time and sends nothing unasked but its HELLO. A message is one protobuf header frame with scalars and
 * tensor descriptors, then one raw little-endian frame per tensor. A coordinator without work says HELLO once a
 * second; the client answers WELCOME (or REJECT: another experiment, or a second one). A new run_id in WELCOME is a
 * new client: the coordinator goes back to the state that follows from the seed and drops requests of another run_id;
 * a client that goes on from a checkpoint sends RESTORE first. A new coordinator has lost what its predecessor was
 * asked: RESTORE the last SNAPSHOT, ask again. Batches: net/batch.h. */
#ifndef SL_NET_LEARN_MESSAGE_H
#define SL_NET_LEARN_MESSAGE_H

#include "common/wait.h"
#include "net/transport.h"
#include "net/wire_tensor.h"

enum { SL_LEARN_MAX_TENSORS = SL_MAX_FRAMES - 2, SL_LEARN_MAJOR = 1, SL_LEARN_MINOR = 4 };
enum { SL_LEARN_MAX_LINKS = 65536 };

typedef enum sl_learn_kind {
    SL_LEARN_HELLO = 1, /* coordinator -> trainer: ready; config_hash says for which experiment */
    SL_LEARN_WELCOME,   /* trainer -> coordinator */
    SL_LEARN_REJECT,
    SL_LEARN_COLLECT,  /* stage 1: roll out the policy in PARAMS for rollout_steps; answer BATCH */
    SL_LEARN_RECORD,   /* stage 2: have at least n_episodes in the expert buffer; answer PROGRESS..., DONE */
    SL_LEARN_SAMPLE,   /* stage 3: a distillation batch of n_episodes from source; answer BATCH */
    SL_LEARN_EVALUATE, /* n_episodes greedy episodes of policy; answer PROGRESS..., DONE with EPISODE_RETURN */
    SL_LEARN_FLY,      /* the same, by the fleet's agents, after MODELS if it has them; answer PROGRESS..., DONE with
                          EPISODE_RETURN */
    SL_LEARN_RESTORE,  /* take SNAPSHOT as the state of all streams and environments; answer DONE */
    SL_LEARN_STOP,     /* finish: answer DONE, then exit 0 */
    SL_LEARN_BATCH,
    SL_LEARN_PROGRESS,
    SL_LEARN_DONE,
    SL_LEARN_ERROR,  /* the request could not be done: code, text; the coordinator is ready again */
    SL_LEARN_MODELS, /* hand the students in POLICY_FILES out to the agents; answer DONE */
    SL_LEARN_KINDS
} sl_learn_kind;

typedef enum sl_policy_kind {
    SL_POLICY_TEACHER = 1,
    SL_POLICY_STUDENTS,
    SL_POLICY_RANDOM,
    SL_POLICY_HEURISTIC
} sl_policy_kind;

typedef struct sl_learn_message {
    sl_learn_kind kind;
    int major, minor;    /* on decode: the sender's; send writes its own */
    uint64_t run_id;     /* the sender's incarnation, not 0 */
    uint64_t request_id; /* set by the learn client, echoed in every answer; stale answers are dropped */
    int64_t version;     /* parameter version that PARAMS is (asked) or that the batch was made with (answered) */
    char config_hash[65], text[256];
    sl_status code; /* ERROR */
    int n_episodes;
    uint64_t seed; /* EVALUATE, FLY: episode e uses stream split(seed, e) */
    int source;    /* SAMPLE: 0 states of the expert buffer, 1 states of the students in PARAMS */
    sl_policy_kind policy;
    char behaviour[32];            /* COLLECT, EVALUATE: who chooses from the networks' outputs; "" = as a rule */
    double value_mean, value_std;  /* COLLECT: the critic's output * std + mean is in reward units */
    bool want_snapshot;            /* the answer carries SNAPSHOT: the state after this request */
    int64_t wait_ms;               /* FLY: for the agents, SL_WAIT_FOREVER, 0 = a minute */
    int64_t done, total, watch_us; /* PROGRESS; FLY: a picture after each step of so long at least, 0 = none */
    const char
        *links; /* EVALUATE, FLY: the section's YAML, at most SL_LEARN_MAX_LINKS bytes; NULL = the experiment's */
    bool want_divergence; /* EVALUATE: how often the links changed a decision */
    int64_t worked_ns;    /* BATCH, DONE: how long the coordinator worked on the request; 0 = not known */
    int n_tensors;
    sl_wire_tensor tensors[SL_LEARN_MAX_TENSORS];
} sl_learn_message;

/* The tensor of that role, or NULL. */
const sl_wire_tensor *sl_learn_tensor(const sl_learn_message *message, sl_tensor_role role);
/* Appends a tensor of its row's type, and outside of batches of its row's shape. */
void sl_learn_add(sl_learn_message *message, sl_tensor_role role, const void *data, sl_wire_shape shape);
/* The tensor of that role, or NULL when it is absent, of another type or another shape. */
const sl_wire_tensor *sl_learn_find(const sl_learn_message *message, sl_tensor_role role, sl_wire_shape shape);
/* The same as SL_MISMATCH, which names the tensor and says what it is. */
SL_MUST_CHECK sl_status sl_learn_take(const sl_learn_message *message, sl_tensor_role role, sl_wire_shape shape,
                                      const sl_wire_tensor **out);

typedef struct sl_learn_codec sl_learn_codec;
SL_MUST_CHECK sl_status sl_learn_codec_create(sl_learn_codec **out);
void sl_learn_codec_destroy(sl_learn_codec **self);
/* Every tensor is copied once. Asserts what the kind needs; SL_FULL, SL_NOT_FOUND as sl_transport_send. */
SL_MUST_CHECK sl_status sl_learn_send(sl_learn_codec *self, sl_transport *transport, const sl_peer *peer,
                                      const sl_learn_message *message);
/* Frames as received -> message, whose links are borrowed until the next decode; each frame's size must equal its
 * descriptor's. SL_CORRUPT names the field; SL_MISMATCH for another major version. Floats are not scanned for
 * finiteness here: the learner counts and skips. */
SL_MUST_CHECK sl_status sl_learn_decode(sl_learn_codec *self, const sl_message *frames, sl_learn_message *out);

#endif
