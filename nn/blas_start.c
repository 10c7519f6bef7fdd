/* blas_start.c - sees to it that OpenBLAS gets its memory, and makes it use the kernels that the CPU can run. Main
 * thread, before any other. */
#include "nn/blas_start.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/program.h"

#include <cblas.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CORE_VARIABLE "OPENBLAS_CORETYPE"

const char *sl_blas_core(void) {
    return openblas_get_corename();
}

// cores that OpenBLAS falls back to when it does not know a CPU: none uses AVX-512, most not even AVX2
static int is_generic(const char *core) {
    static const char *const generic[] = {"Prescott", "Core2",       "Penryn",  "Dunnington", "Nehalem",
                                          "Atom",     "Sandybridge", "Haswell", "Zen",        "Barcelona",
                                          "Generic",  "Katmai",      "Unknown"};
    for (size_t i = 0; i < sizeof generic / sizeof generic[0]; i++) {
        if (strcasecmp(core, generic[i]) == 0) return 1;
    }
    return 0;
}

// the best core type that this CPU can run, or NULL when the fallback is all there is
static const char *best_core(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512cd")) {
        return "SkylakeX";
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
    return NULL;
}

void sl_blas_init(char **argv) {
    openblas_set_num_threads(1);
    // the library reads the variable when it is loaded: to change its mind the program must start again. A set
    // variable, ours or the user's, is the last word, so this happens at most once
    const char *core = openblas_get_corename(), *best = best_core();
    if (getenv(CORE_VARIABLE) || !best || !is_generic(core) || strcasecmp(core, best) == 0) return;
    if (strcasecmp(core, "Zen") == 0 && strcmp(best, "Haswell") == 0) return;
    if (setenv(CORE_VARIABLE, best, 1) != 0) return;
    SL_INFO("OpenBLAS chose its %s kernels for this CPU: starting again with %s=%s", core, CORE_VARIABLE, best);
    char self[SL_PROGRAM_BYTES];
    if (sl_program_self(self)) execv(self, argv);
    SL_WARN("cannot start again (%s): matrix products will be slow", strerror(errno));
    unsetenv(CORE_VARIABLE);
}

// before the library's constructor, which takes a buffer for each core and dies where there is no memory
static void check_memory(int argc, char **argv) {
    sl_status status = sl_program_need_memory();
    if (status == SL_OK) return;
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    sl_error_print(slash ? slash + 1 : argc > 0 ? argv[0] : "starling");
    _exit(sl_status_exit_code(status));
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(int, char **) = check_memory;

double sl_blas_peak_gflops(void) {
    enum { N = 512 };
    float *A = sl_alloc_array((size_t)3 * N * N, sizeof *A);
    if (!A) return 0;
    float *B = A + N * N, *C = B + N * N;
    for (int i = 0; i < 2 * N * N; i++) A[i] = (float)(i % 7) - 3.0f;
    double best = 0;
    for (double end = sl_clock_seconds() + 0.2, start; (start = sl_clock_seconds()) < end;) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1.0f, A, N, B, N, 0.0f, C, N);
        double seconds = sl_clock_seconds() - start;
        double rate = 2e-9 * N * N * N / seconds;
        if (rate > best) best = rate;
    }
    sl_free(A);
    return best;
}
