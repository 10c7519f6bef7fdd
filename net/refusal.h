/* refusal.h - whether a client is connected; why a connection fails at the door, told in one line with what to do;
 * and when to knock again: libzmq gives a connection up for good when its key is refused or the other side has none.
 * The transport's thread.
 */
#ifndef SL_NET_REFUSAL_H
#define SL_NET_REFUSAL_H

#include "net/link.h"

#include <stdbool.h>

typedef struct sl_refusal sl_refusal;

/* Before the socket connects, by its owner. link's keys are borrowed until close. SL_NETWORK, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_refusal_open(void *context, void *socket, const sl_link_def *link, sl_refusal **out);
void sl_refusal_close(sl_refusal **self); /* before the socket is closed */
/* Often, with the time: tells what is new. True: the connection was given up a while ago; it is time for a new one.
 */
bool sl_refusal_look(sl_refusal *self, int64_t now_ns);
uint64_t sl_refusal_connected(const sl_refusal *self); /* how often, as of the last look */

#endif
