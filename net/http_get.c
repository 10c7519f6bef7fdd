/* http_get.c - see http_get.h. */
#include "net/http_get.h"

#include "common/assert.h"
#include "common/clock.h"
#include "net/page_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static const char is_it[] = "is it a Starling with --metrics?";

static sl_status say(int fd, const char *text, int64_t deadline_ns) {
    for (size_t at = 0, n = strlen(text); at < n;) {
        SL_TRY(sl_page_wait(fd, true, deadline_ns));
        ssize_t sent = send(fd, text + at, n - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR && errno != EAGAIN)
            return sl_fail(SL_NETWORK, NULL, "the connection broke: %s", strerror(errno));
        if (sent > 0) at += (size_t)sent;
    }
    return SL_OK;
}

// adds what comes next to bytes (n of capacity); *ended: nothing does
static sl_status hear(int fd, int64_t deadline_ns, char *bytes, size_t capacity, size_t *n, bool *ended) {
    SL_TRY(sl_page_wait(fd, false, deadline_ns));
    ssize_t more = recv(fd, bytes + *n, capacity - *n, 0);
    if (more < 0 && (errno == EINTR || errno == EAGAIN)) return SL_OK;
    if (more < 0) return sl_fail(SL_NETWORK, NULL, "the connection broke: %s", strerror(errno));
    *n += (size_t)more;
    *ended = more == 0;
    return SL_OK;
}

// a number of a header's field, which ends with the line
static bool read_length(const char *text, size_t *out) {
    while (*text == ' ' || *text == '\t') text++;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 15 || (text[n] != '\r' && text[n] != ' ')) return false;
    *out = (size_t)strtoull(text, NULL, 10);
    return true;
}

// header: ends with an empty line and a zero
static sl_status read_header(const char *header, size_t *length) {
    static const char version[] = "HTTP/1.", field[] = "\r\ncontent-length:";
    int code = 0;
    if (strncmp(header, version, sizeof version - 1) != 0 || sscanf(header + sizeof version, " %3d", &code) != 1)
        return sl_fail(SL_CORRUPT, is_it, "the answer is no HTTP");
    if (code == 404) return sl_fail(SL_NOT_FOUND, is_it, "there is no such page");
    if (code != 200) return sl_fail(SL_MISMATCH, is_it, "the answer is %d, not 200", code);
    for (const char *at = header; (at = strstr(at, "\r\n")); at++)
        if (strncasecmp(at, field, sizeof field - 1) == 0 && read_length(at + sizeof field - 1, length)) return SL_OK;
    return sl_fail(SL_CORRUPT, is_it, "the answer does not say how long it is");
}

static sl_status read_page(int fd, int64_t deadline_ns, char *bytes, size_t capacity, size_t *n_body) {
    size_t n = 0, n_header = 0, length = 0;
    for (bool ended = false; n_header == 0 || n - n_header < length;) {
        if (ended) return sl_fail(SL_NETWORK, is_it, "the connection ended within the answer");
        SL_TRY(hear(fd, deadline_ns, bytes, capacity - 1, &n, &ended));
        bytes[n] = '\0';
        char *end = n_header ? NULL : strstr(bytes, "\r\n\r\n");
        if (!end && n_header == 0 && n >= SL_HTTP_HEADER_BYTES)
            return sl_fail(SL_CORRUPT, is_it, "the answer's header has no end");
        if (!end) continue;
        n_header = (size_t)(end + 4 - bytes);
        end[2] = '\0';
        SL_TRY(read_header(bytes, &length));
        if (length > capacity - SL_HTTP_HEADER_BYTES || n_header > SL_HTTP_HEADER_BYTES)
            return sl_fail(SL_FULL, is_it, "the page has %zu bytes, more than can be taken", length);
    }
    memmove(bytes, bytes + n_header, length);
    bytes[length] = '\0';
    *n_body = length;
    return SL_OK;
}

sl_status sl_http_get(const char *endpoint, const char *path, int timeout_ms, char *body, size_t capacity,
                      size_t *n) {
    SL_ASSERT(capacity > SL_HTTP_HEADER_BYTES);
    int64_t deadline_ns = sl_clock_ns() + (int64_t)timeout_ms * 1000000;
    char request[SL_ENDPOINT_BYTES + 160];
    (void)snprintf(request, sizeof request, "GET %.80s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
                   endpoint + strlen("tcp://"));
    int fd = -1;
    SL_TRY(sl_page_connect(endpoint, deadline_ns, &fd));
    sl_status status = say(fd, request, deadline_ns);
    if (status == SL_OK) status = read_page(fd, deadline_ns, body, capacity, n);
    (void)close(fd);
    return status;
}
