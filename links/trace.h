/* trace.h - delays that were measured, from a file: lines of "TIME DELAY", times rising, # begins a comment. What the
 * times count is not looked at: messages take the delays in turn. Any thread. */
#ifndef SL_LINKS_TRACE_H
#define SL_LINKS_TRACE_H

#include "links/channel.h"
#include "links/reader.h"

/* out's values (n) and, as its weights, the same rising; its unit stays as it is. reader: whose key errors name.
 * SL_NOT_FOUND, SL_IO, SL_CONFIG (empty, not sorted, a line that is none, more than SL_LINKS_MAX_VALUES), SL_MEMORY.
 */
SL_MUST_CHECK sl_status sl_trace_read(const sl_reader *reader, const char *path, sl_delay *out);

#endif
