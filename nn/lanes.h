/* lanes.h - sixteen floats as one value, through the vector extension that gcc and clang share. They
 * split it into whatever registers the machine has; the order of every sum, and so the bits, stay the same. */
#ifndef SL_NN_LANES_H
#define SL_NN_LANES_H

enum { SL_LANES = 16 };
typedef float sl_vec16 __attribute__((vector_size(64)));
typedef float sl_vec8 __attribute__((vector_size(32)));
typedef float sl_vec4 __attribute__((vector_size(16)));
/* The same in memory: at any float's address. */
typedef float sl_vec16_at __attribute__((vector_size(64), aligned(4), may_alias));

/* Macros, since a function that returns a wide vector has no fixed ABI on machines with narrow registers. */
#define SL_LOAD16(from)   (*(const sl_vec16_at *)(from))
#define SL_STORE16(to, v) (*(sl_vec16_at *)(to) = (v))

/* The sum of all lanes, halves onto halves. */
static inline float sl_sum16(const sl_vec16 *lanes) {
    sl_vec16 v = *lanes;
    sl_vec8 a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    sl_vec4 b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    return (b[0] + b[2]) + (b[1] + b[3]);
}

#endif
