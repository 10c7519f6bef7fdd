/* tensors_digest.h - one number for all that a tensor file says, whatever the order of its parts. Any thread. */
#ifndef SL_STORAGE_TENSORS_DIGEST_H
#define SL_STORAGE_TENSORS_DIGEST_H

#include "storage/tensors.h"

/* SHA-256 in hex of each tensor, in order of name: its name, a line feed, its data; then of "key=value" and a line
 * feed for each key of the metadata but one, in order of key. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_tensors_digest(const sl_tensors *self, const char *except, char text[65]);

#endif
