/* seed.c - the making of a seed's world: the network, the fleet's definition, the agents, the expert log. */
#include "simulate/seed.h"

#include "common/alloc.h"
#include "simulate/coordinator.h"
#include "simulate/director.h"
#include "simulate/liars.h"
#include "simulate/pilots.h"
#include "simulate/watch.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static sl_status take_memory(sl_world *self) {
    size_t n = (size_t)self->N;
    self->slots = sl_alloc_array(n, sizeof *self->slots);
    self->pilots = sl_alloc_array(n + SL_WORLD_MORE, sizeof *self->pilots);
    self->holders = sl_alloc_array(n, sizeof *self->holders);
    self->said = sl_alloc_array(n, sizeof *self->said);
    self->obs = sl_alloc_array(n * SL_TOY_O, sizeof *self->obs);
    self->avail = sl_alloc_array(n * SL_TOY_A, sizeof *self->avail);
    self->active = sl_alloc_array(n, sizeof *self->active);
    self->applied = sl_alloc_array(n, sizeof *self->applied);
    self->has_begun = sl_alloc_array(n, sizeof *self->has_begun);
    self->actions = sl_alloc_array(n, sizeof *self->actions);
    self->expected = sl_alloc_array(n, sizeof *self->expected);
    self->acts = sl_alloc_array(n, sizeof *self->acts);
    self->last_acts = sl_alloc_array(n, sizeof *self->last_acts);
    self->oracles = sl_alloc_array(n, sizeof *self->oracles);
    bool all = self->slots && self->said && self->applied && self->pilots && self->holders && self->obs &&
               self->avail && self->active && self->has_begun && self->actions && self->expected && self->acts &&
               self->last_acts && self->oracles;
    return all ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a simulated fleet of %d agents", self->N);
}

/* called by the fleet while it listens: this is where a coordinator is stopped */
static void pulse(void *context) {
    sl_world *self = context;
    int64_t from_ns = sl_world_now(self);
    if (from_ns >= self->asleep_until) return;
    sl_world_tell(self, "the coordinator is stopped for %lld ms",
                  (long long)(self->asleep_until - from_ns) / SL_WORLD_MS);
    // it may be killed meanwhile
    while (sl_world_now(self) < self->asleep_until && !self->crash) {
        int64_t next_ns = sl_world_now(self) + (int64_t)10 * SL_WORLD_MS;
        sl_fleet_sleep(self->fleet, next_ns < self->asleep_until ? next_ns : self->asleep_until);
    }
    int64_t gone_ns = sl_world_now(self) - from_ns;
    if (gone_ns > (int64_t)50 * SL_WORLD_MS) self->away_ns += gone_ns;
    self->asleep_until = 0;
    sl_world_tell(self, "the coordinator goes on");
}

static void draw_fleet(sl_world *self, bool has_model) {
    for (int i = 0; i < SL_WORLD_MODEL; i++) self->model[i] = (uint8_t)(i * 13 + i / 50);
    for (int i = 0; i < self->N; i++) {
        self->slots[i] = (sl_fleet_slot_def){.obs_dim = SL_TOY_O, .n_actions = SL_TOY_A, .hidden = 16};
        if (has_model) self->slots[i].model = self->model, self->slots[i].model_bytes = SL_WORLD_MODEL;
    }
    sl_fleet_def *def = &self->fleet_def;
    const sl_fleet_clock *clock = def->clock;
    *def = sl_fleet_default_def(sl_link_fleet_def(SL_WORLD_ENDPOINT), self->N, self->slots, SL_TOY_O, SL_TOY_A,
                                SL_WORLD_STEPS);
    if (self->def->faults->seconds > 0) {
        def->heartbeat_ms = (int)sl_world_spread(self, 100, 800);
        def->lease_ms = (int)sl_world_spread(self, 1500, 10000);
        def->deadline_ms = (int)sl_world_spread(self, 500, 5000);
        def->patience_ms = (int)sl_world_spread(self, 500, 15000);
        def->resend_ms = (int)sl_world_spread(self, 10, 100);
    }
    def->clock = clock;
    def->period_ns = self->step_ns > (int64_t)10 * SL_WORLD_MS ? self->step_ns : (int64_t)10 * SL_WORLD_MS;
    def->fallback = SL_FALLBACK_NOOP;
    if (self->has_keys) def->link.keys = &self->def->keys->server;
    def->stop = &self->stop;
    def->pulse = pulse;
    def->pulse_context = self;
}

static sl_status make_network(sl_world *self) {
    self->net = (sl_sim_def){.seed = self->seed};
    SL_TRY(sl_sim_create(&self->net, &self->sim));
    sl_sim_install(self->sim);
    return sl_fleet_codec_create(&self->codec);
}

static sl_status make(sl_world *self) {
    self->rng = sl_rng_seed(self->seed);
    self->rng = sl_rng_split_name(&self->rng, "faults");
    int drawn = 2 + (int)sl_rng_below(&self->rng, 5);
    self->N = self->def->n_agents ? self->def->n_agents : drawn;
    self->result->n_agents = self->N;
    double keys = sl_rng_uniform(&self->rng), model = sl_rng_uniform(&self->rng);
    self->has_keys = self->def->keys && self->N <= SL_SIM_KEYS && keys < self->def->faults->keys;
    for (int i = 0; i < SL_WORLD_IDS; i++) self->who[i] = self->keys[i] = -1;
    SL_TRY(take_memory(self));
    self->T = 4 + (int)sl_rng_below(&self->rng, SL_WORLD_STEPS - 3);
    // every third seed is as with a virtual clock, where a message may be lost for good
    double idle = sl_rng_between(&self->rng, -1, 0.5);
    const char *clock = self->def->clock ? self->def->clock : idle > 0 ? SL_FLEET_VIRTUAL : SL_FLEET_LOCKSTEP;
    bool is_virtual = strcmp(clock, SL_FLEET_VIRTUAL) == 0;
    self->is_realtime = strcmp(clock, SL_FLEET_REALTIME) == 0;
    self->fleet_def.clock = sl_fleet_find_clock(clock);
    self->idle = self->def->faults->seconds > 0 && is_virtual ? fabs(idle) / 2 : 0;
    self->step_ns = (int64_t)(sl_world_spread(self, 2, 40) * SL_WORLD_MS);
    draw_fleet(self, model < 0.5);
    // the clock begins with the network: what is planned is planned from 0
    self->faults = *self->def->faults;
    SL_TRY(make_network(self));
    sl_pilots_init(self);
    sl_director_draw(self);
    self->net.to_server = self->net.to_clients = sl_director_channel(self);
    sl_sim_change(self->sim, &self->net);
    sl_watch_begin(self);
    int n = snprintf(self->log_path, sizeof self->log_path, "%s/expert.log", self->def->folder);
    if (n < 0 || n >= (int)sizeof self->log_path)
        return sl_fail(SL_USAGE, "a shorter TMPDIR", "the path of '%.60s...' is too long", self->def->folder);
    return SL_OK;
}

static void destroy(sl_world *self) {
    for (int i = 0; self->pilots && i < self->n_pilots; i++) sl_session_destroy(&self->pilots[i].session);
    sl_liars_close(self);
    sl_fleet_destroy(&self->fleet);
    sl_sim_destroy(&self->sim);
    sl_fleet_codec_destroy(&self->codec);
    sl_framed_close(&self->log);
    if (self->log_path[0]) (void)unlink(self->log_path);
    sl_free(self->slots);
    sl_free(self->said);
    sl_free(self->pilots);
    sl_free(self->holders);
    sl_free(self->obs);
    sl_free(self->avail);
    sl_free(self->active);
    sl_free(self->has_begun);
    sl_free(self->applied);
    sl_free(self->actions);
    sl_free(self->expected);
    sl_free(self->acts);
    sl_free(self->last_acts);
    sl_free(self->oracles);
    sl_free(self);
}

bool sl_simulate_knows_clock(const char *name) {
    return sl_fleet_find_clock(name) != NULL;
}

sl_status sl_simulate_seed(const sl_simulation *def, uint64_t seed, sl_simulated *out) {
    sl_world *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a simulated fleet");
    sl_simulated made = {.broken = false};
    self->def = def, self->result = &made, self->seed = seed;
    sl_status status = make(self);
    if (status == SL_OK) status = sl_world_run(self);
    destroy(self);
    if (status == SL_OK) *out = made;
    return status;
}
