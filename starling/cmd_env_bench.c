/* cmd_env_bench.c - starling env bench: random actions on V copies, T threads, for some seconds. What is timed is
 * stepping, the reset of finished episodes included; the actions are drawn before the clock starts. */
#include "starling/command.h"
#include "starling/options.h"
#include "starling/output.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/pool.h"
#include "envs/env.h"

#include <stdio.h>

enum { ACTION_ROWS = 64, CHUNK_STEPS = 32 };

typedef struct bench {
    sl_env *env;
    const sl_env_spec *spec;
    int V, threads;
    int32_t *actions; /* (ACTION_ROWS, V, N) */
    float *vectors;   /* (ACTION_ROWS, V, N, A), continuous */
    sl_env_out out;
    uint8_t *finished; /* (V) */
    int64_t step;      /* vector steps done */
} bench;

static sl_status bench_init(bench *b, const char *name, const sl_env_options *options, int V, int threads) {
    sl_rng stream = sl_rng_seed(1);
    SL_TRY(sl_env_create(name, options, V, &stream, &b->env));
    b->spec = sl_env_get_spec(b->env);
    b->V = V;
    b->threads = threads;
    size_t v = (size_t)V, n = (size_t)b->spec->n_agents, a = (size_t)b->spec->n_actions;
    size_t rows = ACTION_ROWS * v * n;
    b->actions = sl_alloc_array(rows, sizeof *b->actions);
    b->vectors = sl_alloc_array(b->spec->continuous ? rows * a : 1, sizeof *b->vectors);
    b->out.obs = sl_alloc_array(v * n * (size_t)b->spec->obs_dim, sizeof *b->out.obs);
    b->out.avail = sl_alloc_array(v * n * a, sizeof *b->out.avail);
    b->out.reward = sl_alloc_array(v * n, sizeof *b->out.reward);
    b->out.terminated = sl_alloc(v);
    b->out.truncated = sl_alloc(v);
    b->finished = sl_alloc(v);
    if (!b->actions || !b->vectors || !b->out.obs || !b->out.avail || !b->out.reward || !b->out.terminated ||
        !b->out.truncated || !b->finished) {
        return sl_fail(SL_MEMORY, "fewer copies: --envs", "no memory for %d copies of %s", V, name);
    }
    sl_rng draws = sl_rng_split_name(&stream, "actions");
    for (size_t i = 0; i < rows; i++) {
        int choices = b->spec->agents[i % n].n_actions;
        b->actions[i] = (int32_t)sl_rng_below(&draws, (uint32_t)choices);
    }
    for (size_t i = 0; b->spec->continuous && i < rows * a; i++) b->vectors[i] = (float)sl_rng_uniform(&draws);
    return SL_OK;
}

static void bench_fini(bench *b) {
    sl_env_destroy(&b->env);
    sl_free(b->actions);
    sl_free(b->vectors);
    sl_free(b->out.obs);
    sl_free(b->out.avail);
    sl_free(b->out.reward);
    sl_free(b->out.terminated);
    sl_free(b->out.truncated);
    sl_free(b->finished);
}

// task: thread's share of the copies, in whole lanes, CHUNK_STEPS steps at a time so that threads rarely meet
static void step_share(void *context, int task, int thread) {
    (void)thread;
    bench *b = context;
    int lanes = (b->V + SL_ENV_LANES - 1) / SL_ENV_LANES;
    int begin = lanes * task / b->threads * SL_ENV_LANES, end = lanes * (task + 1) / b->threads * SL_ENV_LANES;
    end = end < b->V ? end : b->V;
    if (begin >= end) return;
    size_t n = (size_t)b->spec->n_agents, row = (size_t)b->V * n;
    for (int64_t s = b->step; s < b->step + CHUNK_STEPS; s++) {
        size_t at = (size_t)(s % ACTION_ROWS) * row;
        if (b->spec->continuous) {
            sl_env_step_continuous(b->env, begin, end, b->vectors + at * (size_t)b->spec->n_actions, &b->out);
        } else {
            sl_env_step(b->env, begin, end, b->actions + at, &b->out);
        }
        int any = 0;
        for (int v = begin; v < end; v++) {
            b->finished[v] = b->out.terminated[v] | b->out.truncated[v];
            any |= b->finished[v];
        }
        if (any) sl_env_reset(b->env, begin, end, b->finished, &b->out);
    }
}

static sl_status bench_run(bench *b, double seconds, double *elapsed) {
    sl_pool *pool = NULL;
    SL_TRY(sl_pool_create(b->threads, &pool));
    sl_env_reset(b->env, 0, b->V, NULL, &b->out);
    // one untimed chunk touches all memory
    sl_pool_run(pool, b->threads, step_share, b);
    double begin = sl_clock_seconds();
    b->step = 0;
    do {
        sl_pool_run(pool, b->threads, step_share, b);
        b->step += CHUNK_STEPS;
        *elapsed = sl_clock_seconds() - begin;
    } while (*elapsed < seconds);
    sl_pool_destroy(&pool);
    return SL_OK;
}

static sl_status print_result(const bench *b, double elapsed, bool json) {
    double env_steps = (double)b->step * b->V, rate = env_steps / elapsed;
    if (!json) {
        printf("%s: %.0f env-steps/s, %.0f agent-steps/s (%d copies, %d thread%s, %.1f s)\n", b->spec->name, rate,
               rate * b->spec->n_agents, b->V, b->threads, b->threads == 1 ? "" : "s", elapsed);
        return SL_OK;
    }
    bool failed = false;
    json_t *object = json_object();
    sl_json_set(object, "env", json_string(b->spec->name), &failed);
    sl_json_set(object, "envs", json_integer(b->V), &failed);
    sl_json_set(object, "threads", json_integer(b->threads), &failed);
    sl_json_set(object, "seconds", sl_json_number(elapsed), &failed);
    sl_json_set(object, "env_steps", sl_json_number(env_steps), &failed);
    sl_json_set(object, "env_steps_per_second", sl_json_number(rate), &failed);
    sl_json_set(object, "agent_steps_per_second", sl_json_number(rate * b->spec->n_agents), &failed);
    return sl_json_print(object, failed);
}

sl_status sl_cmd_env_bench(const char *path, int argc, char **argv) {
    int64_t V = 1024, threads = 1, n_agents = 0;
    double seconds = 2, elapsed = 0;
    bool json = false;
    sl_env_options env_options = sl_env_default_options();
    const sl_option options[] = {
        {"envs", SL_OPTION_INT, "V", "copies (1024)", &V, 1, 1 << 20},
        {"threads", SL_OPTION_INT, "T", "threads (1)", &threads, 1, 256},
        {"seconds", SL_OPTION_REAL, "S", "how long (2)", &seconds, 0.01, 3600},
        {"agents", SL_OPTION_INT, "N", "number of agents, where it can be chosen", &n_agents, 0, SL_MAX_AGENTS},
        {"continuous", SL_OPTION_SWITCH, NULL, "continuous actions", &env_options.continuous, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0},
    };
    sl_usage usage = {path,   "NAME", "Steps copies of an environment with random actions and prints steps a second.",
                      1,      1,      6,
                      options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    if (n_agents > 0) env_options.n_agents = (int)n_agents;
    bench b = {0};
    sl_status status = bench_init(&b, args.v[0], &env_options, (int)V, (int)threads);
    if (status == SL_OK) status = bench_run(&b, seconds, &elapsed);
    if (status == SL_OK) status = print_result(&b, elapsed, json);
    bench_fini(&b);
    return status;
}
