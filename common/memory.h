/* memory.h - what of this process lies in memory, as Linux counts it. Any thread. */
#ifndef SL_COMMON_MEMORY_H
#define SL_COMMON_MEMORY_H

/* Bytes that are resident now, and the most there ever were since the start or the last forget; NaN where the system
 * does not say. */
double sl_memory_resident(void);
double sl_memory_peak(void);
double sl_memory_peak_of(int pid); /* of another process of this user */
/* From now on the peak is counted anew. Where the system does not let it, the old one stands. */
void sl_memory_forget_peak(void);

#endif
