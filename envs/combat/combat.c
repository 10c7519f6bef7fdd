/* combat.c - the class of the combat environments: creation, reset, step, snapshots. The rules are in battle.c and
 * avoid.c, what agents see in observe.c, what people see in picture.c. */
#include "envs/combat/combat.h"

#include "common/alloc.h"
#include "envs/combat/actions.h"
#include "envs/combat/observe.h"
#include "envs/combat/opponent.h"
#include "envs/combat/picture.h"
#include "envs/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VECTOR = 8 };

static const uint32_t STATE_VERSION = 1;

static const sl_combat *from_env(const sl_env *env) {
    return (const sl_combat *)env;
}

// everything but the stream and the last actions, which outlive an episode in the reference
static void start(const sl_combat *m, const sl_battle *b) {
    size_t P = (size_t)m->P;
    memset(b->vx, 0, P * sizeof *b->vx);
    memset(b->vy, 0, P * sizeof *b->vy);
    memset(b->cooldown, 0, P * sizeof *b->cooldown);
    memset(b->delay, 0, P * sizeof *b->delay);
    for (int u = 0; u < sl_combat_n_units(m); u++) {
        b->hp[u] = m->type[u]->hp;
        b->shield[u] = m->type[u]->shield;
        b->x[u] = m->map.x[u];
        b->y[u] = m->map.y[u];
        b->target[u] = -1;
        if (m->clear_last_actions) b->last[u] = -1;
    }
    memset(b->memory, 0, sl_combat_n_memory(m) * sizeof *b->memory);
    *b->alive = *b->single = sl_combat_range(0, sl_combat_n_units(m));
    *b->steps = 0;
}

static void reset(sl_env *env, int begin, int end, const uint8_t *which, sl_env_out *out) {
    const sl_combat *m = from_env(env);
    for (int v = begin; v < end; v++) {
        if (which && !which[v]) continue;
        sl_battle b = sl_combat_copy(m, v);
        start(m, &b);
        if (m->spawn_shift > 0.0) sl_combat_shift(&m->map, b.stream, b.x, b.y);
        sl_combat_write(m, &b, v, out);
    }
}

static void step_copy(const sl_combat *m, int v, const int32_t *actions, sl_combat_order *orders,
                      const sl_env_out *out) {
    sl_battle b = sl_combat_copy(m, v);
    int N = m->map.n_allies;
    double reward = sl_combat_step(m, &b, actions, orders);
    ++*b.steps;
    bool won = !(*b.alive & sl_combat_range(N, sl_combat_n_units(m))), lost = !(*b.alive & sl_combat_range(0, N));
    for (int i = 0; i < N && out->reward; i++) out->reward[(size_t)v * (size_t)N + (size_t)i] = reward;
    if (out->terminated) out->terminated[v] = won || lost;
    if (out->truncated) out->truncated[v] = !won && !lost && *b.steps >= m->base.spec.max_steps;
    if (out->won) out->won[v] = won;
    sl_combat_write(m, &b, v, out);
}

static void step(sl_env *env, int begin, int end, const int32_t *actions, sl_env_out *out) {
    const sl_combat *m = from_env(env);
    for (int v = begin; v < end; v++) step_copy(m, v, actions + (size_t)v * (size_t)m->map.n_allies, NULL, out);
}

void sl_combat_replay(sl_env *env, int v, const int32_t *actions, sl_combat_order *orders, sl_env_out *out) {
    step_copy(from_env(env), v, actions, orders, out);
}

// attack the nearest enemy that may be attacked, or else stop
static int32_t attack_nearest(const sl_combat *m, const sl_battle *b, int u) {
    int32_t best = sl_combat_has(*b->alive, u) ? 1 : 0;
    double nearest = INFINITY;
    for (int t = m->map.n_allies; t < sl_combat_n_units(m) && best; t++) {
        double dx = (double)b->x[t] - (double)b->x[u], dy = (double)b->y[t] - (double)b->y[u];
        if (dx * dx + dy * dy >= nearest || !sl_combat_can_attack(b, u, t)) continue;
        nearest = dx * dx + dy * dy;
        best = SL_COMBAT_ATTACK + t - m->map.n_allies;
    }
    return best;
}

static void heuristic(const sl_env *env, int begin, int end, int32_t *actions) {
    const sl_combat *m = from_env(env);
    for (int v = begin; v < end; v++) {
        sl_battle b = sl_combat_copy(m, v);
        for (int u = 0; u < m->map.n_allies; u++) actions[v * m->map.n_allies + u] = attack_nearest(m, &b, u);
    }
}

// an episode that is named by its seed does not show what was played before it
static void seed(sl_env *env, int v, const sl_rng *stream) {
    const sl_combat *m = from_env(env);
    sl_battle b = sl_combat_copy(m, v);
    *b.stream = *stream;
    for (int u = 0; u < m->P; u++) b.last[u] = -1;
}

static void list_state(const sl_env *env, sl_env_state *out) {
    const sl_combat *m = from_env(env);
    out->head.version = STATE_VERSION;
    out->head.shape[0] = (uint32_t)m->map.n_allies;
    out->head.shape[1] = (uint32_t)m->map.n_enemies;
    out->parts[0].memory = m->copies;
    out->parts[0].n_bytes = (size_t)env->V * m->copy_bytes;
}

static sl_status check_state(sl_env *env, const uint8_t *saved) {
    const sl_combat *m = from_env(env);
    for (int v = 0; v < env->V; v++) {
        if (sl_combat_copy_is_sound(m, saved + (size_t)v * m->copy_bytes)) continue;
        return sl_fail(SL_CORRUPT, NULL,
                       "%s: copy %d of a saved state has units that are not there, or a memory that is not finite",
                       env->spec.name, v);
    }
    return SL_OK;
}

static void destroy(sl_env *env) {
    sl_combat *m = (sl_combat *)env;
    if (m->mirror) sl_free(m->mirror->base.spec.agents);
    sl_free(m->mirror);
    sl_free(m->base.spec.agents);
    sl_free(m->copies);
    sl_free(m);
}

static const sl_env_class combat_class = {
    .destroy = destroy,
    .seed = seed,
    .reset = reset,
    .step = step,
    .heuristic = heuristic,
    .shape_words = {"allies", "enemies"},
    .list_state = list_state,
    .check_state = check_state,
    .draw = sl_combat_draw,
    .tell_action = sl_combat_tell_action,
};

static bool has_opponent(const sl_env_options *options, const char *word) {
    return strcmp(sl_env_get(options, "opponent").text, word) == 0;
}

static sl_status check_options(const char *name, const sl_env_options *options) {
    if (has_opponent(options, SL_OPPONENT_REFERENCE) || has_opponent(options, SL_OPPONENT_HOLD)) return SL_OK;
    if (!has_opponent(options, SL_OPPONENT_POLICY)) {
        return sl_fail(SL_CONFIG, "reference, hold, policy", "%s: unknown opponent '%.60s'", name,
                       sl_env_get(options, "opponent").text);
    }
    int memory = options->policy.memory;
    if (options->policy.act && memory >= 0 && memory <= SL_OPPONENT_MAX_MEMORY) return SL_OK;
    return sl_fail(SL_CONFIG, "a policy comes with a function",
                   "%s: an opponent that does nothing, or of %d numbers of memory", name, memory);
}

// returns NULL for an empty block: it is left out
static sl_block *add_block(sl_agent_spec *agent, const char *name, int len) {
    if (len == 0) return NULL;
    sl_block *block = &agent->blocks[agent->n_blocks++];
    (void)snprintf(block->name, sizeof block->name, "%s", name);
    block->begin = agent->obs_dim;
    block->len = len;
    agent->obs_dim += len;
    return block;
}

static sl_block *add_units(sl_agent_spec *agent, const char *name, int n, int entry) {
    sl_block *block = add_block(agent, name, n * entry);
    if (block) block->entry = entry;
    return block;
}

static void describe(sl_combat *m, const char *name, const sl_env_options *options) {
    sl_env_spec *spec = &m->base.spec;
    int n = m->map.n_allies, e = m->map.n_enemies;
    int own = 1 + m->ally_shields + m->n_bits, other = 1 + m->enemy_shields + m->n_bits;
    spec->n_agents = n;
    spec->n_actions = SL_COMBAT_ATTACK + e;
    spec->state_dim = n * (own + 3) + e * (other + 2) + n * spec->n_actions;
    sl_env_options shown = *options;
    int *max_steps = &sl_env_at(&shown, "max_steps")->whole;
    spec->max_steps = *max_steps ? *max_steps : m->map.step_limit;
    // what the map has by itself does not show in the name
    if (*max_steps == m->map.step_limit) *max_steps = 0;
    sl_env_write_name(name, &shown, spec->name, sizeof spec->name);
    spec->masks_actions = true;
    spec->has_heuristic = spec->can_win = spec->shared_reward = spec->mortal = true;
    spec->sees_all = m->full;
    for (int i = 0; i < n; i++) {
        sl_agent_spec *agent = &spec->agents[i];
        (void)snprintf(agent->name, sizeof agent->name, "ally_%d", i);
        (void)snprintf(agent->role, sizeof agent->role, "%s", m->type[i]->name);
        agent->n_actions = spec->n_actions;
        (void)add_block(agent, "move", 4);
        (void)add_units(agent, "enemy", e, other + 4);
        sl_block *allies = add_units(agent, "ally", n - 1, own + 4);
        if (allies) allies->is_told = true;
        (void)add_block(agent, "own", own);
        spec->obs_dim = agent->obs_dim;
    }
}

// the columns that follow from the map
static void derive(sl_combat *m) {
    m->P = (sl_combat_n_units(m) + VECTOR - 1) / VECTOR * VECTOR;
    m->copy_bytes = sl_combat_copy_bytes(m);
    m->n_bits = m->map.n_types > 1 ? m->map.n_types : 0;
    m->max_reward = 10.0 * m->map.n_enemies + 200.0;
    for (int u = 0; u < sl_combat_n_units(m); u++) {
        const sl_combat_type *type = m->map.types[m->map.type[u]];
        m->type[u] = type;
        m->radius[u] = type->radius;
        if (type->radius > m->largest_radius) m->largest_radius = type->radius;
        if (u < m->map.n_allies) {
            m->ally_shields |= type->shield > 0.0;
        } else {
            m->enemy_shields |= type->shield > 0.0;
            m->max_reward += type->hp + type->shield;
        }
    }
}

// a battle without copies; false: no memory for the agents
static bool init(sl_combat *m, const char *name, const sl_env_options *options) {
    m->base.class = &combat_class;
    m->full = sl_env_get(options, "full").yes;
    m->hold = has_opponent(options, SL_OPPONENT_HOLD);
    m->corpse_attack = sl_env_get(options, "corpse_attack").yes;
    m->wall_offset_fix = sl_env_get(options, "wall_offset_fix").yes;
    m->clamp_to_map = sl_env_get(options, "clamp_to_map").yes;
    m->clear_last_actions = sl_env_get(options, "clear_last_actions").yes;
    m->spawn_shift = sl_env_get(options, "spawn_shift").real;
    m->n_commanded = m->mirror ? sl_combat_n_units(m) : m->map.n_allies;
    derive(m);
    m->base.spec.agents = sl_alloc_array((size_t)m->map.n_allies, sizeof *m->base.spec.agents);
    if (!m->base.spec.agents) return false;
    describe(m, name, options);
    m->base.camera = sl_combat_camera(&m->map);
    return true;
}

// the same battle from the enemies' side; map is ours
static sl_combat *create_mirror(const char *name, const sl_env_options *options, const sl_combat_map *map) {
    sl_combat *mirror = sl_alloc(sizeof *mirror);
    if (!mirror) return NULL;
    sl_combat_mirror_map(map, &mirror->map);
    if (!init(mirror, name, options)) sl_free(mirror), mirror = NULL;
    return mirror;
}

static sl_status open_battle(const char *name, const sl_env_options *options, int V, sl_combat *m) {
    SL_TRY(sl_combat_map_load(name, &m->map));
    sl_combat_bound_shifts(&m->map, sl_env_get(options, "spawn_shift").real);
    if (has_opponent(options, SL_OPPONENT_POLICY)) {
        m->policy = options->policy;
        m->mirror = create_mirror(name, options, &m->map);
        if (!m->mirror) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate an opponent", name);
    }
    m->base.V = V;
    if (init(m, name, options)) m->copies = sl_alloc_array((size_t)V, m->copy_bytes);
    return m->copies ? SL_OK : sl_fail(SL_MEMORY, "ask for fewer copies", "%s: cannot allocate %d copies", name, V);
}

sl_status sl_combat_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream,
                           sl_env **out) {
    SL_TRY(check_options(name, options));
    sl_combat *m = sl_alloc(sizeof *m);
    if (!m) return sl_fail(SL_MEMORY, "ask for fewer copies", "%s: cannot allocate %d copies", name, V);
    sl_status status = open_battle(name, options, V, m);
    if (status != SL_OK) {
        destroy(&m->base);
        return status;
    }
    for (int v = 0; v < V; v++) {
        sl_battle b = sl_combat_copy(m, v);
        for (int u = 0; u < m->P; u++) b.last[u] = b.target[u] = -1;
        *b.stream = sl_rng_split(stream, (uint64_t)v);
        start(m, &b);
    }
    *out = &m->base;
    return SL_OK;
}

sl_status sl_combat_opponent_spec(const char *name, const sl_env_options *options, sl_env_spec *out) {
    sl_combat_map map;
    sl_env_options plain = *options;
    sl_env_at(&plain, "opponent")->text = SL_OPPONENT_REFERENCE;
    SL_TRY(check_options(name, &plain));
    SL_TRY(sl_combat_map_load(name, &map));
    sl_combat *mirror = create_mirror(name, &plain, &map);
    if (!mirror) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate an opponent", name);
    *out = mirror->base.spec;
    sl_free(mirror);
    return SL_OK;
}
