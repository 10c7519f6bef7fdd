/* seed.c - see seed.h. */
#include "support/seed.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t sl_test_seed(uint64_t standard) {
    const char *given = getenv("SL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : standard ? standard : (uint64_t)sl_clock_ns();
    printf("the seed is %" PRIu64 ": SL_TEST_SEED=%" PRIu64 " repeats it\n", seed, seed);
    (void)fflush(stdout);
    return seed;
}
