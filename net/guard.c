/* guard.c - the guard's thread owns its sockets from its start to its end: ZAP's, the monitor's, and one that says
 * when to end. It looks at the folder four times a second, however many knock. */
#include "net/guard.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/program.h"
#include "net/monitor.h"
#include "net/tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <zmq.h>

enum {
    REFRESH_MS = 250,
    AT_A_TIME = 256, /* events and requests, before the others have their turn */
    FILES = 512,     /* whose addresses are remembered */
    FRAMES = 9,      /* of a ZAP request behind the ROUTER's: up to the key */
    FRAME_BYTES = 256,
    FILES_WANTED = 4096, /* strangers' connections last 3 s at most, and shall not use up what the program needs */
    STACK_BYTES = 1 << 20
};

/* Who is behind a file descriptor, as far as it was found out. */
typedef struct caller {
    int fd;
    char address[INET6_ADDRSTRLEN];
} caller;

struct sl_guard {
    void *socket; /* the one that is guarded; touched by its owner alone */
    void *control;
    pthread_t thread;
    bool runs;
    // the thread's
    void *told, *zap, *monitor; /* zap: NULL without keys */
    sl_allow_list *list;
    sl_role server, client;
    bool has_keys;
    int64_t refresh_ns;
    bool has_failed; /* an event of a failure came; the next one that is gone is its connection */
    sl_failure failure;
    caller callers[FILES];
    sl_tally tally;
    // both
    atomic_uint_fast64_t denied, unhandshaken;
};

// --------------------------------------------------------------------------------------------------- who knocks

static void note_caller(sl_guard *self, int fd) {
    if (fd < 0) return;
    caller *who = &self->callers[fd % FILES];
    *who = (caller){.fd = fd};
    struct sockaddr_storage address;
    socklen_t n = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &n) != 0) return;
    const void *bytes = address.ss_family == AF_INET6
                            ? (const void *)&((struct sockaddr_in6 *)(void *)&address)->sin6_addr
                            : (const void *)&((struct sockaddr_in *)(void *)&address)->sin_addr;
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return;
    if (!inet_ntop(address.ss_family, bytes, who->address, sizeof who->address)) who->address[0] = '\0';
}

// one that left before anybody looked cannot be asked for its address any more
static const char *address_of(const sl_guard *self, int fd) {
    const caller *who = fd >= 0 ? &self->callers[fd % FILES] : NULL;
    return who && who->fd == fd && who->address[0] ? who->address : "an unknown address";
}

static const char *explain(const sl_guard *self, sl_failure failure) {
    switch (failure) {
    case SL_FAILURE_KEYS:
        return self->has_keys ? "it has no keys and this link needs them: give it --key (docs/cli.md, keys)"
                              : "it has keys and this program runs without keys: give both keys, or neither";
    case SL_FAILURE_CRYPT:
        return "it takes another key for this server's: does its secret file, or --server-key, name this one's "
               "public key?";
    case SL_FAILURE_SPEECH:
        return "what it says is no ZMTP, or repeats what others said";
    case SL_FAILURE_CLOSED:
        return self->has_keys ? "it left before the handshake was over: has it no keys?"
                              : "it left before the handshake was over: has it keys? this program runs without keys";
    default:
        return "it said nothing, or not enough for a handshake";
    }
}

static void tell_failure(sl_guard *self, sl_failure failure, int fd) {
    const char *address = address_of(self, fd), *why = explain(self, failure);
    atomic_fetch_add(&self->unhandshaken, 1);
    uint64_t n = sl_tally_count(&self->tally, address, why);
    if (n) SL_WARN("no handshake with a peer at %s, %llu so far: %s", address, (unsigned long long)n, why);
}

static void take_events(sl_guard *self) {
    sl_monitor_event event;
    for (int i = 0; i < AT_A_TIME && sl_monitor_next(self->monitor, &event); i++) {
        if (event.kind == SL_MONITOR_ACCEPTED) note_caller(self, event.fd);
        if (event.kind == SL_MONITOR_FAILED) self->has_failed = true, self->failure = event.failure;
        if (event.kind != SL_MONITOR_GONE) continue;
        // a key that was refused was told when it was
        if (self->has_failed && self->failure != SL_FAILURE_REFUSED) tell_failure(self, self->failure, event.fd);
        self->has_failed = false;
    }
}

// ---------------------------------------------------------------------------------------------------------- ZAP

typedef struct request {
    int n;
    size_t n_bytes[FRAMES];
    uint8_t bytes[FRAMES][FRAME_BYTES];
} request;

// the ROUTER's frame, an empty one, version, request id, domain, address, routing id, mechanism, key
enum { F_PEER, F_EMPTY, F_VERSION, F_ID, F_DOMAIN, F_ADDRESS, F_ROUTING, F_MECHANISM, F_KEY };

static bool receive_request(sl_guard *self, request *out) {
    out->n = 0;
    for (int more = 1; more;) {
        uint8_t surplus[FRAME_BYTES], *to = out->n < FRAMES ? out->bytes[out->n] : surplus;
        int n = zmq_recv(self->zap, to, FRAME_BYTES, ZMQ_DONTWAIT);
        if (n < 0) return false;
        if (out->n < FRAMES) out->n_bytes[out->n] = n < FRAME_BYTES ? (size_t)n : FRAME_BYTES;
        out->n++;
        size_t size = sizeof more;
        if (zmq_getsockopt(self->zap, ZMQ_RCVMORE, &more, &size) != 0) return false;
    }
    return true;
}

static void answer(sl_guard *self, const request *to, const char *code, const char *text, const char *user) {
    const char *const parts[] = {code, text, user, ""};
    for (int i = F_PEER; i <= F_ID; i++)
        if (zmq_send(self->zap, to->bytes[i], to->n_bytes[i], ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) return;
    for (int i = 0; i < 4; i++)
        if (zmq_send(self->zap, parts[i], strlen(parts[i]), ZMQ_DONTWAIT | (i < 3 ? ZMQ_SNDMORE : 0)) < 0) return;
}

static void deny(sl_guard *self, const request *from, const char *key, const sl_allowed *who) {
    char address[64], why[192];
    (void)snprintf(address, sizeof address, "%.*s", (int)from->n_bytes[F_ADDRESS],
                   (const char *)from->bytes[F_ADDRESS]);
    if (who)
        (void)snprintf(why, sizeof why, "'%s' is the key of %s %s, and here come those of %ss", who->name,
                       who->role == SL_ROLE_AGENT ? "an" : "a", sl_role_name(who->role), sl_role_name(self->client));
    else
        (void)snprintf(
            why, sizeof why,
            "the key %.8s... is not allowed, or not any more: see 'starling keys list', 'starling keys add'", key);
    atomic_fetch_add(&self->denied, 1);
    uint64_t n = sl_tally_count(&self->tally, address, why);
    if (n) SL_WARN("refused a peer at %s, %llu so far: %s", address, (unsigned long long)n, why);
    answer(self, from, "400", "not allowed", "");
}

static void refresh(sl_guard *self) {
    int64_t now = sl_clock_ns();
    if (!self->list || now < self->refresh_ns) return;
    sl_allow_list_refresh(self->list);
    self->refresh_ns = now + (int64_t)REFRESH_MS * 1000000;
}

static void judge(sl_guard *self, const request *from) {
    char key[SL_KEY_TEXT];
    bool is_curve = from->n == FRAMES && from->n_bytes[F_KEY] == 32 && from->n_bytes[F_MECHANISM] == 5 &&
                    memcmp(from->bytes[F_MECHANISM], "CURVE", 5) == 0;
    if (from->n <= F_ID) return;
    if (!is_curve || !zmq_z85_encode(key, from->bytes[F_KEY], 32)) {
        answer(self, from, "400", "no key", "");
        return;
    }
    const sl_allowed *who = sl_allow_list_find(self->list, key);
    if (who && who->role == self->client)
        answer(self, from, "200", "OK", key);
    else
        deny(self, from, key, who);
}

static void take_requests(sl_guard *self) {
    request one;
    for (int i = 0; self->zap && i < AT_A_TIME && receive_request(self, &one); i++) judge(self, &one);
}

// ---------------------------------------------------------------------------------------------------------------
// life

static void *watch(void *context) {
    sl_guard *self = context;
    zmq_pollitem_t items[] = {
        {self->told, 0, ZMQ_POLLIN, 0}, {self->monitor, 0, ZMQ_POLLIN, 0}, {self->zap, 0, ZMQ_POLLIN, 0}};
    while (!(items[0].revents & ZMQ_POLLIN)) {
        if (zmq_poll(items, self->zap ? 3 : 2, self->list ? REFRESH_MS : -1) < 0 && zmq_errno() == ETERM) break;
        refresh(self);
        take_events(self);
        take_requests(self);
    }
    return NULL;
}

static void *make_pair(void *context, const char *endpoint, bool binds) {
    int none = 0;
    void *made = zmq_socket(context, ZMQ_PAIR);
    if (!made) return NULL;
    bool works = zmq_setsockopt(made, ZMQ_LINGER, &none, sizeof none) == 0 &&
                 (binds ? zmq_bind(made, endpoint) : zmq_connect(made, endpoint)) == 0;
    if (works) return made;
    (void)zmq_close(made);
    return NULL;
}

static bool make_zap(sl_guard *self, void *context) {
    int none = 0;
    self->zap = zmq_socket(context, ZMQ_ROUTER);
    return self->zap && zmq_setsockopt(self->zap, ZMQ_LINGER, &none, sizeof none) == 0 &&
           zmq_setsockopt(self->zap, ZMQ_RCVHWM, &none, sizeof none) == 0 &&
           zmq_bind(self->zap, "inproc://zeromq.zap.01") == 0;
}

// signals are the other threads' business
static int start(sl_guard *self) {
    sigset_t all, before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return -1;
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&self->thread, &attributes, watch, self);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    self->runs = failed == 0;
    return failed;
}

sl_status sl_guard_open(void *context, void *socket, const sl_link_def *link, sl_allow_list *list, sl_guard **out) {
    sl_guard *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a server's guard");
    sl_program_want_files(FILES_WANTED);
    self->socket = socket;
    self->list = list;
    self->has_keys = list != NULL;
    self->server = link->server;
    self->client = link->client;
    sl_status status = sl_monitor_start(context, socket, "guard", &self->monitor);
    if (status == SL_OK) {
        self->told = make_pair(context, "inproc://guard", true);
        self->control = make_pair(context, "inproc://guard", false);
        bool works = self->told && self->control && (!list || make_zap(self, context)) && start(self) == 0;
        if (!works)
            status = sl_fail(SL_NETWORK, "is the limit of open files or threads reached (ulimit -n, -u)?",
                             "cannot guard '%s': %s", link->endpoint, zmq_strerror(zmq_errno()));
    }
    if (status != SL_OK) {
        sl_guard_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_guard_close(sl_guard **pointer) {
    sl_guard *self = *pointer;
    if (!self) return;
    if (self->monitor) sl_monitor_stop(self->socket);
    if (self->runs) {
        while (zmq_send(self->control, "", 0, 0) < 0 && zmq_errno() == EINTR) continue;
        (void)pthread_join(self->thread, NULL);
    }
    void *const sockets[] = {self->control, self->told, self->zap, self->monitor};
    for (int i = 0; i < 4; i++)
        if (sockets[i]) (void)zmq_close(sockets[i]);
    sl_free(self);
    *pointer = NULL;
}

void sl_guard_count(const sl_guard *self, sl_link_stats *stats) {
    stats->denied = atomic_load(&self->denied);
    stats->unhandshaken = atomic_load(&self->unhandshaken);
}
