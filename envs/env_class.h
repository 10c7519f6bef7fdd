/* env_class.h - what an environment implements. Inside envs/ only: callers see env.h and picture.h. An environment
 * embeds sl_env as its first member and fills in the class and the spec when it is created. */
#ifndef SL_ENVS_ENV_CLASS_H
#define SL_ENVS_ENV_CLASS_H

#include "common/rng.h"
#include "common/status.h"
#include "envs/picture.h"

#include <stddef.h>

/* What a saved state is made of: a head that refuses another environment's state, then the parts as they lie in
 * memory. */
enum { SL_ENV_STATE_PARTS = 3 };
typedef struct sl_env_state {
    struct {
        uint32_t version, copies, shape[2];
    } head; /* shape: two numbers that tell one environment of the family from another */
    struct {
        void *memory;
        size_t n_bytes;
    } parts[SL_ENV_STATE_PARTS]; /* unused ones have no bytes */
} sl_env_state;

/* Arguments are those of env.h, checked already. step_continuous and heuristic are NULL where there is none. */
typedef struct sl_env_class {
    void (*destroy)(sl_env *self);
    void (*seed)(sl_env *self, int v, const sl_rng *stream);
    void (*reset)(sl_env *self, int begin, int end, const uint8_t *which, sl_env_out *out);
    void (*step)(sl_env *self, int begin, int end, const int32_t *actions, sl_env_out *out);
    void (*step_continuous)(sl_env *self, int begin, int end, const float *actions, sl_env_out *out);
    void (*heuristic)(const sl_env *self, int begin, int end, int32_t *actions);
    /* Saved states: out is zeros before, but for the copies; what the shape counts ("allies", "enemies"); whether the
     * parts of a saved one, aligned to nothing, may be loaded (NULL: always). */
    void (*list_state)(const sl_env *self, sl_env_state *out);
    const char *shape_words[2];
    sl_status (*check_state)(sl_env *self, const uint8_t *saved);
    int (*draw)(const sl_env *self, int v, sl_shape *shapes, int capacity);
    void (*tell_action)(const sl_env *self, int agent, int32_t action, char text[SL_NAME_SIZE]);
} sl_env_class;

struct sl_env {
    const sl_env_class *class;
    int V;
    sl_env_spec spec;
    sl_camera camera;
};

#endif
