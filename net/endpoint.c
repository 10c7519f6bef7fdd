/* endpoint.c - see endpoint.h. */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char tcp[] = "tcp://", ipc[] = "ipc://", sim[] = "sim://";
static const char hint[] = "use tcp://HOST:PORT, such as tcp://127.0.0.1:5555 or tcp://[::1]:5555";

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* HOST and PORT of tcp://HOST:PORT; an IPv6 address comes without its brackets. */
typedef struct parts {
    char host[SL_ENDPOINT_BYTES], port[SL_ENDPOINT_BYTES];
    bool bracketed;
} parts;

static bool split(const char *endpoint, parts *out) {
    const char *host = endpoint + sizeof tcp - 1, *colon = strrchr(host, ':');
    if (!colon) return false;
    size_t n = (size_t)(colon - host);
    out->bracketed = n >= 2 && host[0] == '[' && host[n - 1] == ']';
    if (out->bracketed) host++, n -= 2;
    memcpy(out->host, host, n);
    out->host[n] = '\0';
    (void)snprintf(out->port, sizeof out->port, "%s", colon + 1);
    return true;
}

static bool is_host(const parts *p, bool serves) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    struct in6_addr address;
    if (p->bracketed) return inet_pton(AF_INET6, p->host, &address) == 1;
    if (strcmp(p->host, "*") == 0) return serves;
    return p->host[0] && strspn(p->host, letters) == strlen(p->host);
}

static bool is_port(const char *text, bool serves) {
    if (strcmp(text, "*") == 0) return serves;
    bool digits = text[0] && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text);
    long port = digits ? strtol(text, NULL, 10) : 0;
    return port > 0 && port <= 65535;
}

sl_status sl_endpoint_check(const char *endpoint, bool serves) {
    size_t n = strlen(endpoint);
    if (n == 0) return sl_fail(SL_CONFIG, hint, "an endpoint is empty");
    if (n >= SL_ENDPOINT_BYTES) return sl_fail(SL_CONFIG, hint, "the endpoint '%.40s...' is too long", endpoint);
    // it is printed in log lines and events
    for (size_t i = 0; i < n; i++)
        if (endpoint[i] <= ' ' || endpoint[i] > '~' || endpoint[i] == '"' || endpoint[i] == '\\')
            return sl_fail(SL_CONFIG, hint, "the endpoint has byte 0x%02x at %zu, which none has",
                           (unsigned char)endpoint[i], i);
    if (starts_with(endpoint, sim)) return SL_OK;
    if (starts_with(endpoint, ipc)) {
        struct sockaddr_un address;
        if (n == sizeof ipc - 1 || n - (sizeof ipc - 1) >= sizeof address.sun_path)
            return sl_fail(SL_CONFIG, hint, "'%s': a path of 1 to %zu bytes follows ipc://", endpoint,
                           sizeof address.sun_path - 1);
        return SL_OK;
    }
    parts p;
    if (!starts_with(endpoint, tcp) || !split(endpoint, &p))
        return sl_fail(SL_CONFIG, hint, "'%s' is no endpoint", endpoint);
    if (!is_host(&p, serves)) return sl_fail(SL_CONFIG, hint, "'%s' has no valid host", endpoint);
    if (!is_port(p.port, serves)) return sl_fail(SL_CONFIG, hint, "'%s' has no valid port", endpoint);
    return SL_OK;
}

sl_status sl_endpoint_check_flag(const char *flag, const char *endpoint, bool serves) {
    if (!endpoint || sl_endpoint_check(endpoint, serves) == SL_OK) return SL_OK;
    return sl_fail(SL_USAGE, sl_error_hint(), "%s: %s", flag, sl_error_what());
}

// the first IPv4 address of a name, else its first IPv6 address; the family, or AF_UNSPEC when there is none
static int look_up(const char *host, char address[INET6_ADDRSTRLEN]) {
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int family = AF_UNSPEC;
    if (getaddrinfo(host, NULL, &wanted, &found) != 0) return AF_UNSPEC;
    for (const struct addrinfo *one = found; one && family != AF_INET; one = one->ai_next) {
        bool v4 = one->ai_family == AF_INET;
        if (!v4 && (one->ai_family != AF_INET6 || family == AF_INET6)) continue;
        const void *bytes = v4 ? (const void *)&((const struct sockaddr_in *)(const void *)one->ai_addr)->sin_addr
                               : &((const struct sockaddr_in6 *)(const void *)one->ai_addr)->sin6_addr;
        if (inet_ntop(one->ai_family, bytes, address, INET6_ADDRSTRLEN)) family = one->ai_family;
    }
    freeaddrinfo(found);
    return family;
}

static bool is_own(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (address->sa_family != AF_INET6) return false;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == IN_LOOPBACKNET);
}

bool sl_endpoint_is_loopback(const char *endpoint) {
    parts p;
    if (starts_with(endpoint, ipc) || starts_with(endpoint, sim)) return true;
    if (!starts_with(endpoint, tcp) || !split(endpoint, &p)) return false;
    if (strcmp(p.host, "localhost") == 0) return true;
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(p.host, NULL, &wanted, &found) != 0) return false;
    bool own = found != NULL;
    for (const struct addrinfo *one = found; one; one = one->ai_next) own &= is_own(one->ai_addr);
    freeaddrinfo(found);
    return own;
}

sl_status sl_endpoint_complete(const char *text, int port, char out[SL_ENDPOINT_BYTES]) {
    char made[SL_ENDPOINT_BYTES];
    struct in6_addr address;
    const char *bracket = strrchr(text, ']'), *colon = strrchr(text, ':');
    int n;
    if (strstr(text, "://"))
        n = snprintf(made, sizeof made, "%s", text);
    else if (inet_pton(AF_INET6, text, &address) == 1)
        n = snprintf(made, sizeof made, "tcp://[%s]:%d", text, port);
    else if (colon && (!bracket || colon > bracket))
        n = snprintf(made, sizeof made, "tcp://%s", text);
    else
        n = snprintf(made, sizeof made, "tcp://%s:%d", text, port);
    if (n < 0 || n >= SL_ENDPOINT_BYTES) return sl_fail(SL_CONFIG, hint, "the host '%.40s...' is too long", text);
    SL_TRY(sl_endpoint_check(made, false));
    memcpy(out, made, sizeof made);
    return SL_OK;
}

void sl_endpoint_reach(const char *served, char out[SL_ENDPOINT_BYTES]) {
    parts p;
    const char *host = NULL;
    if (starts_with(served, tcp) && split(served, &p)) {
        if (strcmp(p.host, "*") == 0 || strcmp(p.host, "0.0.0.0") == 0) host = "127.0.0.1";
        if (strcmp(p.host, "::") == 0) host = "[::1]";
    }
    if (host)
        (void)snprintf(out, SL_ENDPOINT_BYTES, "tcp://%s:%.16s", host, p.port);
    else
        (void)snprintf(out, SL_ENDPOINT_BYTES, "%s", served);
}

bool sl_endpoint_is_ipv6(const char *endpoint) {
    return starts_with(endpoint, tcp) && endpoint[sizeof tcp - 1] == '[';
}

sl_status sl_endpoint_resolve(const char *endpoint, char out[SL_ENDPOINT_BYTES]) {
    parts p;
    char address[INET6_ADDRSTRLEN] = "";
    int family = starts_with(endpoint, tcp) && split(endpoint, &p) ? look_up(p.host, address) : AF_UNSPEC;
    if (family == AF_UNSPEC)
        return sl_fail(SL_CONFIG, "use an address of this machine, or tcp://*:PORT for all of them",
                       "'%s' names no address", endpoint);
    int n = snprintf(out, SL_ENDPOINT_BYTES, family == AF_INET6 ? "tcp://[%s]:%s" : "tcp://%s:%s", address, p.port);
    return n < SL_ENDPOINT_BYTES ? SL_OK : sl_fail(SL_CONFIG, hint, "the endpoint '%.40s...' is too long", endpoint);
}
