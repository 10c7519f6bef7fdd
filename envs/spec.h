/* spec.h - what an environment is to those who play it: its agents, what they observe and may do, and where it
 * writes. Shapes: V copies, N agents, O the longest observation, A the most actions, S state. Plain data. */
#ifndef SL_ENVS_SPEC_H
#define SL_ENVS_SPEC_H

#include <stdbool.h>
#include <stdint.h>

enum { SL_MAX_AGENTS = 1024, SL_MAX_BLOCKS = 16, SL_NAME_SIZE = 32, SL_ENV_NAME_SIZE = 96, SL_ENV_LANES = 16 };

/* A named run of features, the unit in which masks and links speak: "self_vel", "landmarks", "others", "comm". One of
 * entries has one for each other unit, of entry features, feature 1 the distance in units of the sight range. */
typedef struct sl_block {
    char name[SL_NAME_SIZE];
    int begin, len, entry; /* features [begin, begin + len) of the agent's observation; 0 = not of entries */
    bool is_told;          /* by others; else it is sensed on board: what a link may make late (links/links.h) */
} sl_block;

typedef struct sl_agent_spec {
    char name[SL_NAME_SIZE]; /* "agent_0", as in the reference */
    char role[SL_NAME_SIZE]; /* "agent", "adversary", "speaker": agents of one role are exchangeable */
    int obs_dim, n_actions;  /* n_actions: discrete choices, or entries of the action vector when continuous */
    int n_blocks;            /* blocks cover the observation without overlap; none is empty */
    sl_block blocks[SL_MAX_BLOCKS];
} sl_agent_spec;

typedef struct sl_env_spec {
    char name[SL_ENV_NAME_SIZE]; /* "mpe/simple_spread_v3", then what is not the default: "[legacy_physics]" */
    int n_agents, obs_dim, n_actions, state_dim; /* N, O, A, S */
    int max_steps;                               /* truncation after that many steps */
    bool continuous;
    bool state_is_obs;  /* S = N * O and the state is the (V, N, O) observation read as (V, S): state may be NULL */
    bool masks_actions; /* false: all A actions of every agent are always legal and avail may be NULL */
    bool has_heuristic, can_win, mortal; /* can_win, mortal: won and alive of sl_env_out say something */
    bool sees_all;                       /* no sight limit: masks may put one back */
    bool shared_reward, opposed;         /* all are paid the team's (sl_env_return); what a side wins another loses */
    sl_agent_spec *agents;               /* (N), the environment's: borrowed by who copies the spec */
} sl_env_spec;

/* Caller-owned outputs, whole vectors; NULL = not wanted. */
typedef struct sl_env_out {
    float *obs;          /* (V, N, O) */
    float *state;        /* (V, S) */
    uint8_t *avail;      /* (V, N, A) 1 = legal */
    double *reward;      /* (V, N) */
    uint8_t *terminated; /* (V) the task ended: no bootstrap */
    uint8_t *truncated;  /* (V) time ran out: bootstrap */
    uint8_t *alive;      /* (V, N) 1 = takes part; written like obs. All ones where agents cannot die */
    uint8_t *won;        /* (V) written like terminated: the team won its battle. 0 where there is nothing to win */
} sl_env_out;

typedef struct sl_env sl_env; /* env.h */

#endif
