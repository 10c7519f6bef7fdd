/* page_socket.c - see page_socket.h. */
#include "net/page_socket.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char tcp[] = "tcp://", http[] = "http://";
static const char hint[] = "use HOST:PORT, such as 127.0.0.1:9464, or a port alone";
enum { MS = 1000000 };

// where the port of HOST:PORT begins; NULL: there is none. An IPv6 address has colons of its own, in brackets
static const char *find_port(const char *text) {
    const char *bracket = strrchr(text, ']'), *colon = strrchr(text, ':');
    return colon && (!bracket || colon > bracket) ? colon + 1 : NULL;
}

sl_status sl_page_endpoint(const char *text, bool serves, char out[SL_ENDPOINT_BYTES]) {
    char page[SL_ENDPOINT_BYTES];
    const char *at = text;
    if (strncmp(at, http, sizeof http - 1) == 0) at += sizeof http - 1;
    if (strncmp(at, tcp, sizeof tcp - 1) == 0) at += sizeof tcp - 1;
    size_t n = strlen(at);
    if (n > 0 && at[n - 1] == '/') n--;
    // room for what is added below
    if (n == 0 || n > SL_ENDPOINT_BYTES - 32) return sl_fail(SL_USAGE, hint, "'%.40s' is no page of metrics", text);
    (void)snprintf(page, sizeof page, "%.*s", (int)n, at);
    bool alone = strspn(page, "0123456789") == n;
    const char *port = alone ? page : find_port(page);
    int n_host = alone ? 0 : port ? (int)(port - 1 - page) : (int)n;
    n = (size_t)snprintf(out, SL_ENDPOINT_BYTES, "tcp://%.*s:", n_host, page);
    if (n_host == 0) n = (size_t)snprintf(out, SL_ENDPOINT_BYTES, "tcp://127.0.0.1:");
    if (port)
        (void)snprintf(out + n, SL_ENDPOINT_BYTES - n, "%s", port);
    else
        (void)snprintf(out + n, SL_ENDPOINT_BYTES - n, "%d", SL_PAGE_PORT);
    if (sl_endpoint_check(out, serves) == SL_OK) return SL_OK;
    return sl_fail(SL_USAGE, hint, "'%.60s' is no page of metrics: %s", text, sl_error_what());
}

// the first address of an endpoint that was checked
static sl_status look_up(const char *endpoint, struct sockaddr_storage *out, socklen_t *n) {
    char text[SL_ENDPOINT_BYTES];
    (void)snprintf(text, sizeof text, "%s", endpoint + sizeof tcp - 1);
    char *host = text, *port = strrchr(text, ':');
    *port++ = '\0';
    if (host[0] == '[') host++, host[strlen(host) - 1] = '\0';
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    bool any = strcmp(host, "*") == 0;
    if (any) wanted.ai_flags |= AI_PASSIVE, wanted.ai_family = AF_INET;
    if (getaddrinfo(any ? NULL : host, strcmp(port, "*") == 0 ? "0" : port, &wanted, &found) != 0)
        return sl_fail(SL_NETWORK, "an address, or a name that this machine can look up", "'%s' names no address",
                       endpoint);
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *n = found->ai_addrlen;
    freeaddrinfo(found);
    return SL_OK;
}

static void show_address(int fd, char text[SL_ENDPOINT_BYTES]) {
    struct sockaddr_storage address = {0};
    socklen_t n = sizeof address;
    char host[128] = "", port[16] = "";
    if (getsockname(fd, (struct sockaddr *)&address, &n) == 0)
        (void)getnameinfo((const struct sockaddr *)&address, n, host, sizeof host, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(text, SL_ENDPOINT_BYTES, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int open_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

sl_status sl_page_listen(const char *endpoint, int backlog, int *out, char address[SL_ENDPOINT_BYTES]) {
    struct sockaddr_storage at;
    socklen_t n = 0;
    SL_TRY(look_up(endpoint, &at, &n));
    int fd = open_socket(at.ss_family), yes = 1;
    // a predecessor's connections that are closing are no reason not to serve
    bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                 bind(fd, (const struct sockaddr *)&at, n) == 0 && listen(fd, backlog) == 0;
    if (!bound) {
        int error = errno;
        if (fd >= 0) (void)close(fd);
        return sl_fail(SL_NETWORK, "another program may have it: choose a port with --metrics HOST:PORT",
                       "cannot serve metrics at %s: %s", endpoint + sizeof tcp - 1, strerror(error));
    }
    show_address(fd, address);
    *out = fd;
    return SL_OK;
}

sl_status sl_page_wait(int fd, bool writes, int64_t deadline_ns) {
    for (;;) {
        int64_t left_ns = deadline_ns - sl_clock_ns();
        struct pollfd one = {.fd = fd, .events = writes ? POLLOUT : POLLIN};
        int64_t left_ms = left_ns > 0 ? left_ns / MS + 1 : 0;
        int n = poll(&one, 1, left_ms < 60000 ? (int)left_ms : 60000);
        if (n > 0) return SL_OK;
        if (n < 0 && errno == EINTR) return sl_fail(SL_INTERRUPTED, NULL, "interrupted");
        if (n < 0) return sl_fail(SL_IO, NULL, "cannot wait for a page: %s", strerror(errno));
        if (left_ns <= 0) return sl_fail(SL_TIMEOUT, NULL, "no answer in time");
    }
}

static sl_status finish_connect(int fd, const char *endpoint, int64_t deadline_ns) {
    SL_TRY(sl_page_wait(fd, true, deadline_ns));
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0) return SL_OK;
    return sl_fail(SL_NETWORK, "is it running with --metrics?", "no page at %s: %s", endpoint + sizeof tcp - 1,
                   strerror(error));
}

sl_status sl_page_connect(const char *endpoint, int64_t deadline_ns, int *out) {
    struct sockaddr_storage at;
    socklen_t n = 0;
    SL_TRY(look_up(endpoint, &at, &n));
    int fd = open_socket(at.ss_family);
    if (fd < 0) return sl_fail(SL_IO, NULL, "cannot make a socket: %s", strerror(errno));
    sl_status status = SL_OK;
    if (connect(fd, (const struct sockaddr *)&at, n) != 0)
        status = errno == EINPROGRESS ? finish_connect(fd, endpoint, deadline_ns)
                                      : sl_fail(SL_NETWORK, "is it running with --metrics?", "no page at %s: %s",
                                                endpoint + sizeof tcp - 1, strerror(errno));
    if (status != SL_OK) {
        (void)close(fd);
        return status;
    }
    *out = fd;
    return SL_OK;
}
