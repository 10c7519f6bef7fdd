/* env.h - a vector of V copies of one environment behind one vtable. The caller owns every buffer; step
 * works on a range of copies so that a pool of threads can share them; nothing is allocated after create.
 * Shapes: V copies, N agents, O the longest observation, A the most actions, S state. Rows of shorter
 * observations are padded with zeros. Distinct ranges may run on distinct threads. */
#ifndef SL_ENVS_ENV_H
#define SL_ENVS_ENV_H

#include "common/rng.h"
#include "common/status.h"
#include "envs/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_MAX_AGENTS = 64, SL_MAX_BLOCKS = 16, SL_NAME_SIZE = 32, SL_ENV_NAME_SIZE = 96, SL_ENV_LANES = 16 };

/* A named run of features, the unit in which masks and links speak: "self_vel", "landmarks", "others", "comm". One of
 * entries has one for each other unit, of entry features, feature 1 the distance in units of the sight range. */
typedef struct sl_block {
    char name[SL_NAME_SIZE];
    int begin, len, entry; /* features [begin, begin + len) of the agent's observation; 0 = not of entries */
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
    sl_agent_spec agents[SL_MAX_AGENTS];
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

typedef struct sl_env sl_env;
int sl_env_n_names(void); /* of the names that create() knows */
const char *sl_env_name(int index);
const char *sl_env_summary(int index);  /* one line */
bool sl_env_is_known(const char *name); /* one of these, or one that reads a file */
const char *
sl_env_file(const char *name); /* the file that it reads, a part of name: "combat/FILE.json"; NULL: none */

/* A name of the list, or "combat/FILE.json" for a map of one's own. V copies, each with the stream split(seed_stream,
 * v). SL_CONFIG: unknown name, option out of range, or an option that this environment does not have; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_env_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream,
                                      sl_env **out);
void sl_env_destroy(sl_env **self);
const sl_env_spec *sl_env_get_spec(const sl_env *self); /* borrowed for the life of self */

/* What the opponent's opponent policy sees and does, as the spec of the same game from the enemies' side. SL_CONFIG:
 * the environment has no opponent. */
SL_MUST_CHECK sl_status sl_env_opponent_spec(const char *name, const sl_env_options *options, sl_env_spec *out);

/* What reports call an episode's return, from its agents' returns (N): their sum, or the team's, counted once. */
double sl_env_return(const sl_env_spec *spec, const double *returns);

/* Replaces the stream of copy v (used at its next reset), so that an episode can be named by its seed: nothing that
 * the copy did before shows in it. A reset follows before anything else is asked of the copy. */
void sl_env_seed(sl_env *self, int v, const sl_rng *stream);
/* New episodes for copies [begin, end) whose entry of which (V) is not 0 (NULL = all); writes their rows of obs,
 * state and avail; rewards and flags are left as they are. begin and end are multiples of SL_ENV_LANES, or V. */
void sl_env_reset(sl_env *self, int begin, int end, const uint8_t *which, sl_env_out *out);
/* One step of copies [begin, end). Discrete: actions (V, N). Stepping a finished copy is a bug of the caller:
 * read the flags, use the last observation, then reset. An action outside [0, n_actions) or not available is
 * counted as no-op (0). Nothing is allocated. */
void sl_env_step(sl_env *self, int begin, int end, const int32_t *actions, sl_env_out *out);
/* Continuous: actions (V, N, A), clipped to the box; NaN counts as 0. */
void sl_env_step_continuous(sl_env *self, int begin, int end, const float *actions, sl_env_out *out);
/* The built-in full-information policy (spec.has_heuristic): actions (V, N) for the current states. */
void sl_env_heuristic(const sl_env *self, int begin, int end, int32_t *actions);

/* All copies with their streams and step counters as bytes; load checks size and version (SL_MISMATCH). */
size_t sl_env_state_bytes(const sl_env *self);
void sl_env_save(const sl_env *self, uint8_t *bytes);
SL_MUST_CHECK sl_status sl_env_load(sl_env *self, const uint8_t *bytes, size_t n_bytes);
uint64_t sl_env_hash(const sl_env *self); /* FNV-1a over the saved bytes: "the same state" */

#endif
