/* monitor.h - what libzmq tells of a socket's connections: made, gone, and handshakes that failed and why. The one
 * who reads must not be slow for ever: what is told waits in memory, so that libzmq's own thread never waits. */
#ifndef SL_NET_MONITOR_H
#define SL_NET_MONITOR_H

#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum sl_monitor_kind {
    SL_MONITOR_OTHER,
    SL_MONITOR_ACCEPTED, /* fd */
    SL_MONITOR_GONE,     /* fd: no connection any more */
    SL_MONITOR_MADE,     /* the handshake succeeded */
    SL_MONITOR_FAILED    /* it did not: failure; GONE of the same connection comes next */
} sl_monitor_kind;

typedef enum sl_failure {
    SL_FAILURE_SILENT,  /* the other side said nothing for too long */
    SL_FAILURE_CLOSED,  /* it closed the connection: of two that do not fit only one may see why */
    SL_FAILURE_SPEECH,  /* what it says is no ZMTP, or breaks its rules, or was said before by somebody else */
    SL_FAILURE_KEYS,    /* one side has keys, the other none */
    SL_FAILURE_CRYPT,   /* what it says cannot be decrypted: it has another server key */
    SL_FAILURE_REFUSED, /* the server does not allow this client's key */
    SL_FAILURES
} sl_failure;

typedef struct sl_monitor_event {
    sl_monitor_kind kind;
    sl_failure failure;
    int fd;
} sl_monitor_event;

/* Before the socket is bound or connected: a socket to read from with sl_monitor_next, to be closed by zmq_close
 * after sl_monitor_stop. name tells the monitors of a context apart. */
SL_MUST_CHECK sl_status sl_monitor_start(void *context, void *socket, const char *name, void **reader);
void sl_monitor_stop(void *socket); /* by the owner of the socket */
/* Does not wait; false: nothing is left. */
bool sl_monitor_next(void *reader, sl_monitor_event *out);

#endif
