/* fleet_message.h - what agents and the coordinator say to each other (proto/fleet.proto) as plain structs, with
 * encode and decode. decode takes untrusted bytes: presence, sizes, ranges, finiteness and ids are checked, so that a
 * decoded message can be used as it is. Meaning, order and answers: proto/README.md. */
#ifndef SL_NET_FLEET_MESSAGE_H
#define SL_NET_FLEET_MESSAGE_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SL_PROTOCOL_MAJOR = 1,
    SL_PROTOCOL_MINOR = 1,
    SL_FLEET_MAX_OBS = 4096,
    SL_FLEET_MAX_ACTIONS = 256,
    SL_FLEET_MAX_SLOTS = 1024,
    SL_FLEET_CHUNK = 256 * 1024,
    SL_FLEET_SIGNATURE = 2048, /* bytes of a signature file, at most */
    SL_FLEET_MAX_MODEL = 1024 * 1024 * 1024
};

/* the coordinator's clock: a step waits for the actions of all; the same, in simulated time; a step ends on time */
#define SL_FLEET_LOCKSTEP "lockstep"
#define SL_FLEET_VIRTUAL  "virtual"
#define SL_FLEET_REALTIME "realtime"

typedef enum sl_fleet_kind {
    SL_FLEET_HELLO = 1,     /* agent -> coordinator: may I fly? */
    SL_FLEET_WELCOME,       /* yes: session and slot */
    SL_FLEET_REJECT,        /* no, and why */
    SL_FLEET_RESET,         /* your session is unknown: say HELLO again */
    SL_FLEET_OBSERVATION,   /* coordinator -> agent, every tick */
    SL_FLEET_ACTION,        /* agent -> coordinator, the answer */
    SL_FLEET_HEARTBEAT,     /* either way when idle; the first one of an agent says: ready */
    SL_FLEET_MODEL_REQUEST, /* agent lacks the model of its slot: offset wanted */
    SL_FLEET_MODEL_CHUNK,   /* a part of the file */
    SL_FLEET_GOODBYE,       /* either way: leaving, the slot is free */
    SL_FLEET_ASK,           /* agent -> coordinator: which slot is free, and what would fly it? */
    SL_FLEET_OFFER,         /* the answer; holds nothing for the agent */
    SL_FLEET_KINDS
} sl_fleet_kind;

typedef enum sl_reject {
    SL_REJECT_NONE,
    SL_REJECT_VERSION,
    SL_REJECT_SHAPE,
    SL_REJECT_SLOT_TAKEN,
    SL_REJECT_UNAUTHORISED,
    SL_REJECT_FULL,
    SL_REJECT_MODEL_UNKNOWN,
    SL_REJECTS
} sl_reject;

typedef struct sl_fleet_message {
    sl_fleet_kind kind;
    int major, minor;  /* on decode: the sender's; encode writes its own */
    uint64_t run_id;   /* the agent incarnation's random number; 0 only in a REJECT for the version */
    uint64_t session;  /* the coordinator incarnation's random number; 0 in HELLO and REJECT */
    int slot;          /* -1: none wanted (HELLO), or none (REJECT, RESET) */
    int64_t tick;      /* WELCOME, OBSERVATION, ACTION; -1 before the first */
    uint64_t sequence; /* OBSERVATION, ACTION: of the observation, from 1; HEARTBEAT: the last one answered */
    /* HELLO; hidden also in OFFER */
    char build[32], arch[16], device[64]; /* device "": not said */
    int hidden, obs_dim, n_actions;       /* obs_dim, n_actions 0: no model yet */
    char model_sha256[65];                /* "" = none; also in WELCOME: the slot's model */
    /* WELCOME */
    int lease_ms, heartbeat_ms;
    char mode[16]; /* one of these; an agent gives up for any other */
    char config_hash[65];
    int64_t model_bytes; /* also in MODEL_CHUNK: size of the whole file */
    size_t n_signature;  /* 0 = none; signature is borrowed as obs is */
    const uint8_t *signature;
    /* REJECT */
    sl_reject reject;
    char text[160]; /* also in OFFER and an agent's GOODBYE; "" = none there */
    /* OBSERVATION */
    bool episode_start; /* zero the recurrent state before this one */
    bool replay;        /* the step is past: the action is not applied */
    int n_obs;          /* obs is borrowed: on send from the caller, on decode from the message */
    const float *obs;
    int n_avail; /* 0 = all legal */
    const uint8_t *avail;
    /* ACTION */
    int32_t action;
    int64_t residence_ns; /* from receiving the observation to sending this, on the agent's clock */
    /* MODEL_REQUEST, MODEL_CHUNK */
    int64_t offset;
    size_t n_chunk;
    const uint8_t *chunk;
} sl_fleet_message;

typedef struct sl_fleet_codec sl_fleet_codec; /* fixed buffers: coding allocates nothing after create */
SL_MUST_CHECK sl_status sl_fleet_codec_create(sl_fleet_codec **out);
void sl_fleet_codec_destroy(sl_fleet_codec **self);
/* Writes the fields of the kind. bytes borrowed until the next encode of this codec. */
void sl_fleet_encode(sl_fleet_codec *self, const sl_fleet_message *message, const void **bytes, size_t *n_bytes);
/* SL_CORRUPT names the field; SL_MISMATCH: another major version (only major, minor and kind of *out are set, nothing
 * else is parsed). Arrays in out are borrowed until the next decode of this codec. */
SL_MUST_CHECK sl_status sl_fleet_decode(sl_fleet_codec *self, const void *bytes, size_t n_bytes,
                                        sl_fleet_message *out);
const char *sl_fleet_kind_name(sl_fleet_kind kind); /* "HELLO" */
const char *sl_reject_name(sl_reject reject);       /* "slot taken" */

#endif
