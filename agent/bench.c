/* bench.c - batches of decisions; the mean is what a long flight costs, the fastest batch what the machine can do. */
#include "agent/bench.h"

#include "agent/program.h"
#include "common/clock.h"
#include "common/rng.h"

#include <inttypes.h>
#include <stdio.h>

enum { BATCH = 2000, INPUTS = 64 };

typedef struct measure {
    int64_t n_decisions, ns, best_ns; /* best_ns: of one batch */
    int64_t actions;                  /* their sum, so that no decision is optimised away */
} measure;

static void decide_batch(sl_kernel *kernel, const float *inputs, measure *to) {
    float logits[SL_KERNEL_ACTIONS];
    int64_t start = sl_clock_ns();
    sl_kernel_reset(kernel);
    for (int i = 0; i < BATCH; i++) {
        sl_kernel_decide(kernel, inputs + (i % INPUTS) * kernel->obs_dim, logits);
        to->actions += sl_kernel_choose(logits, NULL, kernel->n_actions);
    }
    int64_t ns = sl_clock_ns() - start;
    to->ns += ns;
    if (!to->n_decisions || ns < to->best_ns) to->best_ns = ns;
    to->n_decisions += BATCH;
}

void sl_agent_bench(sl_kernel *kernel, double seconds) {
    static float inputs[INPUTS * SL_KERNEL_OBS];
    sl_rng rng = sl_rng_seed(1);
    for (int i = 0; i < INPUTS * kernel->obs_dim; i++) inputs[i] = (float)sl_rng_between(&rng, -1.0, 1.0);
    measure warm = {0}, result = {0};
    decide_batch(kernel, inputs, &warm);
    double until = sl_clock_seconds() + seconds;
    do decide_batch(kernel, inputs, &result);
    while (sl_clock_seconds() < until);
    printf("{\"program\":\"%s\",\"hidden\":%d,\"cell\":\"%s\",\"obs\":%d,\"actions\":%d,\"decisions\":%" PRId64
           ",\"ns_per_decision\":%.1f,\"best_ns_per_decision\":%.1f,\"mean_action\":%.3f}\n",
           SL_AGENT_PROGRAM, SL_HIDDEN, kernel->gru ? "gru" : "none", kernel->obs_dim, kernel->n_actions,
           result.n_decisions, (double)result.ns / (double)result.n_decisions, (double)result.best_ns / BATCH,
           (double)result.actions / (double)result.n_decisions);
}
