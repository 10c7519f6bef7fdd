/* rounds.h - fleets of agent processes and the bare ZeroMQ barrier, measured turn by turn: in every round each of
 * them runs once, every fleet over the same episodes, so that what else the machine does meets all of them alike and
 * one round's numbers may be compared with each other. A round starts its programs anew: no fleet keeps a lucky place
 * on the cores. main thread only. */
#ifndef SL_STARLING_COMMANDS_ROUNDS_H
#define SL_STARLING_COMMANDS_ROUNDS_H

#include "starling/run/options.h"
#include "starling/run/run.h"

enum { SL_ROUNDS_MAX = 99, SL_ROUNDS_FLEETS = 2, SL_ROUNDS_BARRIER = SL_ROUNDS_FLEETS, SL_ROUNDS_COUNTS = 16 };

/* What a round measures of a fleet; of the barrier only steps a second and round trips. */
typedef enum sl_pace {
    SL_PACE_MS_P50, /* milliseconds of an environment step with its exchange */
    SL_PACE_MS_P99,
    SL_PACE_STEPS,    /* a second */
    SL_PACE_TRIP_P50, /* microseconds from an observation's departure to its action's arrival */
    SL_PACE_TRIP_P99,
    SL_PACE_AGENT_P50, /* the agent's part of that, by its own clock */
    SL_PACE_AGENT_P99,
    SL_PACES
} sl_pace;

typedef struct sl_rounds {
    /* given by the caller */
    int n_fleets, n_rounds;
    const sl_run *fleets[SL_ROUNDS_FLEETS]; /* of one environment, with their students loaded; borrowed */
    const char *keys[SL_ROUNDS_FLEETS];     /* a folder of keys for a fleet's links; NULL = none; borrowed */
    double seconds;                         /* to measure, in all */
    /* what sl_rounds_run finds */
    int n_episodes; /* that every fleet flies in every round */
    int64_t n_steps[SL_ROUNDS_FLEETS][SL_ROUNDS_MAX];
    double returns[SL_ROUNDS_FLEETS][SL_ROUNDS_MAX];             /* mean of the episodes: the same in every round */
    double paces[SL_ROUNDS_FLEETS + 1][SL_PACES][SL_ROUNDS_MAX]; /* the barrier's are the last */
    size_t obs_bytes, action_bytes;                              /* of the barrier's messages */
} sl_rounds;

/* args: for their log options. SL_NETWORK, SL_INTERRUPTED, SL_MEMORY, or what ended a program. */
SL_MUST_CHECK sl_status sl_rounds_run(sl_rounds *self, const sl_args *args);
double sl_rounds_median(const sl_rounds *self, int fleet, sl_pace pace);
double sl_rounds_mean(const sl_rounds *self, int fleet, sl_pace pace);
/* pace of fleet a over that of fleet b, round by round: median, smallest and largest. */
void sl_rounds_ratio(const sl_rounds *self, sl_pace pace, int a, int b, double out[3]);

#endif
