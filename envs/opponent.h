/* opponent.h - who commands the enemies of a battle: the scripted reference, nobody (they hold their ground), or an
 * opponent policy, which an environment asks about each living enemy before every step. Plain data, copied at create.
 */
#ifndef SL_ENVS_OPPONENT_H
#define SL_ENVS_OPPONENT_H

#include <stdint.h>

/* The values of the option "opponent": the script; nobody, each stands and shoots what comes into reach; whatever an
 * opponent policy says. */
#define SL_OPPONENT_REFERENCE "reference"
#define SL_OPPONENT_HOLD      "hold"
#define SL_OPPONENT_POLICY    "policy"

enum { SL_OPPONENT_MAX_MEMORY = 4096 };

/* An opponent policy sees what its unit would see as an ally, with the sides swapped and the map turned by half a
 * turn about its centre: its own side is in the west, its north is our south. unit counts among the enemies; obs (O)
 * and avail (A) are laid out as sl_env_opponent_spec says. Returns an action; one that is not legal counts as no-op.
 * memory (memory floats) is the unit's own, zeros at the start of an episode, and a part of the environment's state:
 * it has to stay finite. What it returns follows from its arguments alone. Called from every thread that steps, at
 * the same time. */
typedef struct sl_opponent_policy {
    int32_t (*act)(const void *context, int unit, const float *obs, const uint8_t *avail, float *memory);
    const void *context; /* borrowed for the environment's life */
    int memory;          /* [0, SL_OPPONENT_MAX_MEMORY] */
} sl_opponent_policy;

#endif
