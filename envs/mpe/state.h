/* state.h - the data of the particle environments, on one entity table. A scenario says which entities there are,
 * what each agent observes and what it is paid.
 *
 * The state of SL_ENV_LANES copies is a tile: a table of rows of doubles, one lane a copy, so that every loop over
 * lanes is vector code. Rows: zeros, x and y of every entity, velocity of every agent, words of every agent, then
 * what the scenario derives (a goal's position, a colour). An observed feature is always the difference of two rows.
 * No index from a saved state is ever used to address memory. Inside envs/ only. */
#ifndef SL_ENVS_MPE_STATE_H
#define SL_ENVS_MPE_STATE_H

#include "envs/env_class.h"

/* What loops over the lanes of a tile to its width, which is a constant where it is inlined. Compilers that unroll a
 * short loop find no vectors in it any more. */
#define SL_MPE_FOR_WIDTH static inline __attribute__((always_inline))
// NOLINTNEXTLINE(bugprone-macro-parentheses): l is declared
#define SL_MPE_EACH_LANE(l, width) _Pragma("GCC unroll 1") for (int l = 0; l < (width); l++)

enum { SL_MPE_ZERO = 0, SL_MPE_MAX_GOALS = 2 };

typedef double sl_mpe_row[SL_ENV_LANES];
typedef struct sl_mpe sl_mpe;

typedef struct sl_mpe_entity {
    char name[SL_NAME_SIZE];
    double radius, gain, max_speed; /* max_speed 0 = none */
    bool movable, collide, speaks, adversary;
    uint32_t rgba;
} sl_mpe_entity;

typedef struct sl_mpe_scenario {
    const char *name;
    int default_n;               /* N; 0 = the scenario has no option N */
    int n_agents, n_landmarks;   /* with N: added to N */
    int dim_c, n_extra, n_goals; /* words of a speaker, derived rows, goal landmarks drawn at reset */
    bool goal_per_agent;         /* goal g belongs to agent g; otherwise goal 0 is everyone's and goal 1 the key */
    double landmark_range;       /* landmarks start in [-range, range); 0 = 1 */
    double local_ratio;          /* the default; 0 = the scenario has no such option */
    void (*build)(sl_mpe *m);    /* entities and features */
    void (*derive)(const sl_mpe *m, sl_mpe_row *rows, int lane, const int *goals); /* after goals changed; or NULL */
    void (*observe)(const sl_mpe *m, sl_mpe_row *rows);                    /* before features are read; or NULL */
    void (*reward)(const sl_mpe *m, sl_mpe_row *rows, sl_mpe_row *reward); /* (N), behind it N rows of scratch */
    /* the heuristic; or NULL. plan: scratch of sl_mpe_plan_bytes */
    void (*act)(const sl_mpe *m, sl_mpe_row *rows, int lane, void *plan, int32_t *actions);
} sl_mpe_scenario;

typedef struct sl_mpe_term {
    uint32_t minuend, subtrahend; /* where their rows begin, counted in numbers */
} sl_mpe_term;

typedef struct sl_mpe_pair {
    int a, b;
} sl_mpe_pair;

struct sl_mpe {
    sl_env base;
    const sl_mpe_scenario *scenario;
    int N, E, C; /* agents, entities (agents first), words */
    int n_rows, n_pairs, n_tiles;
    double local_ratio;
    double bump_square; /* spread: the least square of a distance at which two agents do not overlap */
    bool legacy;
    sl_mpe_entity *entities; /* (E) */
    int max_obs;             /* more than any agent observes */
    sl_mpe_term *terms;      /* (N, max_obs), unused ones read zero */
    int *n_live;             /* (N): features from there on are always zero */
    sl_mpe_pair *pairs;      /* those that can touch and of which one can move */
    sl_mpe_row *rows;        /* (n_tiles, n_rows) */
    sl_rng *streams;         /* (n_tiles * SL_ENV_LANES) */
    int32_t *steps;          /* (n_tiles * SL_ENV_LANES) since the reset */
    /* Scratch of a call lies with the first tile of its range, so that calls side by side do not share any. */
    sl_mpe_row *scratch; /* (n_tiles, 2 * N) */
    uint8_t *plans;      /* (n_tiles, sl_mpe_plan_bytes), NULL without a heuristic */
};

/* Rows of the table. */
static inline int sl_mpe_x(int entity) {
    return 1 + 2 * entity;
}
static inline int sl_mpe_y(int entity) {
    return 2 + 2 * entity;
}
static inline int sl_mpe_vx(const sl_mpe *m, int agent) {
    return 1 + 2 * m->E + 2 * agent;
}
static inline int sl_mpe_vy(const sl_mpe *m, int agent) {
    return 2 + 2 * m->E + 2 * agent;
}
static inline int sl_mpe_word(const sl_mpe *m, int agent, int word) {
    return 1 + 2 * m->E + 2 * m->N + agent * m->C + word;
}
static inline int sl_mpe_extra(const sl_mpe *m, int k) {
    return 1 + 2 * m->E + 2 * m->N + m->N * m->C + k;
}
static inline sl_mpe_row *sl_mpe_tile(const sl_mpe *m, int tile) {
    return m->rows + (size_t)tile * (size_t)m->n_rows;
}
/* How many lanes of a tile are computed: all, but of the last one no more vectors than hold copies of the caller. */
static inline int sl_mpe_width(const sl_mpe *m, sl_mpe_row *tile) {
    int rest = m->base.V - (m->n_tiles - 1) * SL_ENV_LANES;
    if (rest > 8 || tile != sl_mpe_tile(m, m->n_tiles - 1)) return SL_ENV_LANES;
    return rest > 4 ? 8 : 4;
}
static inline sl_mpe_row *sl_mpe_scratch(const sl_mpe *m, int first_tile) {
    return m->scratch + (size_t)first_tile * 2 * (size_t)m->N;
}

#endif
