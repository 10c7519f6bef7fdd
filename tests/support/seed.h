/* seed.h - the seed of a test that draws its moments: printed, so that a failure can be repeated. */
#ifndef SL_TESTS_SUPPORT_SEED_H
#define SL_TESTS_SUPPORT_SEED_H

#include <stdint.h>

/* SL_TEST_SEED of the environment; else standard, or with standard 0 the clock's. Prints it. */
uint64_t sl_test_seed(uint64_t standard);

#endif
