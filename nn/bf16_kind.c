/* bf16_kind.c - what the CPU and the operating system allow of gemm_bf16.h; compiled for the least CPU. */
#include "nn/gemm_bf16.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

// the kernel grants the state of tiles to a process that asks
static bool has_tiles(void) {
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    if (!(d & AMX_BF16) || !(d & AMX_TILE)) return false;
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

sl_bf16_kind sl_bf16_get_kind(void) {
    if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512bw")) return SL_BF16_NONE;
    return has_tiles() ? SL_BF16_AMX : SL_BF16_AVX512;
}

const char *sl_bf16_describe_cpu(void) {
    switch (sl_bf16_get_kind()) {
    case SL_BF16_AMX:
        return "AMX-BF16 and AVX512-BF16";
    case SL_BF16_AVX512:
        return "AVX512-BF16 without AMX";
    default:
        break;
    }
    if (__builtin_cpu_supports("avx512f")) return "AVX-512 without BF16";
    return __builtin_cpu_supports("avx2") ? "AVX2" : "no AVX2";
}
#else
sl_bf16_kind sl_bf16_get_kind(void) {
    return SL_BF16_NONE;
}

const char *sl_bf16_describe_cpu(void) {
    return "no x86-64 instructions";
}
#endif
