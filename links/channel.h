/* channel.h - the fate of the messages of one direction of one link: how late each comes, whether it comes at all,
 * and how often. A definition is plain data, a channel is its state: a random stream of its own, what it remembers of
 * earlier messages. Time is counted in steps, and the network's fates do not depend on what else is drawn: every
 * message takes the same draws whatever becomes of it. Nothing is allocated per message; one thread owns a channel.
 * Sources: the Gilbert-Elliott model (Elliott 1963), delay models as tc-netem(8) names them. */
#ifndef SL_LINKS_CHANNEL_H
#define SL_LINKS_CHANNEL_H

#include "common/rng.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sl_delay_kind {
    SL_DELAY_FIXED,     /* a */
    SL_DELAY_UNIFORM,   /* [a, b) */
    SL_DELAY_NORMAL,    /* mean a, standard deviation b; what would be negative is 0 */
    SL_DELAY_LOGNORMAL, /* median a, 99th percentile b */
    SL_DELAY_PARETO,    /* least a, shape b */
    SL_DELAY_HISTOGRAM, /* values[k] with probability weights[k] / their sum */
    SL_DELAY_TRACE      /* values in order, from a place drawn at the start, round and round */
} sl_delay_kind;

typedef struct sl_delay {
    sl_delay_kind kind;
    bool in_steps; /* else in milliseconds */
    double a, b;
    int n;           /* HISTOGRAM, TRACE: how many values */
    double *values;  /* (n), owned by the definition */
    double *weights; /* (n), HISTOGRAM: cumulated, the last is 1; TRACE: the values, rising, for percentiles */
} sl_delay;

/* Independent loss is p_bad = p_good = 0 and lose_good = p. */
typedef struct sl_loss {
    double p_bad, p_good;       /* a message: from the good state to the bad one, and back */
    double lose_good, lose_bad; /* probability of loss in each */
} sl_loss;

typedef struct sl_outage {
    int begin, end; /* steps of the episode, [begin, end): what is sent meanwhile is lost */
} sl_outage;

enum { SL_LINKS_MAX_OUTAGES = 16, SL_LINKS_MAX_VALUES = 1000000 };

typedef struct sl_channel_def {
    sl_delay delay;
    sl_loss loss;
    double duplicate; /* probability that a message comes twice, each copy with a delay of its own */
    bool reorders;    /* else FIFO: no message overtakes an earlier one */
    double rate;      /* messages a second (delay in ms) or a step (in steps) that the line takes; 0 = any number */
    int n_outages;
    sl_outage outages[SL_LINKS_MAX_OUTAGES];
} sl_channel_def;

typedef struct sl_channel {
    sl_rng rng;
    bool is_bad;
    double last;      /* FIFO: when the latest message arrives */
    double free_from; /* rate: when the line is free again */
    int64_t next;     /* TRACE: the place in it */
} sl_channel;

/* What becomes of one message: n copies (0 = lost, at most 2) and when each arrives. */
typedef struct sl_fate {
    int n;
    double at[2]; /* steps since the episode's start, >= when it was sent */
} sl_fate;

/* A new episode: the stream, the loss state by its long-run share, a trace's place. */
void sl_channel_begin(const sl_channel_def *def, const sl_rng *stream, sl_channel *out);
/* A message sent at time sent (steps since the episode's start). step_ms: the length of a step. */
sl_fate sl_channel_send(const sl_channel_def *def, sl_channel *self, double step_ms, double sent);
/* One delay alone, in its own unit, as `starling links sample` and net/transport_sim draw it. */
double sl_delay_draw(const sl_delay *self, sl_rng *rng, int64_t *next);
/* Closed forms, in its own unit; NaN where there is none (pareto with shape <= 1). p in (0, 1). */
double sl_delay_mean(const sl_delay *self);
double sl_delay_percentile(const sl_delay *self, double p);
double sl_delay_most(const sl_delay *self);          /* no draw is longer; INFINITY = there is no bound */
double sl_loss_rate(const sl_loss *self);            /* in the long run */
double sl_loss_mean_burst(const sl_loss *self);      /* messages lost in a row; NaN: none is; INFINITY: all are */
bool sl_channel_is_ideal(const sl_channel_def *def); /* no message is late, lost or doubled */

#endif
