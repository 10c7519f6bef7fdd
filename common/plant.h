/* plant.h - known bugs, which tests/simulate plants in fleet, sessions and log to see that the simulated fleet's
 * checks find each. Only those tests compile with SL_PLANT: everywhere else SL_PLANTED is a constant, and no program
 * that ships knows of any. */
#ifndef SL_COMMON_PLANT_H
#define SL_COMMON_PLANT_H

#include <stdbool.h>

#ifdef SL_PLANT
bool sl_plant_is(const char *name);
#define SL_PLANTED(name) sl_plant_is(#name)
#else
#define SL_PLANTED(name) false
#endif

#endif
