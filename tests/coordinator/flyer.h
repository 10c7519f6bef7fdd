/* flyer.h - an agent for the tests of flights: a student that decides by nn/, on a thread of its own, over tcp; it
 * may die without a word in the middle of a flight, and be followed by another. */
#ifndef SL_TESTS_COORDINATOR_FLYER_H
#define SL_TESTS_COORDINATOR_FLYER_H

#include "agent/session.h"
#include "common/clock.h"
#include "setup/setup.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct flyer {
    pthread_t thread;
    sl_session_def def;
    sl_session *session;
    const sl_net_def *net;
    const float *params;
    char endpoint[128];
    float h[64], scratch[8 * 64];
    uint64_t dies_after; /* so many decisions; 0: not */
    sl_status status;
} flyer;

static inline int32_t flyer_decide(void *context, const float *obs, const uint8_t *avail, bool episode_start) {
    flyer *self = context;
    float logits[16];
    if (episode_start) memset(self->h, 0, sizeof self->h);
    sl_net_decide(self->net, self->params, 1, obs, self->h, logits, self->scratch);
    int32_t best = -1;
    for (int a = 0; a < self->net->out_dim; a++)
        if ((!avail || avail[a]) && (best < 0 || logits[a] > logits[best])) best = a;
    return best;
}

// no goodbye; its successor knows nothing
static inline sl_status flyer_die(flyer *self) {
    sl_session_destroy(&self->session);
    for (int i = 0; i < 64; i++) self->h[i] = (float)NAN;
    self->dies_after = 0;
    return sl_session_create(&self->def, &self->session);
}

static inline void *flyer_run(void *argument) {
    flyer *self = argument;
    double deadline = sl_clock_seconds() + 60;
    self->status = SL_TIMEOUT;
    while ((self->status == SL_OK || self->status == SL_TIMEOUT) && sl_clock_seconds() < deadline) {
        self->status = sl_session_step(self->session, 1000);
        if (sl_session_get_state(self->session) == SL_SESSION_OVER) break;
        bool dies = self->dies_after > 0 && sl_session_get_stats(self->session).decided >= self->dies_after;
        if (dies) self->status = flyer_die(self);
    }
    return NULL;
}

static inline void flyer_start(flyer *self, const char *endpoint, const sl_setup *setup, int slot, const float *own) {
    (void)snprintf(self->endpoint, sizeof self->endpoint, "%s", endpoint);
    self->net = &setup->students[slot];
    self->params = own;
    self->def = sl_session_default_def(sl_link_fleet_def(self->endpoint));
    self->def.slot = slot;
    self->def.hidden = self->net->hidden;
    self->def.obs_dim = self->net->in_dim;
    self->def.n_actions = self->net->out_dim;
    memset(self->def.model_sha256, 'b', 64);
    self->def.context = self;
    self->def.decide = flyer_decide;
    assert_int_equal(sl_session_create(&self->def, &self->session), SL_OK);
    assert_int_equal(pthread_create(&self->thread, NULL, flyer_run, self), 0);
}

// the flight is over
static inline void flyer_join(flyer *self) {
    assert_int_equal(pthread_join(self->thread, NULL), 0);
    assert_int_equal(sl_session_get_state(self->session), SL_SESSION_OVER);
    sl_session_destroy(&self->session);
}

#endif
