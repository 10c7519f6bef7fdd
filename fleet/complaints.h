/* complaints.h - whether something is to be told: once for each peer and reason, and no more often than there is room
 * for, so that one who never stops, or comes under ever new names, fills no log. */
#ifndef SL_FLEET_COMPLAINTS_H
#define SL_FLEET_COMPLAINTS_H

#include "net/message.h"

#include <stdbool.h>

enum { SL_COMPLAINTS = 64 };

typedef struct sl_complaints {
    int n;
    uint64_t told[SL_COMPLAINTS]; /* hashes of peer and reason */
} sl_complaints;

/* false: it was told already, or the room is used up, which is logged once. */
bool sl_complaint_is_new(sl_complaints *self, const sl_peer *peer, const char *reason);

#endif
