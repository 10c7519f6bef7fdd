/* cpu_impl.h - the table that cpu_built.c and cpu.c share. Private to common/. */
#ifndef SL_COMMON_CPU_IMPL_H
#define SL_COMMON_CPU_IMPL_H

#include <stdbool.h>
#include <stdint.h>

typedef enum sl_cpu_register { SL_CPU_EAX, SL_CPU_EBX, SL_CPU_ECX, SL_CPU_EDX } sl_cpu_register;

typedef struct sl_cpu_row {
    const char *name;
    bool built;             /* the compiler was told that it is there */
    uint32_t leaf, subleaf; /* x86: of cpuid. arm64: leaf is the key of getauxval */
    sl_cpu_register in;
    int bit;
    uint32_t state; /* x86: bits of XCR0 that must be set: the kernel saves these registers */
} sl_cpu_row;

extern const sl_cpu_row sl_cpu_rows[]; /* at most 64, then one without a name */

#endif
