/* cpu.h - a build for its own machine's instructions (SL_NATIVE) says so on a CPU without them, instead of dying of
 * one. cpu.c is compiled for any machine of the architecture and looks before all constructors; every program
 * links it. Any thread. */
#ifndef SL_COMMON_CPU_H
#define SL_COMMON_CPU_H

#include <stdint.h>

/* What a CPU may have beyond the least of its architecture: bit i of a word is feature i of one table. */
uint64_t sl_cpu_built(void);           /* what this program was compiled to use */
uint64_t sl_cpu_present(void);         /* what this CPU has, and its kernel saves the registers of */
const char *sl_cpu_feature(int index); /* "avx2"; NULL past the last */

/* Ends the process with one line, a hint and SL_MISMATCH's exit code unless all of built is in present. */
void sl_cpu_require(const char *program, uint64_t built, uint64_t present);

#endif
