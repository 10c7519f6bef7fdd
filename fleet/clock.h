/* clock.h - what a clock of the fleet decides: which observation an agent needs next, what an answer counts for, when
 * a tick is over. A clock is a table of functions, in a file of its own (clock_lockstep.c and others), and a line in
 * clocks.c. Who holds a slot, and whether it is alive, is no matter of the clock (slots.c). For the fleet's files,
 * not for others. */
#ifndef SL_FLEET_CLOCK_H
#define SL_FLEET_CLOCK_H

#include "fleet/state.h"

/* What a tick is called with: obs (n_slots, O); avail (n_slots, A), NULL = all legal; the slots that are concerned
 * are those that are active. */
typedef struct sl_fleet_ask {
    const float *obs;
    const uint8_t *avail;
} sl_fleet_ask;

struct sl_fleet_clock {
    const char *name;    /* the mode of WELCOME */
    bool keeps_episodes; /* the fleet has room for the observations of an episode; else for the newest ones */
    bool is_timed;       /* it needs period_ns */
    /* A new episode: what the last one left open needs no answer any more. */
    void (*begin)(sl_fleet *self);
    /* The slot's agent is LIVE, or has answered: sends it the observation that it needs next, if one is due. */
    void (*feed)(sl_fleet *self, sl_slot *slot);
    /* The slot's agent is LIVE and has left its observation unanswered for resend_ms. */
    void (*repeat)(sl_fleet *self, sl_slot *slot);
    /* An ACTION of the slot's agent. Why it can be no answer to anything; NULL: it was taken, or is late or a copy.
     */
    const char *(*answer)(sl_fleet *self, sl_slot *slot, const sl_fleet_message *action);
    /* Whether the tick at work waits for the slot. */
    bool (*awaits)(const sl_fleet *self, const sl_slot *slot);
    /* The exchange: writes actions, and acts if wanted, as sl_fleet_tick says. */
    sl_status (*tick)(sl_fleet *self, const sl_fleet_ask *ask, int32_t *actions, sl_act *acts);
};

extern const sl_fleet_clock sl_fleet_lockstep, sl_fleet_virtual, sl_fleet_realtime;

#endif
