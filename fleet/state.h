/* state.h - the fleet's insides, for fleet.c (the tick), slots.c (who holds a slot) and messages.c (what comes in),
 * and what all three do: read the clock, say something, complain. Not for others. */
#ifndef SL_FLEET_STATE_H
#define SL_FLEET_STATE_H

#include "common/log.h"
#include "fleet/complaints.h"
#include "fleet/fleet.h"
#include "fleet/pace.h"
#include "fleet/slot_view.h"
#include "links/team.h"
#include "net/fleet_message.h"
#include "net/transport.h"

enum { SL_FLEET_MS = 1000000, SL_FLEET_MISSES = 3 };

/* All times are of the fleet's own clock, which stands still while the fleet does not listen (sl_fleet_look), but for
 * the two of an observation. */

/* Who holds a slot, or held it last, as sl_slot_view tells it. */
typedef struct sl_slot_holder {
    char device[SL_SLOT_TEXT], arch[SL_SLOT_TEXT], build[SL_SLOT_TEXT], address[SL_SLOT_TEXT];
    char key[SL_SLOT_TEXT], model[65];
    int hidden;
    double round_trip[2]; /* p50 and p99 in seconds, of its last full window */
} sl_slot_holder;

typedef struct sl_slot {
    sl_fleet_slot_def def;
    char sha256[65]; /* of def.model; "" = agents bring theirs */

    sl_slot_state state;
    sl_peer peer;
    char key[SL_KEY_TEXT]; /* of its agent, and whose that is; "" = a link without keys */
    char owner[SL_KEY_NAME];
    uint64_t run_id;       /* of the incarnation that holds the slot; 0 when FREE */
    uint64_t former;       /* the one before: what it still says is late, and no fault */
    int64_t heard_ns;      /* its last message */
    int64_t lost_ns;       /* when it became DEAD */
    int64_t said_ns;       /* when it was last sent something */
    int64_t live_ns;       /* when it became LIVE, the last time */
    int64_t due_ns;        /* while LIVE: the tick waits for its action until then */
    int64_t patience_ns;   /* while not LIVE: ticks wait for its return, or its successor's, until then; 0 = not */
    bool patience_is_used; /* by this incarnation, since its last action that was applied */
    int misses;            /* ticks in a row, since it last answered anything */

    uint64_t sequence; /* of the last observation sent for the slot, to whatever incarnation */
    uint64_t fed_from; /* since this one it sees steps in order, so that a smaller sequence is an earlier tick */
    bool outstanding;  /* it is not answered yet */
    bool resent;
    bool is_active;                 /* the tick at work, or the last one, concerns it */
    int n_steps;                    /* observations of this episode that it was given, for any incarnation */
    int n_answered;                 /* of these, how many this incarnation has answered */
    int64_t first_sent_ns, sent_ns; /* on the transport's clock */
    bool acted;                     /* action is this tick's */
    int32_t action;
    sl_slot_pace pace;

    /* for whoever looks on */
    sl_slot_holder holder;
    uint64_t joined, missed, absent; /* since the fleet's start */
    sl_latency window;               /* round trips since window_ns */
    int64_t window_ns;
} sl_slot;

typedef struct sl_fleet {
    sl_fleet_def def;
    sl_transport *transport;
    sl_fleet_codec *codec;
    uint64_t session; /* this coordinator's random number */
    sl_slot *slots;   /* (n_slots) */
    int64_t clock_ns; /* when the message at work came in; reading the clock costs as much as a message's checks */
    int64_t away_ns;  /* how long the fleet has not listened, in all */
    int64_t now_ns;   /* clock_ns - away_ns */
    int64_t next_check_ns, tick_ns; /* tick_ns: start of the newest tick */

    // the episode so far, for replacements: the n_steps observations of each slot, and the tick of each; or the
    // newest
    int n_rows;     /* max_steps, or 1 */
    float *obs;     /* (n_slots, n_rows, O) */
    uint8_t *avail; /* (n_slots, n_rows, A) */
    int64_t *ticks; /* (n_slots, n_rows) */
    bool has_avail;
    int64_t n_ticks; /* of the episode */
    int64_t last_tick;
    bool in_tick; /* messages are read by a tick, not between flights */
    sl_fleet_stats stats;
    sl_link_counts counts; /* of the realtime clock, since they were cleared */
    sl_fleet_pace pace;
    uint64_t n_received;                 /* messages */
    sl_complaints complaints, strangers; /* of who holds a slot, and of who does not */
    uint64_t dropped_in;                 /* of the transport, as far as they are counted */
    const sl_allowed *sender;            /* of the message at work; NULL: without keys */
    uint64_t keys_version;               /* of the list that slots were last compared with */
    void (*waits)(void *context, const char *slots);
    void *waits_context;
    int64_t next_note_ns; /* on the transport's clock */
} sl_fleet;

/* Reads the clock. Who was away, stopped or busy with something else, cannot call others late or silent: that time is
 * not counted. */
void sl_fleet_look(sl_fleet *self);
int sl_fleet_index(const sl_fleet *self, const sl_slot *slot);
sl_fleet_message sl_fleet_to(const sl_fleet *self, const sl_slot *slot, sl_fleet_kind kind);
/* SL_OK also when the message was dropped for want of room; SL_NOT_FOUND: the peer's connection is gone. */
sl_status sl_fleet_send(sl_fleet *self, const sl_peer *peer, const sl_fleet_message *message);
/* Something was dropped or refused: one line for each peer and reason. key: the reason, the same each time; text: the
 * line's words. */
void sl_fleet_complain(sl_fleet *self, sl_log_level level, const sl_peer *peer, const char *key, const char *text);

/* hello has been given the slot. */
void sl_fleet_note_holder(const sl_fleet *self, sl_slot *slot, const sl_fleet_message *hello);
/* Begins a new window of round trips when the old one is full. */
void sl_fleet_turn_window(const sl_fleet *self, sl_slot *slot);

#endif
