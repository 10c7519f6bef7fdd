/* env_class.h - what an environment implements. Inside envs/ only: callers see env.h and picture.h. An environment
 * embeds sl_env as its first member and fills in the class and the spec when it is created. */
#ifndef SL_ENVS_ENV_CLASS_H
#define SL_ENVS_ENV_CLASS_H

#include "envs/picture.h"

/* Arguments are those of env.h, checked already. */
typedef struct sl_env_class {
    void (*destroy)(sl_env *self);
    void (*seed)(sl_env *self, int v, const sl_rng *stream);
    void (*reset)(sl_env *self, int begin, int end, const uint8_t *which, sl_env_out *out);
    void (*step)(sl_env *self, int begin, int end, const int32_t *actions, sl_env_out *out);
    void (*step_continuous)(sl_env *self, int begin, int end, const float *actions, sl_env_out *out);
    void (*heuristic)(const sl_env *self, int begin, int end, int32_t *actions); /* NULL when there is none */
    size_t (*state_bytes)(const sl_env *self);
    void (*save)(const sl_env *self, uint8_t *bytes);
    sl_status (*load)(sl_env *self, const uint8_t *bytes, size_t n_bytes);
    uint64_t (*hash)(const sl_env *self);
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
