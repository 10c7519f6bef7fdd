/* cores.h - how many cores this process may use, and a word to who asks for more threads than that. Any thread. */
#ifndef SL_COMMON_CORES_H
#define SL_COMMON_CORES_H

/* Of its affinity (taskset, cpusets) and, where its control group has a quota of CPU time, as many as that comes to,
 * rounded up. At least 1. */
int sl_cores(void);
/* One line of warning when n_threads are more than that: what it costs. Work goes on as asked. what: "threads". */
void sl_cores_warn(const char *what, int n_threads);

#endif
