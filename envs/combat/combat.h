/* combat.h - small-unit combat in the manner of SMAC, with the rules of SMAClite. A map says who fights whom and
 * where (map.c); battle.c plays ticks, avoid.c keeps units apart, observe.c writes, combat.c binds them to env.h.
 *
 * Units are numbered allies first, then enemies; a set of units is a word of bits. The state of one copy is a block
 * of columns, one entry a unit, padded to whole vectors. Positions are float32, as in the reference; velocities are
 * float64 or float32 by where they came from (plane.h), and are kept in float64 columns. Inside envs/ only. */
#ifndef SL_ENVS_COMBAT_COMBAT_H
#define SL_ENVS_COMBAT_COMBAT_H

#include "envs/combat/map.h"
#include "envs/combat/set.h"
#include "envs/env_class.h"

enum {
    /* the longest observation: a unit shows at most a flag, a distance, two offsets, health, shields and type bits */
    SL_COMBAT_MAX_ROW = 4 + SL_COMBAT_MAX_UNITS * (6 + SL_COMBAT_MAX_TYPES),
    SL_COMBAT_TICKS = 8,  /* a step: half a second; battle.c has the length of one */
    SL_COMBAT_ATTACK = 6, /* the first of the attack actions; before it: nothing, stop, north, south, east, west */
};

/* The columns of one copy. A dead unit keeps its last position. */
typedef struct sl_battle {
    uint64_t *alive, *single; /* single: whose velocity the reference holds in float32 */
    sl_rng *stream;
    int32_t *steps;
    double *hp, *shield, *vx, *vy, *cooldown, *delay; /* delay: until shields regenerate */
    float *x, *y;
    int32_t *target, *last; /* who is aimed at, or -1; the last action of who takes orders */
    float *memory;          /* (n_enemies, opponent policy.memory) */
} sl_battle;

typedef struct sl_combat {
    sl_env base;
    sl_combat_map map;
    bool full, hold, corpse_attack, wall_offset_fix, clamp_to_map, clear_last_actions;
    int P;      /* units rounded up to whole vectors */
    int n_bits; /* type bits: 0 or map.n_types */
    bool ally_shields, enemy_shields;
    double largest_radius, max_reward, spawn_shift; /* cells; 0 = none */
    const sl_combat_type *type[SL_COMBAT_MAX_UNITS];
    double radius[SL_COMBAT_MAX_UNITS]; /* columns of the table, padded with zeros */
    int n_commanded; /* the first units, which are told what to do: allies, and all where an opponent policy is */
    sl_opponent_policy policy; /* of the enemies */
    struct sl_combat
        *mirror; /* the battle as the opponent policy sees it, without copies; NULL without an opponent policy */
    size_t copy_bytes;
    uint8_t *copies; /* (V, copy_bytes) */
} sl_combat;

/* The execution order of one tick, for recordings: given, or n < 0 on entry: drawn as ever, and told. */
typedef struct sl_combat_order {
    int n;
    uint8_t unit[SL_COMBAT_MAX_UNITS];
} sl_combat_order;

/* battle.c: one step of one copy; orders NULL or one a tick. Returns the reward of the team. */
double sl_combat_step(const sl_combat *m, const sl_battle *b, const int32_t *actions, sl_combat_order *orders);
bool sl_combat_can_move(const sl_combat *m, const sl_battle *b, int u, int direction);
bool sl_combat_can_attack(const sl_combat *m, const sl_battle *b, int u, int target);

/* avoid.c. One tick: columns of positions in float64, velocities wanted and given. */
typedef struct sl_combat_scene {
    double x[SL_COMBAT_MAX_UNITS], y[SL_COMBAT_MAX_UNITS];
    double px[SL_COMBAT_MAX_UNITS], py[SL_COMBAT_MAX_UNITS];
    double vx[SL_COMBAT_MAX_UNITS], vy[SL_COMBAT_MAX_UNITS]; /* zeros before */
    uint64_t hunted;                                         /* who is some commanded unit's target */
    uint64_t attackers, movers, chasers; /* chasers: movers after a unit; they want a float32 velocity */
    uint64_t single; /* whose velocity is float32 in the reference: now, and then of those given */
} sl_combat_scene;

/* Velocities near the wanted ones that avoid units and walls for a second. Who is not a mover stands. */
void sl_combat_avoid(const sl_combat *m, const sl_battle *b, sl_combat_scene *s);

/* observe.c. What is the same for all who look at a battle, and what one of them sees. */
typedef struct sl_combat_view {
    double x[SL_COMBAT_MAX_UNITS], y[SL_COMBAT_MAX_UNITS];
    float hp[SL_COMBAT_MAX_UNITS], shield[SL_COMBAT_MAX_UNITS]; /* shares of the full */
    float distance[SL_COMBAT_MAX_UNITS], dx[SL_COMBAT_MAX_UNITS], dy[SL_COMBAT_MAX_UNITS];
    uint64_t seen, in_range;
} sl_combat_view;

void sl_combat_view_start(const sl_combat *m, const sl_battle *b, sl_combat_view *w);
/* The rows of a living ally, obs (O) zeros before, avail (A); either may be NULL. */
void sl_combat_write_agent(const sl_combat *m, const sl_battle *b, sl_combat_view *w, int u, float *obs,
                           uint8_t *avail);
/* All rows of copy v. */
void sl_combat_write(const sl_combat *m, const sl_battle *b, int v, const sl_env_out *out);

/* opponent.c: the map with its sides swapped, turned by half a turn; a legal action for each enemy, as it sees it. */
void sl_combat_mirror_map(const sl_combat_map *map, sl_combat_map *out);
void sl_combat_ask_opponent(const sl_combat *m, const sl_battle *b, int32_t *actions);

/* picture.c */
sl_camera sl_combat_camera(const sl_combat_map *map);
int sl_combat_draw(const sl_env *env, int v, sl_shape *shapes, int capacity);
void sl_combat_tell_action(const sl_env *env, int agent, int32_t action, char text[SL_NAME_SIZE]);

/* combat.c */
SL_MUST_CHECK sl_status sl_combat_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream,
                                         sl_env **out);
SL_MUST_CHECK sl_status sl_combat_opponent_spec(const char *name, const sl_env_options *options, sl_env_spec *out);
sl_battle sl_combat_copy(const sl_combat *m, int v);
/* A step of copy v with its orders (SL_COMBAT_TICKS), written to out; for recordings. */
void sl_combat_replay(sl_env *self, int v, const int32_t *actions, sl_combat_order *orders, sl_env_out *out);

#endif
