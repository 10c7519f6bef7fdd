/* bench.c - batches of decisions, in the time that this process works; the mean is what a long flight costs, the
 * fastest batch what the machine can do. */
#include "agent/bench.h"

#include "agent/program.h"
#include "common/clock.h"
#include "common/json_line.h"
#include "common/rng.h"

// about a quarter of a millisecond of decisions at 16 units, a few at 256
enum { BATCH = 32000 / SL_HIDDEN, INPUTS = 64 };

typedef struct measure {
    int64_t n_decisions, ns, best_ns; /* best_ns: of one batch */
    int64_t actions;                  /* their sum, so that no decision is optimised away */
} measure;

static void decide_batch(sl_kernel *kernel, const float *inputs, measure *to) {
    float logits[SL_KERNEL_ACTIONS];
    double start = sl_clock_cpu();
    sl_kernel_reset(kernel);
    for (int i = 0; i < BATCH; i++) {
        sl_kernel_decide(kernel, inputs + (i % INPUTS) * kernel->obs_dim, logits);
        to->actions += sl_kernel_choose(logits, NULL, kernel->n_actions);
    }
    int64_t ns = (int64_t)((sl_clock_cpu() - start) * 1e9);
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
    sl_json_line line = {0};
    sl_json_line_text(&line, "program", SL_AGENT_PROGRAM);
    sl_json_line_whole(&line, "hidden", SL_HIDDEN);
    sl_json_line_text(&line, "cell", kernel->gru ? "gru" : "none");
    sl_json_line_whole(&line, "obs", kernel->obs_dim);
    sl_json_line_whole(&line, "actions", kernel->n_actions);
    sl_json_line_whole(&line, "decisions", result.n_decisions);
    sl_json_line_number(&line, "ns_per_decision", (double)result.ns / (double)result.n_decisions, 1);
    sl_json_line_number(&line, "best_ns_per_decision", (double)result.best_ns / BATCH, 1);
    sl_json_line_number(&line, "mean_action", (double)result.actions / (double)result.n_decisions, 3);
    sl_json_line_print(&line);
}
