/* setup.c - from an experiment to sizes and networks. */
#include "setup/setup.h"

#include "common/alloc.h"
#include "net/link.h"
#include "nn/layout.h"

#include <stdio.h>
#include <string.h>

static sl_net_def net_of(const sl_exp_net *net, int in_dim, int out_dim) {
    return (sl_net_def){.in_dim = in_dim,
                        .hidden = net->hidden,
                        .out_dim = out_dim,
                        .n_layers = net->layers,
                        .cell = net->cell,
                        .activation = net->activation,
                        .layer_norm = net->layer_norm};
}

const sl_exp_student *sl_setup_student(const sl_setup *self, int agent) {
    const sl_experiment *e = self->experiment;
    return &e->students[e->students_count == 1 ? 0 : agent];
}

static sl_status no_memory(void) {
    return sl_fail(SL_MEMORY, NULL, "no memory for an experiment's setup");
}

static void set_mask(sl_setup *self) {
    const sl_experiment *e = self->experiment;
    sl_mask_def *mask = &self->mask;
    mask->kind = e->mask.kind;
    mask->k_min = e->mask.k_min;
    mask->k_max = e->mask.k_max;
    mask->n_agents = self->N;
    mask->sight = e->mask.sight == SL_EXP_SIGHT_LIMITED && self->spec.sees_all;
    mask->hides_movement = e->mask.movement == SL_EXP_HIDDEN;
    mask->hides_avail = self->hides_avail;
    if (mask->kind != SL_MASK_BLOCKS) return;
    sl_mask_blocks *blocks = sl_array_pool_take(&self->arrays, self->N, sizeof *blocks);
    mask->blocks = blocks;
    for (int i = 0; blocks && i < self->N; i++) {
        const sl_exp_student *student = sl_setup_student(self, i);
        for (unsigned b = 0; b < student->blocks_count && b < SL_MAX_BLOCKS; b++)
            (void)snprintf(blocks[i].names[b], SL_NAME_SIZE, "%s", student->blocks[b]);
    }
}

static void set_nets(sl_setup *self) {
    const sl_experiment *e = self->experiment;
    self->teacher_agent_id = e->teacher.agent_id;
    self->teacher = net_of(&e->teacher.actor, self->O + (e->teacher.agent_id ? self->N : 0), self->A);
    int critic_in = self->S + (self->critic_own ? self->O : 0) + (self->critic_rows ? self->N : 0);
    self->critic = net_of(&e->teacher.critic, critic_in, 1);
    self->students = sl_array_pool_take(&self->arrays, self->N, sizeof *self->students);
    for (int i = 0; self->students && i < self->N; i++) {
        const sl_agent_spec *agent = &self->spec.agents[i];
        int in = agent->obs_dim + (self->ages ? sl_setup_n_told(self, i) : 0);
        self->students[i] = net_of(&sl_setup_student(self, i)->net, in, agent->n_actions);
        if (in > self->P) self->P = in;
    }
}

static void set_sizes(sl_setup *self) {
    const sl_experiment *e = self->experiment;
    self->N = self->spec.n_agents;
    self->O = self->spec.obs_dim;
    self->ages = e->mask.age;
    self->P = self->ages ? 0 : self->O; // with ages, the longest of the students' inputs
    self->A = self->spec.n_actions;
    self->S = self->spec.state_dim;
    self->M = e->teacher.ppo.reward == SL_EXP_OWN ? self->N : 1;
    self->direct = e->method == SL_EXP_DIRECT;
    self->critic_own = e->teacher.critic_input == SL_EXP_CRITIC_AGENT;
    // the state alone tells one agent's row all that an index could
    self->critic_rows = self->critic_own || self->M > 1;
    self->hides_avail = e->mask.avail_actions == SL_EXP_HIDDEN && self->spec.masks_actions;
    self->uses_avail = sl_setup_uses_avail(&self->spec);
}

static sl_status check_words(const sl_setup *self) {
    unsigned count = self->experiment->students_count;
    if (self->spec.continuous)
        return sl_fail(SL_CONFIG, "set env.continuous to false",
                       "key 'env.continuous': policies of %s are categorical", self->spec.name);
    if (count != 1 && count != (unsigned)self->N)
        return sl_fail(SL_CONFIG, "give one entry for all agents, or one per agent",
                       "key 'students': has %u entries, %s has %d agents", count, self->spec.name, self->N);
    return SL_OK;
}

static sl_status check_parts(sl_setup *self) {
    SL_TRY(sl_net_def_check(&self->teacher));
    if (self->critic.in_dim > SL_NET_MAX_IN)
        return sl_fail(SL_CONFIG, "fewer agents: env.n_agents, where it can be chosen",
                       "key 'teacher.critic': it would read %d numbers of %s and its %d agents, %d at most",
                       self->critic.in_dim, self->spec.name, self->N, SL_NET_MAX_IN);
    SL_TRY(sl_net_def_check(&self->critic));
    for (int i = 0; i < self->N; i++) SL_TRY(sl_net_def_check(&self->students[i]));
    // a mask of one copy checks the block names and tells whether it hides something
    sl_mask *mask = NULL;
    SL_TRY(sl_setup_masks(self, 1, &mask));
    self->masked = !sl_mask_is_identity(mask) || self->hides_avail || self->ages || !sl_links_is_none(self->links);
    sl_mask_destroy(&mask);
    return SL_OK;
}

static sl_status set_links(sl_setup *self) {
    SL_TRY(sl_setup_make_links(self, &self->experiment->links, &self->links));
    if (self->links->execution != SL_EXECUTION_REMOTE || sl_links_is_none(self->links)) return SL_OK;
    return sl_fail(SL_CONFIG, "train onboard; --links with --execution remote is for 'starling eval' and fly",
                   "key 'links.execution': nothing is trained with 'remote'");
}

static sl_status check_frame(const char *keys, int64_t numbers) {
    int64_t n_bytes = numbers * (int64_t)sizeof(float), most = SL_LINK_LEARN_FRAME;
    if (n_bytes <= most) return SL_OK;
    return sl_fail(SL_CONFIG, "fewer of them at a time, or narrower networks",
                   "%s: a batch of so many has a part of %lld MiB; %lld can be sent", keys,
                   (long long)(n_bytes >> 20), (long long)(most >> 20));
}

// what would only show when a batch cannot be sent, for those of the distillation after the teacher was trained
static sl_status check_batches(const sl_setup *self) {
    const sl_exp_ppo *ppo = &self->experiment->teacher.ppo;
    int64_t rows = (int64_t)ppo->n_envs * ppo->rollout_steps * self->N;
    int64_t visits = (int64_t)self->experiment->distill.episodes * self->spec.max_steps * self->N;
    bool recurrent = self->teacher.cell != SL_CELL_NONE;
    int64_t seen = self->P > self->O ? self->P : self->O, width = seen > self->A ? seen : self->A,
            hidden = self->teacher.hidden;
    int64_t states = recurrent ? (rows + ppo->chunk - 1) / ppo->chunk * hidden : 0;
    const char *from = self->experiment->teacher.from;
    if (!from || !from[0])
        SL_TRY(check_frame("keys 'teacher.ppo.n_envs' and 'rollout_steps'",
                           rows * width > states ? rows * width : states));
    return self->direct ? SL_OK : check_frame("key 'distill.episodes'", visits * (width > hidden ? width : hidden));
}

// one copy tells the sizes
static sl_status take_spec(sl_setup *self) {
    sl_env *probe = NULL;
    SL_TRY(sl_setup_env(self, 1, &self->root, &probe));
    self->spec = *sl_env_get_spec(probe);
    double hz = self->experiment->fleet.hz;
    self->step_ms = 1000 * (hz > 0 ? 1 / hz : sl_env_get_camera(probe)->step_seconds);
    size_t n = (size_t)self->spec.n_agents;
    sl_agent_spec *agents = sl_array_pool_take(&self->arrays, (int64_t)n, sizeof *agents);
    if (agents) memcpy(agents, self->spec.agents, n * sizeof *agents);
    self->spec.agents = agents;
    sl_env_destroy(&probe);
    return agents ? SL_OK : no_memory();
}

static sl_status fill(sl_setup *self) {
    const sl_exp_env *env = &self->experiment->env;
    self->options = env->options;
    SL_TRY(sl_opponent_network_create("key 'env.opponent'", sl_env_get(&env->options, "opponent").text, env->name,
                                      &self->options, &self->opponent));
    self->root = sl_rng_seed(self->experiment->seed);
    SL_TRY(take_spec(self));
    set_sizes(self);
    SL_TRY(check_words(self));
    set_mask(self);
    set_nets(self);
    if (self->arrays.failed) return no_memory();
    SL_TRY(set_links(self));
    SL_TRY(check_parts(self));
    return check_batches(self);
}

sl_status sl_setup_create(const sl_experiment *experiment, sl_setup **out) {
    sl_setup *self = sl_alloc(sizeof *self);
    if (!self) return no_memory();
    self->experiment = experiment;
    sl_status status = fill(self);
    if (status != SL_OK)
        sl_setup_destroy(&self);
    else
        *out = self;
    return status;
}

void sl_setup_destroy(sl_setup **self) {
    if (*self) {
        sl_opponent_network_destroy(&(*self)->opponent);
        sl_links_destroy(&(*self)->links);
        sl_array_pool_fini(&(*self)->arrays);
    }
    sl_free(*self);
    *self = NULL;
}

sl_status sl_setup_env(const sl_setup *self, int V, const sl_rng *stream, sl_env **out) {
    return sl_env_create(self->experiment->env.name, &self->options, V, stream, out);
}

sl_status sl_setup_masks(const sl_setup *self, int V, sl_mask **out) {
    return sl_mask_create(&self->mask, &self->spec, V, out);
}

bool sl_setup_uses_avail(const sl_env_spec *spec) {
    for (int n = 0; n < spec->n_agents; n++)
        if (spec->agents[n].n_actions < spec->n_actions) return true;
    return spec->masks_actions;
}

void sl_setup_fill_avail(const sl_env_spec *spec, int64_t rows, uint8_t *avail) {
    for (int64_t row = 0; row < rows; row++)
        for (int n = 0; n < spec->n_agents; n++)
            for (int a = 0; a < spec->n_actions; a++) *avail++ = a < spec->agents[n].n_actions;
}

void sl_setup_reward(const sl_setup *self, const double *reward, float *out) {
    sl_exp_reward kind = self->experiment->teacher.ppo.reward;
    if (kind == SL_EXP_OWN) {
        for (int n = 0; n < self->N; n++) out[n] = (float)reward[n];
        return;
    }
    double sum = 0;
    for (int n = 0; n < self->N; n++) sum += reward[n];
    out[0] = (float)(kind == SL_EXP_MEAN ? sum / self->N : sum);
}

sl_status sl_setup_check_precision(const sl_setup *self) {
    if (self->experiment->teacher.precision == SL_EXP_F32) return SL_OK;
    sl_status status = sl_net_check_bf16();
    if (status == SL_OK) return SL_OK;
    return sl_fail(status, sl_error_hint(), "key 'teacher.precision': %s", sl_error_what());
}
