/* agent_size.h - the hidden sizes that starling-agent-<H> is built for, as the top CMakeLists.txt lists them, and the
 * bounds that all of them share: hints, checks and tables all ask here. Any thread. */
#ifndef SL_COMMON_AGENT_SIZE_H
#define SL_COMMON_AGENT_SIZE_H

#include <stdbool.h>

enum { SL_AGENT_SIZES_TEXT = 96 };
enum { SL_AGENT_MAX_OBS = 512, SL_AGENT_MAX_ACTIONS = 64 }; /* the largest of each that an agent takes */

int sl_agent_n_sizes(void);
int sl_agent_size(int i); /* i < sl_agent_n_sizes(); ascending */
bool sl_agent_size_is_built(int hidden);
/* "agents are built for 16, 32 and 64 units", for a hint. */
void sl_agent_size_hint(char text[SL_AGENT_SIZES_TEXT]);

#endif
