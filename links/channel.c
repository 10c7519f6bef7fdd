/* channel.c - the fate of one message after the other: loss, copies, the line's rate, delay, order. See channel.h. */
#include "links/channel.h"

#include <math.h>

/* the bad state's share in the long run */
static double share_of_bad(const sl_loss *self) {
    return self->p_bad > 0.0 ? self->p_bad / (self->p_bad + self->p_good) : 0.0;
}

double sl_loss_rate(const sl_loss *self) {
    double bad = share_of_bad(self);
    return bad * self->lose_bad + (1.0 - bad) * self->lose_good;
}

// the rate of losses over the rate at which bursts begin: P(lost) / (P(lost) - P(lost, and the one before, too))
double sl_loss_mean_burst(const sl_loss *self) {
    double bad = share_of_bad(self), rate = sl_loss_rate(self);
    double after_bad = self->p_good * self->lose_good + (1.0 - self->p_good) * self->lose_bad;
    double after_good = self->p_bad * self->lose_bad + (1.0 - self->p_bad) * self->lose_good;
    double both = bad * self->lose_bad * after_bad + (1.0 - bad) * self->lose_good * after_good;
    return rate > 0.0 ? rate / (rate - both) : (double)NAN;
}

bool sl_channel_is_ideal(const sl_channel_def *def) {
    const sl_loss *loss = &def->loss;
    bool delays = def->delay.kind != SL_DELAY_FIXED || def->delay.a > 0.0;
    bool loses = loss->p_bad > 0.0 || loss->lose_good > 0.0;
    return !delays && !loses && def->duplicate == 0.0 && def->rate == 0.0 && def->n_outages == 0;
}

void sl_channel_begin(const sl_channel_def *def, const sl_rng *stream, sl_channel *out) {
    sl_channel self = {.rng = *stream};
    self.is_bad = sl_rng_uniform(&self.rng) < share_of_bad(&def->loss);
    double place = sl_rng_uniform(&self.rng);
    if (def->delay.kind == SL_DELAY_TRACE) self.next = (int64_t)(place * def->delay.n);
    *out = self;
}

static bool is_out(const sl_channel_def *def, double sent) {
    for (int k = 0; k < def->n_outages; k++)
        if (sent >= def->outages[k].begin && sent < def->outages[k].end) return true;
    return false;
}

// loss in one state or the other, then the step from it: two draws
static bool is_lost(const sl_loss *def, sl_channel *self) {
    bool lost = sl_rng_uniform(&self->rng) < (self->is_bad ? def->lose_bad : def->lose_good);
    double turn = sl_rng_uniform(&self->rng);
    self->is_bad = self->is_bad ? turn >= def->p_good : turn < def->p_bad;
    return lost;
}

// when the line takes it; it takes the next one 1 / rate later
static double leave(const sl_channel_def *def, sl_channel *self, double step_ms, double sent) {
    if (def->rate == 0.0) return sent;
    double a_step = def->delay.in_steps ? def->rate : def->rate * step_ms / 1000.0;
    double begin = sent > self->free_from ? sent : self->free_from;
    self->free_from = begin + 1.0 / a_step;
    return begin;
}

sl_fate sl_channel_send(const sl_channel_def *def, sl_channel *self, double step_ms, double sent) {
    bool lost = is_lost(&def->loss, self);
    bool twice = sl_rng_uniform(&self->rng) < def->duplicate;
    double delays[2] = {sl_delay_draw(&def->delay, &self->rng, &self->next)};
    // a copy's delay is that of the next message in a trace, which goes on by one a message all the same
    int64_t beside = self->next;
    if (def->duplicate > 0.0) delays[1] = sl_delay_draw(&def->delay, &self->rng, &beside);

    double begin = leave(def, self, step_ms, sent), unit = def->delay.in_steps ? 1.0 : step_ms;
    sl_fate fate = {.n = lost || is_out(def, sent) ? 0 : 1 + twice};
    for (int k = 0; k < fate.n; k++) {
        double at = begin + delays[k] / unit;
        if (!def->reorders && at < self->last) at = self->last;
        if (at > self->last) self->last = at;
        fate.at[k] = at;
    }
    return fate;
}
