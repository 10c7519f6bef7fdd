/* json_memory.h - jansson's memory passes the gate (common/alloc.h) as well, so that tests can fail it. Any thread.
 */
#ifndef SL_STORAGE_JSON_MEMORY_H
#define SL_STORAGE_JSON_MEMORY_H

#include <stdbool.h>

/* Before the first use of jansson whose failures matter; more than once does no harm. */
void sl_json_memory_set(void);
/* Whether an allocation of jansson's failed on this thread since the last call. Its parser does not tell that from
 * bad JSON, and may go on and leave a member out, as its printer leaves bytes out. */
bool sl_json_memory_failed(void);

#endif
