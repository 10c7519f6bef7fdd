/* world.h - all that a seed consists of, for the files of this room. Not for others. */
#ifndef SL_SIMULATE_WORLD_H
#define SL_SIMULATE_WORLD_H

#include "common/rng.h"
#include "fleet/fleet.h"
#include "net/fleet_message.h"
#include "net/transport.h"
#include "net/transport_sim.h"
#include "simulate/seed.h"
#include "simulate/toy.h"
#include "storage/framed.h"

#define SL_WORLD_ENDPOINT "sim://fleet"
enum {
    SL_WORLD_MS = 1000000,
    SL_WORLD_IDS = 1 << 14, /* transports of a seed */
    SL_WORLD_MORE = 12,     /* pilots besides one for each slot: hosts that are gone, twins */
    SL_WORLD_RECORDS = 128,
    SL_WORLD_RECORD = 640,
    SL_WORLD_MODEL = 300,
    SL_WORLD_SAID = 32,
    SL_WORLD_STEPS = 16 /* of an episode, at most */
};

/* Who holds a slot, by what was seen on the wire. */
typedef struct sl_holder {
    uint64_t run_id, former; /* 0 = nobody, so far */
    uint32_t member;
    int64_t heard_ns;  /* it last spoke to the coordinator */
    bool left;         /* it said goodbye */
    uint64_t sequence; /* of the newest observation to it, and that one's tick */
    int64_t tick;
    int64_t acted_tick, acted_ns; /* its newest answer */
    int32_t acted;
} sl_holder;

/* What a slot's holder has said for a tick. */
typedef struct sl_said {
    int64_t tick;
    int32_t action;
} sl_said;

typedef struct sl_record {
    uint32_t from, to;
    bool is_coordinators; /* it said it, to an agent */
    size_t n_bytes;
    uint8_t bytes[SL_WORLD_RECORD];
} sl_record;

struct sl_pilot;

typedef struct sl_world {
    const sl_simulation *def;
    sl_simulated *result;
    uint64_t seed;
    sl_faults faults; /* as this seed has them */
    sl_rng rng;       /* of the faults; another is the network's */
    sl_sim *sim;
    sl_sim_def net;
    sl_fleet_codec *codec;

    // the coordinator
    sl_fleet_def fleet_def;
    sl_fleet_slot_def *slots; /* (N) */
    uint8_t model[SL_WORLD_MODEL];
    char model_sha256[65];
    sl_fleet *fleet;      /* NULL: there is none now */
    uint32_t coordinator; /* its transport; 0 = none */
    int life;
    uint64_t session, former_session;
    bool crash, says_goodbye; /* asked for */
    volatile sig_atomic_t stop;
    int64_t asleep_until;
    int64_t away_ns; /* that it was deaf for, more than 50 ms at a time */

    // the agents
    int N, n_pilots;
    struct sl_pilot *pilots;        /* (N + SL_WORLD_MORE) */
    sl_holder *holders;             /* (N) */
    int16_t who[SL_WORLD_IDS];      /* a transport's pilot, -1 = none */
    int16_t keys[SL_WORLD_IDS];     /* the slot that its key may hold, -1 = none */
    sl_said (*said)[SL_WORLD_SAID]; /* (N), of a tick at its number modulo that */
    bool has_keys, is_realtime;

    // strangers: without a key, with a key that is not allowed, with another slot's
    sl_transport *strangers[3];
    uint32_t stranger_members[3];
    int n_strangers, idler_line;
    sl_fleet_message idler; /* what the stranger says that never answers; session 0: none */
    int64_t idler_ns;
    int n_records, next_record;
    sl_record records[SL_WORLD_RECORDS];

    // the episode
    uint64_t episode, state;
    int n_whole; /* episodes since the faults stopped, without a fallback */
    int T, t;
    int64_t tick, tick_ns, tick_away_ns, step_ns;
    int joins; /* slots given away within the tick */
    bool fell_back;
    double idle;                 /* the share of slots that a tick does not concern */
    float *obs;                  /* (N, O) */
    uint8_t *avail, *active;     /* (N, A), (N) */
    bool *has_begun;             /* (N) */
    int64_t *applied;            /* (N), in real time: the tick of the newest action that was applied */
    int32_t *actions, *expected; /* (N) */
    sl_act *acts, *last_acts;
    sl_toy_policy *oracles;            /* (N) */
    uint64_t answered, missed, absent; /* of this coordinator */

    // the director
    int64_t end_ns; /* of the faults; past it, all is calm */
    bool calm;
    int64_t calm_ns;
    int64_t next_ns[SL_FAULT_KINDS];

    sl_framed *log;
    char log_path[1100];
    uint64_t n_acknowledged; /* records that were acknowledged */
} sl_world;

int64_t sl_world_now(const sl_world *self);
/* A line of the trace. */
void sl_world_tell(const sl_world *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A promise is broken: the first one counts. */
void sl_world_break(sl_world *self, sl_promise promise, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* In [low, high], as likely in each power of two. */
double sl_world_spread(sl_world *self, double low, double high);

#endif
