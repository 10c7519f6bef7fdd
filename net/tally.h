/* tally.h - how often something was to be told, by address and reason, so that the first, second, fourth, ... time is
 * told and who never stops fills no log. Bounded: what has no room is counted together. One owner. */
#ifndef SL_NET_TALLY_H
#define SL_NET_TALLY_H

#include <stdint.h>

enum { SL_TALLIES = 64 };

typedef struct sl_tally {
    int n;
    uint64_t hashes[SL_TALLIES], counts[SL_TALLIES + 1]; /* the last: all that have no room */
} sl_tally;

/* How many times it was, this one included, when it is to be told; else 0. */
uint64_t sl_tally_count(sl_tally *self, const char *address, const char *reason);

#endif
