/* cpu_built.c - which features this build uses. Only data: it is compiled as all else is, with -march=native, and
 * must hold nothing that runs. */
#include "common/cpu_impl.h"

// a predefined macro is 1 where the compiler may use the feature; else its name stays, which is longer
#define TEXT_OF(x)      #x
#define IS_BUILT(macro) (sizeof TEXT_OF(macro) == sizeof "1")

#if defined(__x86_64__)
#define YMM 0x06u
#define ZMM 0xe6u
#define ROW(name, macro, leaf, subleaf, in, bit, state)                                                              \
    { name, IS_BUILT(macro), leaf, subleaf, SL_CPU_##in, bit, state }

const sl_cpu_row sl_cpu_rows[] = {
    ROW("sse3", __SSE3__, 1, 0, ECX, 0, 0),
    ROW("pclmul", __PCLMUL__, 1, 0, ECX, 1, 0),
    ROW("ssse3", __SSSE3__, 1, 0, ECX, 9, 0),
    ROW("fma", __FMA__, 1, 0, ECX, 12, YMM),
    ROW("sse4.1", __SSE4_1__, 1, 0, ECX, 19, 0),
    ROW("sse4.2", __SSE4_2__, 1, 0, ECX, 20, 0),
    ROW("movbe", __MOVBE__, 1, 0, ECX, 22, 0),
    ROW("popcnt", __POPCNT__, 1, 0, ECX, 23, 0),
    ROW("aes", __AES__, 1, 0, ECX, 25, 0),
    ROW("avx", __AVX__, 1, 0, ECX, 28, YMM),
    ROW("f16c", __F16C__, 1, 0, ECX, 29, YMM),
    ROW("bmi", __BMI__, 7, 0, EBX, 3, 0),
    ROW("avx2", __AVX2__, 7, 0, EBX, 5, YMM),
    ROW("bmi2", __BMI2__, 7, 0, EBX, 8, 0),
    ROW("avx512f", __AVX512F__, 7, 0, EBX, 16, ZMM),
    ROW("avx512dq", __AVX512DQ__, 7, 0, EBX, 17, ZMM),
    ROW("adx", __ADX__, 7, 0, EBX, 19, 0),
    ROW("avx512ifma", __AVX512IFMA__, 7, 0, EBX, 21, ZMM),
    ROW("avx512cd", __AVX512CD__, 7, 0, EBX, 28, ZMM),
    ROW("sha", __SHA__, 7, 0, EBX, 29, 0),
    ROW("avx512bw", __AVX512BW__, 7, 0, EBX, 30, ZMM),
    ROW("avx512vl", __AVX512VL__, 7, 0, EBX, 31, ZMM),
    ROW("avx512vbmi", __AVX512VBMI__, 7, 0, ECX, 1, ZMM),
    ROW("avx512vbmi2", __AVX512VBMI2__, 7, 0, ECX, 6, ZMM),
    ROW("gfni", __GFNI__, 7, 0, ECX, 8, 0),
    ROW("vaes", __VAES__, 7, 0, ECX, 9, YMM),
    ROW("vpclmulqdq", __VPCLMULQDQ__, 7, 0, ECX, 10, YMM),
    ROW("avx512vnni", __AVX512VNNI__, 7, 0, ECX, 11, ZMM),
    ROW("avx512bitalg", __AVX512BITALG__, 7, 0, ECX, 12, ZMM),
    ROW("avx512vpopcntdq", __AVX512VPOPCNTDQ__, 7, 0, ECX, 14, ZMM),
    ROW("avx512fp16", __AVX512FP16__, 7, 0, EDX, 23, ZMM),
    ROW("avxvnni", __AVXVNNI__, 7, 1, EAX, 4, YMM),
    ROW("avx512bf16", __AVX512BF16__, 7, 1, EAX, 5, ZMM),
    ROW("lzcnt", __LZCNT__, 0x80000001u, 0, ECX, 5, 0),
    ROW("sse4a", __SSE4A__, 0x80000001u, 0, ECX, 6, 0),
    ROW("xop", __XOP__, 0x80000001u, 0, ECX, 11, YMM),
    ROW("fma4", __FMA4__, 0x80000001u, 0, ECX, 16, YMM),
    ROW("tbm", __TBM__, 0x80000001u, 0, ECX, 21, 0),
    {0},
};
#elif defined(__aarch64__) && defined(__linux__)
#define HWCAP  16u /* AT_HWCAP */
#define HWCAP2 26u /* AT_HWCAP2 */
#define ROW(text, macro, key, at)                                                                                    \
    { .name = (text), .built = IS_BUILT(macro), .leaf = (key), .bit = (at) }

const sl_cpu_row sl_cpu_rows[] = {
    ROW("crc32", __ARM_FEATURE_CRC32, HWCAP, 7),
    ROW("lse", __ARM_FEATURE_ATOMICS, HWCAP, 8),
    ROW("fp16", __ARM_FEATURE_FP16_VECTOR_ARITHMETIC, HWCAP, 10),
    ROW("rdm", __ARM_FEATURE_QRDMX, HWCAP, 12),
    ROW("jscvt", __ARM_FEATURE_JCVT, HWCAP, 13),
    ROW("fcma", __ARM_FEATURE_COMPLEX, HWCAP, 14),
    ROW("dotprod", __ARM_FEATURE_DOTPROD, HWCAP, 20),
    ROW("sve", __ARM_FEATURE_SVE, HWCAP, 22),
    ROW("sve2", __ARM_FEATURE_SVE2, HWCAP2, 1),
    ROW("i8mm", __ARM_FEATURE_MATMUL_INT8, HWCAP2, 13),
    ROW("bf16", __ARM_FEATURE_BF16, HWCAP2, 14),
    {0},
};
#else
const sl_cpu_row sl_cpu_rows[] = {{0}};
#endif
