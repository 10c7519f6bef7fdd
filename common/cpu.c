/* cpu.c - see cpu.h. Compiled without -march=native; calls nothing of ours. */
#include "common/cpu.h"

#include "common/cpu_impl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

// the registers that the kernel saves: without its consent AVX is an illegal instruction
static uint32_t saved_state(void) {
    unsigned words[4], high;
    if (!__get_cpuid(1, &words[0], &words[1], &words[2], &words[3]) || !(words[2] & bit_OSXSAVE)) return 0;
    __asm__ volatile("xgetbv" : "=a"(words[0]), "=d"(high) : "c"(0));
    return words[0];
}

static bool has(const sl_cpu_row *row, uint32_t state) {
    unsigned words[4];
    if (!__get_cpuid_count(row->leaf, row->subleaf, &words[0], &words[1], &words[2], &words[3])) return false;
    return (words[row->in] >> row->bit & 1) && (state & row->state) == row->state;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static uint32_t saved_state(void) {
    return 0;
}

static bool has(const sl_cpu_row *row, uint32_t state) {
    (void)state;
    return getauxval(row->leaf) >> row->bit & 1;
}
#else
static uint32_t saved_state(void) {
    return 0;
}

static bool has(const sl_cpu_row *row, uint32_t state) {
    (void)row;
    (void)state;
    return true;
}
#endif

// SL_MISMATCH's: the table of status.c is behind code that this CPU may not run
enum { EXIT_CODE = 6 };

uint64_t sl_cpu_built(void) {
    uint64_t word = 0;
    for (int i = 0; sl_cpu_rows[i].name; i++) word |= (uint64_t)sl_cpu_rows[i].built << i;
    return word;
}

uint64_t sl_cpu_present(void) {
    uint64_t word = 0;
    uint32_t state = saved_state();
    for (int i = 0; sl_cpu_rows[i].name; i++) word |= (uint64_t)has(&sl_cpu_rows[i], state) << i;
    return word;
}

const char *sl_cpu_feature(int index) {
    for (int i = 0; i <= index; i++) {
        if (!sl_cpu_rows[i].name) return NULL;
    }
    return sl_cpu_rows[index].name;
}

void sl_cpu_require(const char *program, uint64_t built, uint64_t present) {
    uint64_t missing = built & ~present;
    if (!missing) return;
    int first = 0, n = 0;
    while (!(missing >> first & 1)) first++;
    for (uint64_t rest = missing; rest; rest &= rest - 1) n++;
    char more[32] = "";
    if (n > 1) (void)snprintf(more, sizeof more, " and %d more", n - 1);
    (void)dprintf(STDERR_FILENO,
                  "%s: built for another CPU: this one has no %s%s\n  hint: build with -DSL_NATIVE=OFF\n", program,
                  sl_cpu_feature(first), more);
    _exit(EXIT_CODE);
}

// before a library's constructor, and whatever else is in this array: program_invocation_short_name is not set yet
static void check(int argc, char **argv) {
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "starling";
    sl_cpu_require(name, sl_cpu_built(), sl_cpu_present());
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **) = check;
