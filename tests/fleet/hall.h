/* hall.h - what the tests of the fleet over the simulated network share: a hall with a fleet and its agents,
 * who are played from within the fleet's receive. Included after cmocka.h. */
#ifndef SL_FLEET_HALL_H
#define SL_FLEET_HALL_H

#include "agent/session.h"
#include "common/alloc.h"
#include "fleet/fleet.h"
#include "fleet/world.h"
#include "net/fleet_message.h"
#include "net/transport.h"
#include "net/transport_sim.h"

enum { MS = 1000000, EPISODES = 4, N_ACTIONS = EPISODES * WORLD_T * WORLD_N, MAX_AGENTS = 8 };

typedef struct hall hall;

/* an agent, played from within the fleet's receive */
typedef struct agent {
    toy_policy policy; /* first: the context of toy_decide */
    hall *hall;
    sl_session *session;
    bool mute;            /* stopped: takes nothing, says nothing */
    int64_t sleeps_until; /* the same, until then */
    int64_t think_ns;     /* how long each decision keeps it busy */
    sl_status status;     /* of its end */
    size_t loaded_bytes;
} agent;

struct hall {
    sl_sim *sim;
    sl_fleet_def def;
    sl_fleet_slot_def slots[WORLD_N];
    sl_fleet *fleet;
    agent agents[MAX_AGENTS];
    int n_agents;
    int kill_tick, kill_slot, revive_after; /* before that tick; a successor is made when revive_after ticks passed */
    int32_t actions[N_ACTIONS];
    sl_act acts[N_ACTIONS];
};

static const sl_sim_def ideal = SL_SIM_DEF(1, 0.1, 0.1, 0, 0);

static inline void open_hall(hall *self, const sl_sim_def *net) {
    assert_int_equal(sl_sim_create(net, &self->sim), SL_OK);
    sl_sim_install(self->sim);
    for (int i = 0; i < WORLD_N; i++)
        self->slots[i] = (sl_fleet_slot_def){.obs_dim = TOY_O, .n_actions = TOY_A, .hidden = 16};
    self->def = sl_fleet_default_def(sl_link_fleet_def("sim://fleet"), WORLD_N, self->slots, TOY_O, TOY_A, WORLD_T);
    self->kill_tick = -1;
}

static inline void make_fleet(hall *self) {
    assert_int_equal(sl_fleet_create(&self->def, &self->fleet), SL_OK);
}

static inline void close_hall(hall *self) {
    for (int i = 0; i < self->n_agents; i++) sl_session_destroy(&self->agents[i].session);
    sl_fleet_destroy(&self->fleet);
    sl_sim_destroy(&self->sim);
    sl_free(self);
}

/* the agent's turn: it takes what came, until nothing is left or it has to think */
static inline void play(void *context) {
    agent *self = context;
    sl_status status = SL_OK;
    while (status == SL_OK && sl_session_get_state(self->session) != SL_SESSION_OVER) {
        int64_t now = sl_sim_now_ns(self->hall->sim);
        if (self->mute || self->status != SL_OK || now < self->sleeps_until) return;
        uint64_t decided = sl_session_get_stats(self->session).decided;
        status = sl_session_step(self->session, 0);
        if (sl_session_get_stats(self->session).decided > decided) self->sleeps_until = now + self->think_ns;
    }
    if (status != SL_OK && status != SL_TIMEOUT) self->status = status;
}

static inline sl_session_def agent_def(int slot) {
    sl_session_def def = sl_session_default_def(sl_link_fleet_def("sim://fleet"));
    def.slot = slot, def.hidden = 16, def.obs_dim = TOY_O, def.n_actions = TOY_A;
    memset(def.model_sha256, 'b', 64);
    def.decide = toy_decide;
    return def;
}

/* sl_session hides its transport, so the newest member of the simulation is the one to attach */
static inline agent *add_agent(hall *self, sl_session_def def) {
    assert_true(self->n_agents < MAX_AGENTS);
    agent *new = &self->agents[self->n_agents++];
    new->hall = self;
    def.context = new;
    assert_int_equal(sl_session_create(&def, &new->session), SL_OK);
    sl_sim_attach(self->sim, 5 * MS, play, new);
    return new;
}

static inline void add_team(hall *self) {
    for (int i = 0; i < WORLD_N; i++) (void)add_agent(self, agent_def(i));
}

/* kill -9: no goodbye, what it had not read is gone */
static inline void kill_agent(hall *self, int i) {
    sl_session_destroy(&self->agents[i].session);
    self->agents[i].status = SL_INTERRUPTED;
}

#endif
