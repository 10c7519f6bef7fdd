/* bench.c - the measuring loop of `starling env bench`. */
#include "envs/bench.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/pool.h"

enum { CHUNK = 4 * SL_ENV_LANES, MAX_THREADS = 256 };

/* What one chunk of copies adds up; a cache line each, so that threads do not share one. */
typedef struct tally {
    sl_rng stream;
    double sum;
    int64_t n_ended;
    char padding[16];
} tally;

typedef struct bench {
    sl_env *env;
    const sl_env_spec *spec;
    int V;
    bool masked; /* what is legal changes with the state */
    sl_env_out out;
    int32_t *choices; /* (V, N) */
    float *actions;   /* (V, N, A), NULL: actions are choices */
    tally *tallies;   /* a chunk each */
    sl_pool *pool;
} bench;

// four choices from one draw: 16 bits each are ample for a handful of actions
static void choose(const bench *b, int begin, int end, sl_rng *stream) {
    int N = b->spec->n_agents;
    uint64_t bits = 0;
    int left = 0;
    for (int v = begin; v < end; v++) {
        for (int i = 0; i < N; i++) {
            if (left == 0) {
                bits = sl_rng_u64(stream);
                left = 4;
            }
            b->choices[v * N + i] = (int32_t)(((bits & 0xffffu) * (uint64_t)b->spec->agents[i].n_actions) >> 16);
            bits >>= 16;
            left--;
        }
    }
}

// uniform over what is legal: the action before which there are as many legal ones as were drawn
static void choose_legal(const bench *b, int begin, int end, sl_rng *stream) {
    int N = b->spec->n_agents, A = b->spec->n_actions;
    for (int k = begin * N; k < end * N; k++) {
        const uint8_t *legal = b->out.avail + (size_t)k * (size_t)A;
        uint32_t n = 0, seen = 0;
        for (int a = 0; a < A; a++) n += legal[a];
        uint32_t drawn = sl_rng_below(stream, n);
        int32_t choice = 0;
        for (int a = 0; a < A; a++) {
            seen += legal[a];
            choice += seen <= drawn;
        }
        b->choices[k] = choice;
    }
}

static void choose_continuous(const bench *b, int begin, int end, sl_rng *stream) {
    int row = b->spec->n_agents * b->spec->n_actions;
    for (int k = begin * row; k < end * row; k++) b->actions[k] = (float)(sl_rng_u64(stream) >> 40) * 0x1p-24f;
}

static void run_chunk(void *context, int task, int thread) {
    (void)thread;
    bench *b = context;
    tally local = b->tallies[task];
    int begin = task * CHUNK, end = begin + CHUNK < b->V ? begin + CHUNK : b->V, N = b->spec->n_agents;
    for (int t = 0; t < SL_ENV_BENCH_STEPS; t++) {
        if (b->spec->continuous) {
            choose_continuous(b, begin, end, &local.stream);
            sl_env_step_continuous(b->env, begin, end, b->actions, &b->out);
        } else {
            if (b->masked) {
                choose_legal(b, begin, end, &local.stream);
            } else {
                choose(b, begin, end, &local.stream);
            }
            sl_env_step(b->env, begin, end, b->choices, &b->out);
        }
        for (int k = begin * N; k < end * N; k++) local.sum += b->out.reward[k];
        int n_done = 0;
        for (int v = begin; v < end; v++) {
            b->out.truncated[v] |= b->out.terminated[v];
            n_done += b->out.truncated[v];
        }
        local.n_ended += n_done;
        if (n_done) sl_env_reset(b->env, begin, end, b->out.truncated, &b->out);
    }
    b->tallies[task] = local;
}

// where agents merely differ in their number of actions, that number is the mask
static bool is_masked(const sl_env_spec *spec) {
    bool equal = spec->masks_actions;
    for (int i = 0; i < spec->n_agents; i++) equal &= spec->agents[i].n_actions == spec->n_actions;
    return equal;
}

static sl_status allocate(bench *b, int n_chunks) {
    size_t V = (size_t)b->V, N = (size_t)b->spec->n_agents, A = (size_t)b->spec->n_actions;
    b->out.obs = sl_alloc_array(V * N * (size_t)b->spec->obs_dim, sizeof(float));
    if (b->masked) b->out.avail = sl_alloc_array(V * N, A);
    if (!b->spec->state_is_obs) b->out.state = sl_alloc_array(V * (size_t)b->spec->state_dim, sizeof(float));
    b->out.reward = sl_alloc_array(V * N, sizeof(double));
    b->out.terminated = sl_alloc_array(V, 1);
    b->out.truncated = sl_alloc_array(V, 1);
    b->choices = sl_alloc_array(V * N, sizeof(int32_t));
    if (b->spec->continuous) b->actions = sl_alloc_array(V * N * A, sizeof(float));
    b->tallies = sl_alloc_array((size_t)n_chunks, sizeof(tally));
    if (!b->out.obs || (b->masked && !b->out.avail) || (!b->spec->state_is_obs && !b->out.state) || !b->out.reward ||
        !b->out.terminated || !b->out.truncated || !b->choices || (b->spec->continuous && !b->actions) ||
        !b->tallies) {
        return sl_fail(SL_MEMORY, "ask for fewer copies", "cannot allocate a bench of %d copies", b->V);
    }
    return SL_OK;
}

static void measure(bench *b, int n_chunks, double seconds, sl_env_bench_result *out) {
    sl_rng stream = sl_rng_seed(1);
    for (int c = 0; c < n_chunks; c++) b->tallies[c].stream = sl_rng_split(&stream, (uint64_t)c);
    sl_env_reset(b->env, 0, b->V, NULL, &b->out);
    sl_env_bench_result result = {0};
    double start = sl_clock_seconds(), cpu_start = sl_clock_cpu();
    do {
        sl_pool_run(b->pool, n_chunks, run_chunk, b);
        result.env_steps += (int64_t)b->V * SL_ENV_BENCH_STEPS;
        result.seconds = sl_clock_seconds() - start;
    } while (result.seconds < seconds);
    result.cpu_seconds = sl_clock_cpu() - cpu_start;
    double sum = 0.0;
    int64_t n_ended = 0;
    for (int c = 0; c < n_chunks; c++) {
        sum += b->tallies[c].sum;
        n_ended += b->tallies[c].n_ended;
    }
    result.env_steps_per_second = (double)result.env_steps / result.seconds;
    result.agent_steps_per_second = result.env_steps_per_second * b->spec->n_agents;
    if (b->spec->shared_reward) sum /= b->spec->n_agents;
    result.mean_return = n_ended ? sum / (double)n_ended : 0.0;
    result.checksum = sl_env_hash(b->env);
    *out = result;
}

sl_status sl_env_bench(const char *name, const sl_env_options *options, int V, int threads, double seconds,
                       sl_env_bench_result *out) {
    if (threads < 1 || threads > MAX_THREADS) return sl_fail(SL_CONFIG, "1 to 256", "%d threads", threads);
    bench b = {.V = V};
    sl_memory_forget_peak();
    double n_before = sl_memory_resident();
    sl_rng stream = sl_rng_seed(0);
    SL_TRY(sl_env_create(name, options, V, &stream, &b.env));
    b.spec = sl_env_get_spec(b.env);
    b.masked = is_masked(b.spec);
    int n_chunks = (V + CHUNK - 1) / CHUNK;
    sl_status status = allocate(&b, n_chunks);
    if (status == SL_OK) status = sl_pool_create(threads, &b.pool);
    if (status == SL_OK) {
        measure(&b, n_chunks, seconds, out);
        out->n_bytes = sl_memory_peak() - n_before;
    }
    sl_pool_destroy(&b.pool);
    sl_free(b.out.obs);
    sl_free(b.out.avail);
    sl_free(b.out.state);
    sl_free(b.out.reward);
    sl_free(b.out.terminated);
    sl_free(b.out.truncated);
    sl_free(b.choices);
    sl_free(b.actions);
    sl_free(b.tallies);
    sl_env_destroy(&b.env);
    return status;
}
