/* fleet_step.h - the two messages that a tick is made of, OBSERVATION and ACTION, read and written in one pass: the
 * same protobuf as the general codec's, at a tenth of its instructions. A process that is woken for each message
 * finds its caches cold, and what it has to fetch is most of what a message costs. Included by fleet_message.c alone.
 */
#ifndef SL_NET_FLEET_STEP_H
#define SL_NET_FLEET_STEP_H

#include "net/fleet_message.h"

/* Whether it is one of the two. */
bool sl_fleet_step_is(sl_fleet_kind kind);
/* What protobuf-c would pack, byte for byte; body has room for it. The number of bytes. */
size_t sl_fleet_step_write(const sl_fleet_message *message, uint8_t *body);
/* A body whose fields are in order, each at most once and within its range; obs has room for SL_FLEET_MAX_OBS and is
 * where out->obs then points, avail lies in body. False: of another kind, or another body, which may be good or bad
 * for whoever reads with more care; *out is untouched. */
bool sl_fleet_step_read(sl_fleet_kind kind, const uint8_t *body, size_t n_bytes, float *obs, sl_fleet_message *out);

#endif
