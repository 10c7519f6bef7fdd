/* barrier.c - the bare barrier, on raw ZeroMQ sockets with their default options. The peers are
 * starling-barrier-peer. */
#include "bench/barrier.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/clock.h"
#include "common/latency.h"
#include "net/fleet_message.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <zmq.h>

enum { MAX_AGENTS = 1024, WARM_UP = 200, ID_BYTES = 64, ANSWER_MS = 10000 };

extern char **environ;

typedef struct peer {
    pid_t pid;
    int64_t sent_ns;
    size_t id_bytes;
    uint8_t id[ID_BYTES];
} peer;

typedef struct barrier {
    void *context, *socket;
    char endpoint[64];
    int n;
    peer peers[MAX_AGENTS];
    sl_latency round_trip;
    size_t obs_bytes, action_bytes;
    uint8_t obs[64 * 1024];
} barrier;

static sl_status failed(const char *what) {
    bool late = errno == EAGAIN;
    return sl_fail(late ? SL_TIMEOUT : SL_NETWORK, NULL, "barrier: %s: %s", what, zmq_strerror(errno));
}

/* one message of each direction, as the fleet sends it */
static sl_status measure_messages(barrier *self, const sl_barrier_def *def) {
    static const float obs[SL_FLEET_MAX_OBS];
    static const uint8_t avail[SL_FLEET_MAX_ACTIONS];
    sl_fleet_codec *codec = NULL;
    SL_TRY(sl_fleet_codec_create(&codec));
    sl_fleet_message message = {.kind = SL_FLEET_OBSERVATION,
                                .run_id = 1,
                                .session = 1,
                                .tick = 10000,
                                .sequence = 10000,
                                .n_obs = def->obs_dim,
                                .obs = obs,
                                .n_avail = def->n_avail,
                                .avail = avail,
                                .residence_ns = 10000};
    const void *bytes = NULL;
    sl_fleet_encode(codec, &message, &bytes, &self->obs_bytes);
    SL_ASSERT(self->obs_bytes <= sizeof self->obs);
    memcpy(self->obs, bytes, self->obs_bytes);
    message.kind = SL_FLEET_ACTION;
    sl_fleet_encode(codec, &message, &bytes, &self->action_bytes);
    sl_fleet_codec_destroy(&codec);
    return SL_OK;
}

static sl_status serve(barrier *self) {
    int linger = 0, timeout_ms = ANSWER_MS, backlog = MAX_AGENTS;
    size_t n_bytes = sizeof self->endpoint;
    self->context = zmq_ctx_new();
    self->socket = self->context ? zmq_socket(self->context, ZMQ_ROUTER) : NULL;
    if (!self->socket || zmq_setsockopt(self->socket, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_setsockopt(self->socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms) ||
        zmq_setsockopt(self->socket, ZMQ_BACKLOG, &backlog, sizeof backlog) ||
        zmq_bind(self->socket, "tcp://127.0.0.1:*") ||
        zmq_getsockopt(self->socket, ZMQ_LAST_ENDPOINT, self->endpoint, &n_bytes))
        return failed("cannot serve");
    return SL_OK;
}

static sl_status spawn_peers(barrier *self, const sl_barrier_def *def) {
    char bytes[24];
    (void)snprintf(bytes, sizeof bytes, "%zu", self->action_bytes);
    char *arguments[] = {(char *)def->peer, self->endpoint, bytes, NULL};
    for (; self->n < def->n_agents; self->n++) {
        int error = posix_spawn(&self->peers[self->n].pid, def->peer, NULL, NULL, arguments, environ);
        if (error == ENOENT) return sl_fail(SL_NOT_FOUND, "build everything first", "no program '%s'", def->peer);
        if (error) return sl_fail(SL_IO, NULL, "cannot start '%s': %s", def->peer, strerror(error));
    }
    return SL_OK;
}

static sl_status receive_from(barrier *self, uint8_t *id, int *id_bytes) {
    uint8_t answer[1024];
    *id_bytes = zmq_recv(self->socket, id, ID_BYTES, 0);
    if (*id_bytes < 0 || zmq_recv(self->socket, answer, sizeof answer, 0) < 0) return failed("waiting for the peers");
    return SL_OK;
}

static sl_status meet(barrier *self) {
    for (int i = 0; i < self->n; i++) {
        int id_bytes;
        SL_TRY(receive_from(self, self->peers[i].id, &id_bytes));
        self->peers[i].id_bytes = (size_t)id_bytes;
    }
    return SL_OK;
}

static sl_status send_to(barrier *self, const peer *to, size_t n_bytes) {
    if (zmq_send(self->socket, to->id, to->id_bytes, ZMQ_SNDMORE) < 0 ||
        zmq_send(self->socket, self->obs, n_bytes, 0) < 0)
        return failed("sending");
    return SL_OK;
}

static sl_status tick(barrier *self) {
    uint8_t id[ID_BYTES];
    for (int i = 0; i < self->n; i++) {
        self->peers[i].sent_ns = sl_clock_ns();
        SL_TRY(send_to(self, &self->peers[i], self->obs_bytes));
    }
    for (int got = 0; got < self->n; got++) {
        int id_bytes;
        SL_TRY(receive_from(self, id, &id_bytes));
        int64_t now_ns = sl_clock_ns();
        for (int i = 0; i < self->n; i++)
            if (memcmp(self->peers[i].id, id, (size_t)id_bytes) == 0)
                sl_latency_add(&self->round_trip, now_ns - self->peers[i].sent_ns);
    }
    return SL_OK;
}

static sl_status measure(barrier *self, const sl_barrier_def *def, sl_barrier_result *out) {
    SL_TRY(meet(self));
    for (int i = 0; i < WARM_UP; i++) SL_TRY(tick(self));
    self->round_trip = (sl_latency){0};
    uint64_t ticks = 0;
    int64_t start_ns = sl_clock_ns(), now_ns = start_ns, end_ns = start_ns + (int64_t)(def->seconds * 1e9);
    for (; now_ns < end_ns; now_ns = sl_clock_ns(), ticks++) SL_TRY(tick(self));
    *out = (sl_barrier_result){.ticks = ticks,
                               .ticks_per_second = (double)ticks * 1e9 / (double)(now_ns - start_ns),
                               .round_trip_p50_ns = sl_latency_percentile(&self->round_trip, 0.5),
                               .round_trip_p99_ns = sl_latency_percentile(&self->round_trip, 0.99),
                               .obs_bytes = self->obs_bytes,
                               .action_bytes = self->action_bytes};
    return SL_OK;
}

/* a peer whose socket is closed ends by itself only when it was told to; the others are killed */
static void finish(barrier *self) {
    for (int i = 0; i < self->n; i++) {
        bool told = self->peers[i].id_bytes && send_to(self, &self->peers[i], 0) == SL_OK;
        if (!told) (void)kill(self->peers[i].pid, SIGKILL);
    }
    for (int i = 0; i < self->n; i++) (void)waitpid(self->peers[i].pid, NULL, 0);
    if (self->socket) (void)zmq_close(self->socket);
    if (self->context) (void)zmq_ctx_term(self->context);
}

sl_status sl_barrier_bench(const sl_barrier_def *def, sl_barrier_result *out) {
    SL_ASSERT(def->n_agents > 0 && def->n_agents <= MAX_AGENTS && def->seconds > 0);
    SL_ASSERT(def->obs_dim > 0 && def->obs_dim <= SL_FLEET_MAX_OBS);
    SL_ASSERT(def->n_avail >= 0 && def->n_avail <= SL_FLEET_MAX_ACTIONS);
    barrier *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for the barrier");
    sl_barrier_result result;
    sl_status status = measure_messages(self, def);
    if (status == SL_OK) status = serve(self);
    if (status == SL_OK) status = spawn_peers(self, def);
    if (status == SL_OK) status = measure(self, def, &result);
    finish(self);
    sl_free(self);
    if (status == SL_OK) *out = result;
    return status;
}

sl_status sl_barrier_peer(const char *endpoint, size_t action_bytes) {
    static const uint8_t answer[1024];
    static uint8_t obs[64 * 1024];
    // a bench that died leaves no peer behind
    int linger = 0, timeout_ms = ANSWER_MS;
    void *context = zmq_ctx_new(), *socket = context ? zmq_socket(context, ZMQ_DEALER) : NULL;
    sl_status status = SL_OK;
    if (!socket || action_bytes > sizeof answer || zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms) || zmq_connect(socket, endpoint) ||
        zmq_send(socket, answer, 1, 0) < 0)
        status = failed("cannot join");
    for (int n_bytes = 1; status == SL_OK && n_bytes > 0;) {
        n_bytes = zmq_recv(socket, obs, sizeof obs, 0);
        if (n_bytes < 0) status = failed("waiting for an observation");
        if (n_bytes > 0 && zmq_send(socket, answer, action_bytes, 0) < 0) status = failed("answering");
    }
    if (socket) (void)zmq_close(socket);
    if (context) (void)zmq_ctx_term(context);
    return status;
}
