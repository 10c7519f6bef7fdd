/* field.h - copies of an environment with room for all that they write, and maps of a test's own. Included after
 * cmocka.h. */
#ifndef SL_ENVS_FIELD_H
#define SL_ENVS_FIELD_H

#include "common/alloc.h"
#include "common/array_pool.h"
#include "envs/env.h"
#include "support/temp_folder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct field {
    sl_env *env;
    const sl_env_spec *spec;
    int V;
    float *obs, *state, *forces; /* (V, N, O), (V, S); (V, N, A): continuous actions */
    uint8_t *avail, *alive;      /* (V, N, A), (V, N) */
    uint8_t *terminated, *truncated, *won;
    double *reward;   /* (V, N) */
    int32_t *actions; /* (V, N) */
    sl_env_out out;   /* all of these */
    sl_rng players;   /* a stream for them */
    sl_array_pool arrays;
} field;

/* Its first episodes begin. */
static inline field *field_open(const char *name, const sl_env_options *options, int V, uint64_t seed) {
    field *f = sl_alloc(sizeof *f);
    assert_non_null(f);
    sl_rng stream = sl_rng_seed(seed);
    if (sl_env_create(name, options, V, &stream, &f->env) != SL_OK) fail_msg("%s", sl_error_what());
    const sl_env_spec *spec = f->spec = sl_env_get_spec(f->env);
    sl_array_pool *k = &f->arrays;
    int64_t n = (int64_t)V * spec->n_agents, n_avail = n * spec->n_actions;
    f->V = V;
    f->players = sl_rng_seed(seed + 1);
    f->obs = SL_TAKE_FLOATS(k, n * spec->obs_dim);
    f->state = SL_TAKE_FLOATS(k, (int64_t)V * spec->state_dim);
    f->forces = SL_TAKE_FLOATS(k, n_avail);
    f->avail = sl_array_pool_take(k, n_avail, 1);
    f->alive = sl_array_pool_take(k, n, 1);
    f->terminated = sl_array_pool_take(k, V, 1);
    f->truncated = sl_array_pool_take(k, V, 1);
    f->won = sl_array_pool_take(k, V, 1);
    f->reward = sl_array_pool_take(k, n, sizeof *f->reward);
    f->actions = sl_array_pool_take(k, n, sizeof *f->actions);
    assert_false(k->failed);
    f->out = (sl_env_out){.obs = f->obs,
                          .state = f->state,
                          .avail = f->avail,
                          .reward = f->reward,
                          .terminated = f->terminated,
                          .truncated = f->truncated,
                          .alive = f->alive,
                          .won = f->won};
    sl_env_reset(f->env, 0, V, NULL, &f->out);
    return f;
}

static inline void field_close(field *f) {
    sl_env_destroy(&f->env);
    sl_array_pool_fini(&f->arrays);
    sl_free(f);
}

/* Copies [begin, end) take a step; those whose episode ends with it begin the next, and say truncated. */
static inline void field_step(field *f, int begin, int end) {
    if (f->spec->continuous)
        sl_env_step_continuous(f->env, begin, end, f->forces, &f->out);
    else
        sl_env_step(f->env, begin, end, f->actions, &f->out);
    for (int v = begin; v < end; v++) f->truncated[v] |= f->terminated[v];
    sl_env_reset(f->env, begin, end, f->truncated, &f->out);
}

/* Legal actions, drawn from the stream. */
static inline void field_choose(field *f, sl_rng *stream) {
    enum { MOST = 64 };
    int A = f->spec->n_actions, list[MOST] = {0};
    assert_true(A <= MOST);
    for (int k = 0; k < f->V * f->spec->n_agents; k++) {
        int n = 0;
        for (int a = 0; a < A; a++) {
            if (f->avail[k * A + a]) list[n++] = a;
        }
        f->actions[k] = list[sl_rng_below(stream, (uint32_t)n)];
    }
}

static inline void assert_close(double x, double want, double tolerance) {
    if (!(fabs(x - want) <= tolerance)) fail_msg("%.9g is not within %g of %.9g", x, tolerance, want);
}

/* Writes a map into the folder; name becomes that of the battle on it. */
enum { FIELD_NAME = 512 };
static inline const char *field_map(const sl_temp_folder *folder, const char *file, const char *text,
                                    char name[static FIELD_NAME]) {
    const char *path = sl_temp_folder_write_text(folder, file, text);
    (void)snprintf(name, FIELD_NAME, "combat/%s", path);
    return name;
}

#endif
