/* bench_nn.c - the speed of nn/: forward and backward of the shapes that training uses, in GFLOP/s and as a share of
 * this thread's sgemm peak measured beside it; in float32, and in bf16 where the CPU has it. One thread; a few
 * seconds. bench_nn [WORD]: only the shapes whose name holds the word. */
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "nn/blas_start.h"
#include "nn/gemm_bf16.h"
#include "nn/net.h"
#include "nn/optim.h"

#include <stdio.h>
#include <string.h>

typedef struct shape {
    const char *name;
    sl_net_def def;
    int T, B;
} shape;

// clang-format off
static const shape shapes[] = {
    {"spread's actor 2x256",         {18, 256, 5, 2, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 1200},
    {"spread's critic 2x128",        {54, 128, 1, 2, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 400},
    {"spread's student 3x16 tanh",   {18, 16, 5, 3, SL_CELL_NONE, SL_ACT_TANH, false}, 1, 400},
    {"spread's student 3x32 tanh",   {18, 32, 5, 3, SL_CELL_NONE, SL_ACT_TANH, false}, 1, 400},
    {"reference-mappo's actor",      {21, 64, 5, 2, SL_CELL_GRU, SL_ACT_RELU, true}, 10, 72},
    {"reference-mappo's critic",     {54, 64, 1, 2, SL_CELL_GRU, SL_ACT_RELU, true}, 10, 72},
    {"five-agents' actor 3x64",      {35, 64, 5, 3, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 1024},
    {"five-agents' critic 3x128",    {150, 128, 1, 3, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 1024},
    {"3m's actor GRU-256",           {33, 256, 9, 1, SL_CELL_GRU, SL_ACT_RELU, false}, 10, 48},
    {"8m's actor GRU-256",           {88, 256, 14, 1, SL_CELL_GRU, SL_ACT_RELU, false}, 10, 48},
    {"8m's critic 2x128",            {256, 128, 1, 2, SL_CELL_NONE, SL_ACT_RELU, false}, 1, 1024},
    {"3m's student GRU-16 tanh",     {30, 16, 9, 1, SL_CELL_GRU, SL_ACT_TANH, false}, 25, 16},
    {"3m's student GRU-32 tanh",     {30, 32, 9, 1, SL_CELL_GRU, SL_ACT_TANH, false}, 25, 16},
    {"GRU-64, T 10, B 960",          {21, 64, 5, 1, SL_CELL_GRU, SL_ACT_RELU, false}, 10, 960},
};
// clang-format on

// FLOPs of the matrix products of one row's forward, which is what a share of the sgemm peak compares
static double product_flops(const sl_net_def *def) {
    double I = def->in_dim, H = def->hidden, A = def->out_dim;
    double cell = def->cell == SL_CELL_GRU ? 2 * H * 3 * H : 0;
    return 2 * (I * H + (def->n_layers - 1) * H * H + cell + H * A);
}

// and of its backward: two products for each of the forward's, but nobody asks for the gradient of the input
static double backward_flops(const sl_net_def *def) {
    double unused = def->layer_norm ? 0 : 2.0 * def->in_dim * def->hidden;
    return 2 * product_flops(def) - unused;
}

static float *floats(size_t n, sl_rng *rng) {
    float *values = sl_alloc_array(n, sizeof *values);
    for (size_t i = 0; values && i < n; i++) values[i] = (float)sl_rng_normal(rng);
    return values;
}

// best of half a second of rounds, in CPU time: others on the machine do not count
static sl_status run(const shape *s, bool bf16, double peak) {
    sl_rng rng = sl_rng_seed(1);
    size_t rows = (size_t)s->T * (size_t)s->B, n = sl_net_n_params(&s->def);
    float *x = floats(rows * (size_t)s->def.in_dim, &rng), *dout = floats(rows * (size_t)s->def.out_dim, &rng);
    float *out = floats(rows * (size_t)s->def.out_dim, &rng), *params = floats(n, &rng), *grads = floats(n, &rng);
    sl_net_workspace *ws = NULL;
    sl_status status = bf16 ? sl_net_workspace_create_bf16(&s->def, s->T, s->B, &ws)
                            : sl_net_workspace_create(&s->def, s->T, s->B, &ws);
    if (status == SL_OK && (!x || !dout || !out || !params || !grads)) status = sl_fail(SL_MEMORY, NULL, "no memory");
    double best[2] = {1e9, 1e9};
    if (status == SL_OK) sl_net_init(&s->def, 0.01f, &rng, params);
    for (double end = sl_clock_seconds() + 0.5; status == SL_OK && sl_clock_seconds() < end;) {
        double start = sl_clock_cpu();
        sl_net_forward(&s->def, params, ws, s->T, s->B, x, NULL, NULL, out, NULL);
        double middle = sl_clock_cpu();
        sl_net_backward(&s->def, params, ws, dout, NULL, grads);
        double stop = sl_clock_cpu();
        if (middle - start < best[0]) best[0] = middle - start;
        if (stop - middle < best[1]) best[1] = stop - middle;
    }
    if (status == SL_OK) {
        double forward = product_flops(&s->def) * (double)rows * 1e-9;
        double backward = backward_flops(&s->def) * (double)rows * 1e-9;
        double both = (forward + backward) / (best[0] + best[1]);
        printf("%-28s %-4s forward %6.1f  backward %6.1f  both %6.1f GFLOP/s  %3.0f %% of peak  %7.1f ns a row\n",
               s->name, bf16 ? "bf16" : "f32", forward / best[0], backward / best[1], both, 100 * both / peak,
               1e9 * (best[0] + best[1]) / (double)rows);
    }
    sl_net_workspace_destroy(&ws);
    sl_free(x);
    sl_free(dout);
    sl_free(out);
    sl_free(params);
    sl_free(grads);
    return status;
}

int main(int argc, char **argv) {
    sl_log_init("bench_nn", SL_LOG_INFO, false);
    sl_blas_init(argv);
    double peak = sl_blas_peak_gflops();
    printf("sgemm peak of one thread: %.1f GFLOP/s (%s)\n", peak, sl_blas_core());
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (argc > 1 && !strstr(shapes[i].name, argv[1])) continue;
        sl_status status = run(&shapes[i], false, peak);
        if (status == SL_OK && sl_bf16_get_kind() != SL_BF16_NONE) status = run(&shapes[i], true, peak);
        if (status != SL_OK) {
            sl_error_print("bench_nn");
            return sl_status_exit_code(status);
        }
    }
    return 0;
}
