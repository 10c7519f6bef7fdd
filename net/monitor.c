/* monitor.c - see monitor.h. An event is two frames: a number of 16 bits and a value of 32, then an endpoint. */
#include "net/monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum { EVENT_BYTES = 6 };

static const int wanted = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                          ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                          ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

sl_status sl_monitor_start(void *context, void *socket, const char *name, void **reader) {
    char endpoint[64];
    int none = 0;
    (void)snprintf(endpoint, sizeof endpoint, "inproc://monitor-%s", name);
    void *made = zmq_socket(context, ZMQ_PAIR);
    bool works = made && zmq_setsockopt(made, ZMQ_RCVHWM, &none, sizeof none) == 0 &&
                 zmq_setsockopt(made, ZMQ_LINGER, &none, sizeof none) == 0 &&
                 zmq_socket_monitor(socket, endpoint, wanted) == 0 && zmq_connect(made, endpoint) == 0;
    if (!works) {
        sl_status status = sl_fail(SL_NETWORK, "is the limit of open files reached (ulimit -n)?",
                                   "cannot watch a socket: %s", zmq_strerror(zmq_errno()));
        if (made) (void)zmq_close(made);
        return status;
    }
    *reader = made;
    return SL_OK;
}

void sl_monitor_stop(void *socket) {
    (void)zmq_socket_monitor(socket, NULL, 0);
}

static sl_failure failure_of(uint32_t value) {
    switch (value) {
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
        return SL_FAILURE_KEYS;
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
    case ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE:
        return SL_FAILURE_CRYPT;
    default:
        return SL_FAILURE_SPEECH;
    }
}

// the value is errno; when the time is over it is of something else
static sl_failure ending_of(uint32_t value) {
    return value == EPIPE || value == ECONNRESET ? SL_FAILURE_CLOSED : SL_FAILURE_SILENT;
}

static void read_event(const uint8_t bytes[EVENT_BYTES], sl_monitor_event *out) {
    uint16_t event;
    uint32_t value;
    memcpy(&event, bytes, sizeof event);
    memcpy(&value, bytes + sizeof event, sizeof value);
    *out = (sl_monitor_event){.kind = SL_MONITOR_OTHER, .fd = (int)value};
    if (event == ZMQ_EVENT_ACCEPTED) out->kind = SL_MONITOR_ACCEPTED;
    if (event == ZMQ_EVENT_DISCONNECTED) out->kind = SL_MONITOR_GONE;
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) out->kind = SL_MONITOR_MADE;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) out->failure = ending_of(value);
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) out->failure = failure_of(value);
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) out->failure = SL_FAILURE_REFUSED;
    if (out->kind == SL_MONITOR_OTHER) out->kind = SL_MONITOR_FAILED;
}

bool sl_monitor_next(void *reader, sl_monitor_event *out) {
    uint8_t bytes[EVENT_BYTES];
    char endpoint[8];
    if (zmq_recv(reader, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0) return false;
    (void)zmq_recv(reader, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
    read_event(bytes, out);
    return true;
}
