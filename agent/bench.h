/* bench.h - the time of one decision, as the agent takes it: kernel and choice, without the network. */
#ifndef SL_AGENT_BENCH_H
#define SL_AGENT_BENCH_H

#include "agent/kernel.h"

/* Decides for about seconds and prints one JSON object on stdout. */
void sl_agent_bench(sl_kernel *kernel, double seconds);

#endif
