/* pilots.h - the agents' processes of a simulated fleet. On the seed's thread. */
#ifndef SL_SIMULATE_PILOTS_H
#define SL_SIMULATE_PILOTS_H

#include "agent/session.h"
#include "simulate/world.h"

/* An agent's process, one after the other. */
typedef struct sl_pilot {
    sl_toy_policy policy;
    struct sl_world *world;
    sl_session *session; /* NULL: no process */
    sl_session_def def;
    int index, slot, life; /* slot: that it wants, -1 = any; life: counts its processes */
    uint32_t member;       /* its transport */
    uint64_t run_id;       /* of its newest HELLO */
    bool lost;             /* its host is gone: the connection stays */
    bool is_twin;
    int64_t restart_ns; /* a successor starts then; 0 = no */
    int64_t asleep_until, cut_until, think_ns;
    volatile sig_atomic_t stop;
} sl_pilot;

void sl_pilots_init(sl_world *self);
sl_status sl_pilot_start(sl_pilot *self);
void sl_pilot_crash(sl_pilot *self);
void sl_pilot_leave(sl_pilot *self);
sl_pilot *sl_pilots_new(sl_world *self, int slot); /* NULL: there are enough */
sl_pilot *sl_pilots_draw(sl_world *self);          /* one with a process on a host that is there; NULL = none */

#endif
