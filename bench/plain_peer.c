/* plain_peer.c - starling-plain-peer: measures decisions in plain C as starling-agent-<H> --bench measures its own.
 * Started by 'starling bench inference', beside the agents and in turn with them. */
#include "bench/plain.h"
#include "common/clock.h"
#include "common/json_line.h"
#include "common/program.h"
#include "common/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 64 };

typedef struct measure {
    int64_t n_decisions, ns, best_ns; /* best_ns: of one batch */
    int64_t actions;                  /* their sum, so that no decision is optimised away */
} measure;

static sl_rng rng;

static float draw(void) {
    return (float)sl_rng_between(&rng, -0.3, 0.3);
}

#define SIZE(hidden) extern const sl_plain sl_plain_##hidden;
SL_PLAIN_SIZES
#undef SIZE

const sl_plain *sl_plain_find(int hidden) {
#define SIZE(size) &sl_plain_##size,
    static const sl_plain *const all[] = {SL_PLAIN_SIZES};
#undef SIZE
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->hidden == hidden) return all[i];
    return NULL;
}

static void decide_batch(int (*decide)(const float *), int n, float inputs[INPUTS][SL_PLAIN_OBS], measure *to) {
    double start = sl_clock_cpu();
    for (int i = 0; i < n; i++) to->actions += decide(inputs[i % INPUTS]);
    int64_t ns = (int64_t)((sl_clock_cpu() - start) * 1e9);
    to->ns += ns;
    if (!to->n_decisions || ns < to->best_ns) to->best_ns = ns;
    to->n_decisions += n;
}

// both ways to store the weights batch by batch, and of them the faster
static void bench(const sl_plain *self, sl_plain_net net, double seconds) {
    static float inputs[INPUTS][SL_PLAIN_OBS];
    const int batch = 32000 / self->hidden;
    measure warm = {0}, results[SL_PLAIN_ROWS] = {{0}};
    rng = sl_rng_seed(1);
    for (int i = 0; i < INPUTS * SL_PLAIN_OBS; i++) inputs[i / SL_PLAIN_OBS][i % SL_PLAIN_OBS] = draw();
    self->reset(draw);
    double until = sl_clock_seconds() + seconds;
    do
        for (int rows = 0; rows < SL_PLAIN_ROWS; rows++) {
            decide_batch(self->decide[net][rows], batch / 8, inputs, &warm);
            decide_batch(self->decide[net][rows], batch, inputs, &results[rows]);
        }
    while (sl_clock_seconds() < until);
    const measure *by_input = &results[SL_PLAIN_BY_INPUT], *by_output = &results[SL_PLAIN_BY_OUTPUT];
    const measure *best = by_output->ns < by_input->ns ? by_output : by_input;
    sl_json_line line = {0};
    sl_json_line_text(&line, "program", "starling-plain-peer");
    sl_json_line_whole(&line, "hidden", self->hidden);
    sl_json_line_text(&line, "cell", net == SL_PLAIN_GRU ? "gru" : "none");
    sl_json_line_text(&line, "rows", best == by_input ? "inputs" : "outputs");
    sl_json_line_whole(&line, "decisions", best->n_decisions);
    sl_json_line_number(&line, "ns_per_decision", (double)best->ns / (double)best->n_decisions, 1);
    sl_json_line_number(&line, "best_ns_per_decision", (double)best->best_ns / batch, 1);
    sl_json_line_number(&line, "mean_action", (double)best->actions / (double)best->n_decisions, 3);
    sl_json_line_print(&line);
}

int main(int argc, char **argv) {
    sl_program_begin("starling-plain-peer");
    const sl_plain *self = argc == 4 ? sl_plain_find((int)strtol(argv[1], NULL, 10)) : NULL;
    bool is_gru = argc == 4 && strcmp(argv[2], "gru") == 0;
    double seconds = argc == 4 ? strtod(argv[3], NULL) : 0.0;
    if (!self || (!is_gru && strcmp(argv[2], "none") != 0) || !(seconds > 0.0 && seconds <= 3600.0)) {
        fprintf(stderr,
                "usage: starling-plain-peer HIDDEN gru|none SECONDS (started by 'starling bench inference')\n");
        return 2;
    }
    bench(self, is_gru ? SL_PLAIN_GRU : SL_PLAIN_TANH, seconds);
    return 0;
}
