/* build.c - see build.h. */
#include "envs/mpe/build.h"

#include "common/assert.h"
#include "envs/options.h"

#include <stdio.h>
#include <string.h>

enum { MAX_STEPS = 25 };

static void copy_name(char *name, const char *text) {
    (void)snprintf(name, SL_NAME_SIZE, "%s", text);
}

void sl_mpe_set_agent(sl_mpe *m, int i, const char *role, double radius, bool collide) {
    SL_ASSERT(i >= 0 && i < m->N);
    sl_agent_spec *agents = m->base.spec.agents;
    int n_before = 0;
    for (int j = 0; j < i; j++) n_before += strcmp(agents[j].role, role) == 0;
    m->entities[i] =
        (sl_mpe_entity){.radius = radius, .gain = 5.0, .movable = true, .collide = collide, .rgba = 0x5959d9ffu};
    copy_name(agents[i].role, role);
    (void)snprintf(agents[i].name, SL_NAME_SIZE, "%.20s_%d", role, n_before);
    copy_name(m->entities[i].name, agents[i].name);
}

void sl_mpe_set_chaser(sl_mpe *m, int i, const char *role, double radius, bool adversary, uint32_t rgba) {
    sl_mpe_set_agent(m, i, role, radius, true);
    sl_mpe_entity *agent = &m->entities[i];
    agent->adversary = adversary;
    agent->gain = adversary ? 3.0 : 4.0;
    agent->max_speed = adversary ? 1.0 : 1.3;
    agent->rgba = rgba;
}

void sl_mpe_set_landmark(sl_mpe *m, int k, double radius, bool collide, uint32_t rgba) {
    SL_ASSERT(k >= 0 && m->N + k < m->E);
    sl_mpe_entity *landmark = &m->entities[m->N + k];
    *landmark = (sl_mpe_entity){.radius = radius, .collide = collide, .rgba = rgba};
    (void)snprintf(landmark->name, sizeof landmark->name, "landmark_%d", k);
}

// what an agent cannot sense of itself and of the landmarks: where others are and go, and what they say
static bool is_told(const char *name) {
    return strcmp(name, "others") == 0 || strcmp(name, "others_vel") == 0 || strcmp(name, "comm") == 0;
}

void sl_mpe_block(sl_mpe *m, int agent, const char *name) {
    sl_agent_spec *spec = &m->base.spec.agents[agent];
    SL_ASSERT(spec->n_blocks < SL_MAX_BLOCKS);
    sl_block *block = &spec->blocks[spec->n_blocks++];
    copy_name(block->name, name);
    block->begin = spec->obs_dim;
    block->is_told = is_told(name);
}

void sl_mpe_feature(sl_mpe *m, int agent, int minuend, int subtrahend) {
    sl_agent_spec *spec = &m->base.spec.agents[agent];
    SL_ASSERT(spec->n_blocks > 0 && spec->obs_dim < m->max_obs);
    m->terms[agent * m->max_obs + spec->obs_dim++] =
        (sl_mpe_term){(uint32_t)(minuend * SL_ENV_LANES), (uint32_t)(subtrahend * SL_ENV_LANES)};
    spec->blocks[spec->n_blocks - 1].len++;
}

void sl_mpe_feature_velocity(sl_mpe *m, int agent, int of) {
    sl_mpe_feature(m, agent, sl_mpe_vx(m, of), SL_MPE_ZERO);
    sl_mpe_feature(m, agent, sl_mpe_vy(m, of), SL_MPE_ZERO);
}

static void add_relative(sl_mpe *m, int agent, int entity) {
    sl_mpe_feature(m, agent, sl_mpe_x(entity), sl_mpe_x(agent));
    sl_mpe_feature(m, agent, sl_mpe_y(entity), sl_mpe_y(agent));
}

void sl_mpe_block_self_vel(sl_mpe *m, int agent) {
    sl_mpe_block(m, agent, "self_vel");
    sl_mpe_feature_velocity(m, agent, agent);
}

void sl_mpe_block_self_pos(sl_mpe *m, int agent) {
    sl_mpe_block_rows(m, agent, "self_pos", sl_mpe_x(agent), 2);
}

void sl_mpe_block_landmarks(sl_mpe *m, int agent) {
    sl_mpe_block(m, agent, "landmarks");
    for (int e = m->N; e < m->E; e++) add_relative(m, agent, e);
}

void sl_mpe_block_others(sl_mpe *m, int agent) {
    sl_mpe_block(m, agent, "others");
    for (int j = 0; j < m->N; j++) {
        if (j != agent) add_relative(m, agent, j);
    }
}

void sl_mpe_block_goal(sl_mpe *m, int agent, int k) {
    sl_mpe_block(m, agent, "goal");
    sl_mpe_feature(m, agent, sl_mpe_extra(m, k), sl_mpe_x(agent));
    sl_mpe_feature(m, agent, sl_mpe_extra(m, k + 1), sl_mpe_y(agent));
}

void sl_mpe_block_rows(sl_mpe *m, int agent, const char *name, int row, int n) {
    sl_mpe_block(m, agent, name);
    for (int k = 0; k < n; k++) sl_mpe_feature(m, agent, row + k, SL_MPE_ZERO);
}

void sl_mpe_block_words(sl_mpe *m, int agent, int speaker) {
    sl_mpe_block_rows(m, agent, "comm", sl_mpe_word(m, speaker, 0), m->C);
}

// what one agent may choose: a move, a word, or both
static int count_actions(const sl_mpe *m, const sl_mpe_entity *agent, bool continuous) {
    if (!agent->movable) return m->C;
    if (!agent->speaks) return 5;
    return continuous ? 5 + m->C : 5 * m->C;
}

// what the scenario has by itself does not show in the name
static void compose_name(sl_mpe *m, sl_env_options shown) {
    int *n_agents = &sl_env_at(&shown, "n_agents")->whole, *max_steps = &sl_env_at(&shown, "max_steps")->whole;
    if (*n_agents == m->scenario->default_n) *n_agents = 0;
    if (*max_steps == MAX_STEPS) *max_steps = 0;
    if (m->local_ratio == m->scenario->local_ratio) sl_env_at(&shown, "local_ratio")->real = -1;
    sl_env_write_name(m->scenario->name, &shown, m->base.spec.name, sizeof m->base.spec.name);
}

// whoever is alone has no others to see or hear: a block without a feature is left out
static void drop_empty_blocks(sl_agent_spec *agent) {
    int n = 0;
    for (int b = 0; b < agent->n_blocks; b++) {
        if (agent->blocks[b].len > 0) agent->blocks[n++] = agent->blocks[b];
    }
    agent->n_blocks = n;
}

// features behind the last that ever is something else than zero
static int count_live(const sl_mpe *m, int agent) {
    const sl_mpe_term *terms = m->terms + agent * m->max_obs;
    int n = m->base.spec.agents[agent].obs_dim;
    while (n > 0 && terms[n - 1].minuend == SL_MPE_ZERO && terms[n - 1].subtrahend == SL_MPE_ZERO) n--;
    return n;
}

void sl_mpe_finish(sl_mpe *m, const sl_env_options *options) {
    sl_env_spec *spec = &m->base.spec;
    spec->n_agents = m->N;
    spec->max_steps = sl_env_get(options, "max_steps").whole;
    if (spec->max_steps == 0) spec->max_steps = MAX_STEPS;
    spec->continuous = sl_env_get(options, "continuous").yes;
    spec->state_is_obs = true;
    spec->has_heuristic = m->scenario->act != NULL && !spec->continuous;
    for (int i = 0; i < m->N; i++) {
        sl_agent_spec *agent = &spec->agents[i];
        drop_empty_blocks(agent);
        m->n_live[i] = count_live(m, i);
        agent->n_actions = count_actions(m, &m->entities[i], spec->continuous);
        if (agent->n_actions > spec->n_actions) spec->n_actions = agent->n_actions;
        if (agent->obs_dim > spec->obs_dim) spec->obs_dim = agent->obs_dim;
    }
    spec->state_dim = m->N * spec->obs_dim;
    for (int i = 0; i < m->N; i++) spec->masks_actions |= spec->agents[i].n_actions < spec->n_actions;
    compose_name(m, *options);
    // agents before landmarks, lexicographic: the reference's order of summing forces
    for (int a = 0; a < m->E; a++) {
        for (int b = a + 1; b < m->E; b++) {
            const sl_mpe_entity *ea = &m->entities[a], *eb = &m->entities[b];
            if (!ea->collide || !eb->collide || !(ea->movable || eb->movable)) continue;
            m->pairs[m->n_pairs++] = (sl_mpe_pair){a, b};
        }
    }
}
