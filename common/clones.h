/* clones.h - what is included by the files that cmake/clones.cmake writes: CLONES(f) makes f one of f's clones,
 * chosen by the loader before anything of the program runs. So nothing here may call what is not inlined. */
#ifndef SL_COMMON_CLONES_H
#define SL_COMMON_CLONES_H

typedef void sl_clone(void);

// without prototypes: the addresses alone matter
#define CLONE(f, level) extern sl_clone f##_##level __asm__(#f "." #level) __attribute__((visibility("hidden")));
#define CHOOSE(f)       __attribute__((ifunc("choose_" #f))) void f(void);

#if defined(__arm__)
/* The kernel's word for VFPv4, which can multiply and add in one; the loader hands it over. */
enum { SL_CLONE_VFPV4 = 1 << 16 };

#define CLONES(f)                                                                                                    \
    CLONE(f, vfpv4)                                                                                                  \
    CLONE(f, least)                                                                                                  \
    extern sl_clone f;                                                                                               \
    static __attribute__((used)) sl_clone *choose_##f(unsigned long has) {                                           \
        return has & SL_CLONE_VFPV4 ? f##_vfpv4 : f##_least;                                                         \
    }                                                                                                                \
    CHOOSE(f)
#else
/* What -march=x86-64-v3 and -v4 use, of which the compiler's library knows; it also asks whether the kernel saves the
 * registers. A CPU with the last of a generation has its others. */
static inline __attribute__((always_inline)) sl_clone *sl_clone_choose(sl_clone *v4, sl_clone *v3, sl_clone *least) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2"))
        return least;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return v4;
    return v3;
}

#define CLONES(f)                                                                                                    \
    CLONE(f, v4)                                                                                                     \
    CLONE(f, v3)                                                                                                     \
    CLONE(f, least)                                                                                                  \
    extern sl_clone f;                                                                                               \
    static __attribute__((used)) sl_clone *choose_##f(void) {                                                        \
        return sl_clone_choose(f##_v4, f##_v3, f##_least);                                                           \
    }                                                                                                                \
    CHOOSE(f)
#endif

#endif
