/* env.h - a vector of V copies of one environment behind one vtable. The caller owns every buffer; step
 * works on a range of copies so that a pool of threads can share them; nothing is allocated after create.
 * Shapes: V copies, N agents, O the longest observation, A the most actions, S state. Rows of shorter
 * observations are padded with zeros. Distinct ranges may run on distinct threads. */
#ifndef SL_ENVS_ENV_H
#define SL_ENVS_ENV_H

#include "common/rng.h"
#include "common/status.h"
#include "envs/options.h"
#include "envs/picture.h"
#include "envs/spec.h"

#include <stddef.h>

int sl_env_n_names(void); /* of the names that create() knows */
const char *sl_env_name(int index);
const char *sl_env_summary(int index);  /* one line */
bool sl_env_is_known(const char *name); /* one of these, or one that reads a file */
/* The file that it reads, a part of name: "combat/FILE.json"; NULL: none. */
const char *sl_env_file(const char *name);

/* A name of the list, or "combat/FILE.json" for a map of one's own. V copies, each with the stream split(seed_stream,
 * v). SL_CONFIG: unknown name, option out of range, or an option that this environment does not have; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_env_create(const char *name, const sl_env_options *options, int V, const sl_rng *stream,
                                      sl_env **out);
void sl_env_destroy(sl_env **self);
const sl_env_spec *sl_env_get_spec(const sl_env *self); /* borrowed for the life of self */

/* What the opponent's opponent policy sees and does, as the spec of the same game from the enemies' side. SL_CONFIG:
 * the environment has no opponent; SL_MEMORY. Its agents are the caller's, for sl_free. */
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
/* A name to try things out with: the first that has a built-in policy; "" = none has. */
const char *sl_env_example(void);
/* The built-in full-information policy (spec.has_heuristic): actions (V, N) for the current states. check: SL_CONFIG
 * where there is none. named: whether text means that policy of environment name: "heuristic", or the family's own
 * word for it; SL_CONFIG: it is the word of another family. */
SL_MUST_CHECK sl_status sl_env_check_heuristic(const sl_env_spec *spec);
SL_MUST_CHECK sl_status sl_env_heuristic_named(const char *name, const char *text, bool *out);
void sl_env_heuristic(const sl_env *self, int begin, int end, int32_t *actions);

/* All copies with their streams and step counters as bytes; load checks size and version (SL_MISMATCH). */
size_t sl_env_state_bytes(const sl_env *self);
void sl_env_save(const sl_env *self, uint8_t *bytes);
SL_MUST_CHECK sl_status sl_env_load(sl_env *self, const uint8_t *bytes, size_t n_bytes);
uint64_t sl_env_hash(const sl_env *self); /* FNV-1a over the saved bytes: "the same state" */

/* What there is to see. Any thread that does not step the copy meanwhile. */
const sl_camera *sl_env_get_camera(const sl_env *self); /* borrowed for the life of self */
/* Shapes of copy v into shapes[capacity], later ones on top of earlier ones; returns how many there are. */
int sl_env_draw(const sl_env *self, int v, sl_shape *shapes, int capacity);
/* An agent's discrete action in a word or two: "north", "attack !2". Any number is answered. */
void sl_env_tell_action(const sl_env *self, int agent, int32_t action, char text[SL_NAME_SIZE]);

#endif
