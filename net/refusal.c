/* refusal.c - see refusal.h. */
#include "net/refusal.h"

#include "common/alloc.h"
#include "common/log.h"
#include "net/keyring.h"
#include "net/monitor.h"
#include "net/tally.h"

#include <stdio.h>
#include <zmq.h>

static const int64_t look_every_ns = 20000000, knock_again_ns = 3000000000;

struct sl_refusal {
    void *socket, *reader;
    const sl_keyring *keys;
    sl_role server, client;
    char endpoint[256];
    int64_t next_ns;  /* of a look */
    int64_t knock_ns; /* 0: the connection was not given up */
    uint64_t connected;
    sl_tally tally;
};

sl_status sl_refusal_open(void *context, void *socket, const sl_link_def *link, sl_refusal **out) {
    sl_refusal *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a connection");
    self->socket = socket;
    self->keys = link->keys;
    self->server = link->server;
    self->client = link->client;
    (void)snprintf(self->endpoint, sizeof self->endpoint, "%s", link->endpoint);
    sl_status status = sl_monitor_start(context, socket, "client", &self->reader);
    if (status != SL_OK) {
        sl_refusal_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_refusal_close(sl_refusal **self) {
    if (!*self) return;
    if ((*self)->reader) {
        sl_monitor_stop((*self)->socket);
        (void)zmq_close((*self)->reader);
    }
    sl_free(*self);
    *self = NULL;
}

static void explain(const sl_refusal *self, sl_failure failure, char text[400]) {
    const char *server = sl_role_name(self->server), *client = sl_role_name(self->client);
    const sl_keyring *keys = self->keys;
    const int size = 400;
    switch (failure) {
    case SL_FAILURE_REFUSED:
        (void)snprintf(
            text, size,
            "the %s does not allow this %s's key, '%s' (%.8s...): 'starling keys list' there shows who may "
            "connect, 'starling keys add' lets one more in",
            server, client, keys ? keys->own.name : "", keys ? keys->own.public_key : "");
        return;
    case SL_FAILURE_KEYS:
        (void)snprintf(text, size,
                       keys
                           ? "the %s runs without keys, and this %s with: start it with --key and --allow too"
                           : "the %s wants keys, and this %s has none: start it with --key FILE ('starling keys add' "
                             "makes one)",
                       server, client);
        return;
    case SL_FAILURE_CLOSED:
        if (keys)
            (void)snprintf(text, size,
                           "the %s closed the connection before the handshake was over: does it run without keys, or "
                           "is %.8s... not its public key, as this %s's files say?",
                           server, keys->own.server_key, client);
        else
            (void)snprintf(
                text, size,
                "the %s closed the connection before the handshake was over: if it wants keys, this %s has "
                "none: start it with --key FILE",
                server, client);
        return;
    case SL_FAILURE_SILENT:
        (void)snprintf(text, size, "the %s is there and does not answer; this %s goes on trying", server, client);
        return;
    default:
        (void)snprintf(text, size, "what serves there is no %s, or has another key than this %s's files say", server,
                       client);
    }
}

static void tell(sl_refusal *self, sl_failure failure) {
    char text[400];
    explain(self, failure, text);
    uint64_t n = sl_tally_count(&self->tally, "", text);
    if (!n) return;
    // it may only be stopped, or busy
    sl_log(failure == SL_FAILURE_SILENT ? SL_LOG_INFO : SL_LOG_WARN, "no connection to %s, tried %llu time%s: %s",
           self->endpoint, (unsigned long long)n, n == 1 ? "" : "s", text);
}

bool sl_refusal_look(sl_refusal *self, int64_t now_ns) {
    if (now_ns < self->next_ns) return false;
    self->next_ns = now_ns + look_every_ns;
    sl_monitor_event event;
    while (sl_monitor_next(self->reader, &event)) {
        if (event.kind == SL_MONITOR_MADE) {
            self->knock_ns = 0;
            self->connected++;
        }
        if (event.kind != SL_MONITOR_FAILED) continue;
        tell(self, event.failure);
        // libzmq itself connects again after all other failures
        if (event.failure > SL_FAILURE_CLOSED) self->knock_ns = now_ns + knock_again_ns;
    }
    if (self->knock_ns == 0 || now_ns < self->knock_ns) return false;
    self->knock_ns = now_ns + knock_again_ns;
    return true;
}

uint64_t sl_refusal_connected(const sl_refusal *self) {
    return self->connected;
}
