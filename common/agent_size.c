/* agent_size.c - see agent_size.h. */
#include "common/agent_size.h"

#include "common/assert.h"

#include <stdio.h>

#ifndef SL_AGENT_SIZES
#error "SL_AGENT_SIZES, such as 16,32, is given by common/CMakeLists.txt"
#endif

static const int sizes[] = {SL_AGENT_SIZES};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

int sl_agent_n_sizes(void) {
    return N_SIZES;
}

int sl_agent_size(int i) {
    SL_ASSERT(i >= 0 && i < N_SIZES);
    return sizes[i];
}

bool sl_agent_size_is_built(int hidden) {
    for (int i = 0; i < N_SIZES; i++)
        if (sizes[i] == hidden) return true;
    return false;
}

void sl_agent_size_hint(char text[SL_AGENT_SIZES_TEXT]) {
    int n = snprintf(text, SL_AGENT_SIZES_TEXT, "agents are built for");
    for (int i = 0; i < N_SIZES && n < SL_AGENT_SIZES_TEXT; i++) {
        const char *before = i == 0 ? " " : i + 1 == N_SIZES ? " and " : ", ";
        n += snprintf(text + n, (size_t)(SL_AGENT_SIZES_TEXT - n), "%s%d", before, sizes[i]);
    }
    if (n < SL_AGENT_SIZES_TEXT) (void)snprintf(text + n, (size_t)(SL_AGENT_SIZES_TEXT - n), " units");
}
