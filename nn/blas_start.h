/* blas_start.h - the start-up of OpenBLAS that picks its fast kernels, and its speed. */
#ifndef SL_NN_BLAS_START_H
#define SL_NN_BLAS_START_H

/* First thing in main() of a program that uses nn/: sets BLAS threads to 1 and, when the CPU is newer than the
 * library knows (it fell back to a generic core), re-executes the program once with OPENBLAS_CORETYPE set, with a
 * log line. argv as main got it. Returns when there is nothing (more) to do. */
void sl_blas_init(char **argv);
const char *sl_blas_core(void); /* "SkylakeX" */

/* GFLOP/s of this thread's sgemm at its best square size: the peak that shares are quoted of. Takes ~0.2 s. */
double sl_blas_peak_gflops(void);

#endif
