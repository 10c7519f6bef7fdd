/* pace.h - what the realtime clock remembers. Times are on the transport's clock. Plain data. */
#ifndef SL_FLEET_PACE_H
#define SL_FLEET_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* An observation: of which tick, and when that began. */
typedef struct sl_news {
    int64_t tick, made_ns;
} sl_news;

/* One that was sent, for when its answer comes. */
typedef struct sl_sent {
    uint64_t sequence;
    int64_t tick, made_ns, sent_ns;
} sl_sent;
enum { SL_PACE_SENT = 16 };

/* Of a slot. */
typedef struct sl_slot_pace {
    bool has_news;              /* there is an observation that was not sent */
    sl_news news, acts_on;      /* the newest observation, and that of the slot's action */
    sl_sent sent[SL_PACE_SENT]; /* by sequence */
    int32_t applied;            /* the last action that was, but for the fallback's */
    int64_t applied_tick;       /* of its observation; -1: there was none in this episode */
    int run;                    /* ticks in a row without a newer action */
} sl_slot_pace;

/* The timer: the end of tick k is due at origin_ns + k * period_ns. */
typedef struct sl_fleet_pace {
    int64_t origin_ns, due_ns, woke_ns; /* due, woke: of the last tick */
} sl_fleet_pace;

#endif
