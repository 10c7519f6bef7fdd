/* build.c - see build.h. */
#include "envs/mpe/build.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>

static void copy_name(char *name, const char *text) {
    (void)snprintf(name, SL_NAME_SIZE, "%s", text);
}

void sl_mpe_set_agent(sl_mpe *m, int i, const char *name, const char *role, double radius, bool collide) {
    SL_ASSERT(i >= 0 && i < m->N);
    m->entities[i] =
        (sl_mpe_entity){.radius = radius, .gain = 5.0, .movable = true, .collide = collide, .rgba = 0x5959d9ffu};
    copy_name(m->entities[i].name, name);
    copy_name(m->base.spec.agents[i].name, name);
    copy_name(m->base.spec.agents[i].role, role);
}

void sl_mpe_set_landmark(sl_mpe *m, int k, double radius, bool collide, uint32_t rgba) {
    SL_ASSERT(k >= 0 && m->N + k < m->E);
    sl_mpe_entity *landmark = &m->entities[m->N + k];
    *landmark = (sl_mpe_entity){.radius = radius, .collide = collide, .rgba = rgba};
    (void)snprintf(landmark->name, sizeof landmark->name, "landmark_%d", k);
}

void sl_mpe_block(sl_mpe *m, int agent, const char *name) {
    sl_agent_spec *spec = &m->base.spec.agents[agent];
    SL_ASSERT(spec->n_blocks < SL_MAX_BLOCKS);
    sl_block *block = &spec->blocks[spec->n_blocks++];
    copy_name(block->name, name);
    block->begin = spec->obs_dim;
}

void sl_mpe_feature(sl_mpe *m, int agent, int minuend, int subtrahend) {
    sl_agent_spec *spec = &m->base.spec.agents[agent];
    SL_ASSERT(spec->n_blocks > 0 && spec->obs_dim < SL_MPE_MAX_OBS);
    m->terms[agent * SL_MPE_MAX_OBS + spec->obs_dim++] = (sl_mpe_term){minuend, subtrahend};
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

// "mpe/simple_spread_v3[N=5,legacy_physics]": everything that is not the default shows in the name
static void compose_name(sl_mpe *m, const sl_env_options *options) {
    sl_env_spec *spec = &m->base.spec;
    char list[SL_ENV_NAME_SIZE] = "", item[32];
    const struct {
        bool set;
        const char *format;
        double value;
    } items[] = {
        {options->n_agents && options->n_agents != m->scenario->default_n, ",N=%g", options->n_agents},
        {spec->max_steps != 25, ",max_steps=%g", spec->max_steps},
        {!m->legacy && m->local_ratio != m->scenario->local_ratio, ",local_ratio=%g", m->local_ratio},
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (!items[i].set) continue;
        (void)snprintf(item, sizeof item, items[i].format, items[i].value);
        strncat(list, item, sizeof list - strlen(list) - 1);
    }
    if (options->continuous) strncat(list, ",continuous", sizeof list - strlen(list) - 1);
    if (options->legacy_physics) strncat(list, ",legacy_physics", sizeof list - strlen(list) - 1);
    if (list[0]) {
        (void)snprintf(spec->name, sizeof spec->name, "%.32s[%.60s]", m->scenario->name, list + 1);
    } else {
        (void)snprintf(spec->name, sizeof spec->name, "%s", m->scenario->name);
    }
}

// whoever is alone has no others to see or hear: a block without a feature is left out
static void drop_empty_blocks(sl_agent_spec *agent) {
    int n = 0;
    for (int b = 0; b < agent->n_blocks; b++) {
        if (agent->blocks[b].len > 0) agent->blocks[n++] = agent->blocks[b];
    }
    agent->n_blocks = n;
}

void sl_mpe_finish(sl_mpe *m, const sl_env_options *options) {
    sl_env_spec *spec = &m->base.spec;
    spec->n_agents = m->N;
    spec->max_steps = options->max_steps ? options->max_steps : 25;
    spec->continuous = options->continuous;
    spec->state_is_obs = true;
    spec->has_heuristic = m->scenario->act != NULL && !options->continuous;
    for (int i = 0; i < m->N; i++) {
        sl_agent_spec *agent = &spec->agents[i];
        drop_empty_blocks(agent);
        agent->n_actions = count_actions(m, &m->entities[i], options->continuous);
        if (agent->n_actions > spec->n_actions) spec->n_actions = agent->n_actions;
        if (agent->obs_dim > spec->obs_dim) spec->obs_dim = agent->obs_dim;
    }
    spec->state_dim = m->N * spec->obs_dim;
    for (int i = 0; i < m->N; i++) spec->masks_actions |= spec->agents[i].n_actions < spec->n_actions;
    compose_name(m, options);
    // agents before landmarks, lexicographic: the reference's order of summing forces
    for (int a = 0; a < m->E; a++) {
        for (int b = a + 1; b < m->E; b++) {
            const sl_mpe_entity *ea = &m->entities[a], *eb = &m->entities[b];
            if (!ea->collide || !eb->collide || !(ea->movable || eb->movable)) continue;
            m->pairs[m->n_pairs++] = (sl_mpe_pair){a, b};
        }
    }
}
