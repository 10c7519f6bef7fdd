/* link_counts.h - what the links did in an evaluation or a flight (links/team.h), as the coordinator answers it:
 * LINK_AGES and LINK_COUNTS. Any thread. */
#ifndef SL_NET_LINK_COUNTS_H
#define SL_NET_LINK_COUNTS_H

#include "links/team.h"
#include "net/learn_message.h"

/* Appends both tensors, which borrow counts until the message is sent. */
void sl_link_counts_add(const sl_link_counts *counts, sl_learn_message *message);
/* Copies them; *found: the message has them. SL_MISMATCH: of another shape, or one without the other. */
SL_MUST_CHECK sl_status sl_link_counts_take(const sl_learn_message *message, bool *found, sl_link_counts *out);

#endif
