/* test_page_server.c - pages over real sockets: what is answered, what is refused, garbage, hundreds of connections
 * that say nothing, a port in use, addresses. */
#include "telemetry/page_server.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/rng.h"
#include "net/http_get.h"
#include "net/page_socket.h"
#include "support/torture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SILENT = 300, PAGE_BYTES = 65536, PATIENCE_MS = 20000 };

typedef struct world {
    sl_page_server *server;
    char endpoint[SL_ENDPOINT_BYTES];
    int shown;
    size_t n_filler;
} world;

static void render(void *context, sl_page_text *out) {
    world *w = context;
    sl_page_text_add(out, "page %d\n", ++w->shown);
    for (size_t i = 0; i < w->n_filler; i++) sl_page_text_add(out, "x");
}

static const sl_page pages[] = {{"/metrics", SL_PAGE_PROMETHEUS, render}, {"/fleet.json", SL_PAGE_JSON, render}};

static sl_status open_server(world *w, const char *endpoint) {
    const sl_page_server_def def = {
        .endpoint = endpoint, .n = 2, .pages = pages, .context = w, .capacity = PAGE_BYTES};
    SL_TRY(sl_page_server_open(&def, &w->server));
    (void)snprintf(w->endpoint, sizeof w->endpoint, "tcp://%s", sl_page_server_address(w->server));
    return SL_OK;
}

static void open_world(world *w) {
    *w = (world){.shown = 0};
    assert_int_equal(open_server(w, "127.0.0.1:*"), SL_OK);
}

static sl_status get(const world *w, const char *path, char *body) {
    size_t n = 0;
    return sl_http_get(w->endpoint, path, PATIENCE_MS, body, PAGE_BYTES + SL_HTTP_HEADER_BYTES, &n);
}

static int connect_to(const world *w) {
    int fd = -1;
    assert_int_equal(sl_page_connect(w->endpoint, sl_clock_ns() + INT64_C(5000000000), &fd), SL_OK);
    return fd;
}

// says bytes and gives what comes back, to the end of the connection or until nothing more comes
static void talk(const world *w, const void *bytes, size_t n, char answer[1024]) {
    int fd = connect_to(w);
    size_t have = 0;
    (void)send(fd, bytes, n, MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    while (have < 1023 && sl_page_wait(fd, false, sl_clock_ns() + INT64_C(8000000000)) == SL_OK) {
        ssize_t more = recv(fd, answer + have, 1023 - have, 0);
        if (more <= 0) break;
        have += (size_t)more;
    }
    answer[have] = '\0';
    (void)close(fd);
}

static void pages_are_shown_and_nothing_else(void **state) {
    (void)state;
    world w;
    open_world(&w);
    char body[PAGE_BYTES + SL_HTTP_HEADER_BYTES], answer[1024];
    assert_int_equal(get(&w, "/metrics", body), SL_OK);
    assert_string_equal(body, "page 1\n");
    assert_int_equal(get(&w, "/fleet.json?pretty", body), SL_OK);
    assert_string_equal(body, "page 2\n");
    assert_int_equal(get(&w, "/", body), SL_NOT_FOUND);
    assert_int_equal(get(&w, "/metrics/../../etc/passwd", body), SL_NOT_FOUND);
    const char *methods[] = {"POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"};
    for (int i = 0; i < 6; i++) {
        char request[128];
        int n = snprintf(request, sizeof request, "%s /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
                         methods[i]);
        talk(&w, request, (size_t)n, answer);
        assert_non_null(strstr(answer, "HTTP/1.1 405 "));
        assert_non_null(strstr(answer, "Allow: GET"));
    }
    assert_int_equal(w.shown, 2);
    const char plain[] = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    talk(&w, plain, sizeof plain - 1, answer);
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    sl_page_server_close(&w.server);
}

// whatever is said, no page comes of it, and the next one who asks properly is served
static void garbage_is_refused(void **state) {
    (void)state;
    world w;
    open_world(&w);
    char body[PAGE_BYTES + SL_HTTP_HEADER_BYTES], answer[1024];
    static uint8_t bytes[40000];
    sl_rng rng = sl_rng_seed(9);
    const char *cases[] = {"\r\n\r\n",
                           "GET\r\n\r\n",
                           "HELLO WORLD\r\n\r\n",
                           "GET /metrics HTTP/9.9\r\n\r\n",
                           "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                           "GET /metrics HTTP/1.1\r\n\r\n"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        talk(&w, cases[i], strlen(cases[i]), answer);
        bool refused = !answer[0] || strstr(answer, "HTTP/1.1 4") == answer || strstr(answer, "HTTP/1.1 5") == answer;
        if (!refused) fail_msg("'%s': %s", cases[i], answer);
    }
    for (int i = 0; i < 30; i++) {
        size_t n = 1 + sl_rng_below(&rng, sizeof bytes);
        for (size_t k = 0; k < n; k++) bytes[k] = (uint8_t)sl_rng_below(&rng, 256);
        talk(&w, bytes, n, answer);
        assert_null(strstr(answer, "200 OK"));
    }
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "GET /", 5);
    talk(&w, bytes, sizeof bytes, answer);
    assert_null(strstr(answer, "200 OK"));
    assert_int_equal(w.shown, 0);
    assert_int_equal(get(&w, "/metrics", body), SL_OK);
    sl_page_server_close(&w.server);
}

// more connections than are taken, all silent: who asks is answered once the first have timed out
static void silent_connections_hold_it_up_for_a_moment_only(void **state) {
    (void)state;
    world w;
    open_world(&w);
    static int fds[SILENT];
    char body[PAGE_BYTES + SL_HTTP_HEADER_BYTES];
    int n = 0;
    for (; n < SILENT; n++) {
        // what the backlog does not take either is not connected
        if (sl_page_connect(w.endpoint, sl_clock_ns() + INT64_C(50000000), &fds[n]) != SL_OK) break;
    }
    assert_true(n > SL_PAGE_CONNECTIONS);
    assert_int_equal(get(&w, "/metrics", body), SL_OK);
    for (int i = 0; i < n; i++) (void)close(fds[i]);
    assert_int_equal(get(&w, "/metrics", body), SL_OK);
    sl_page_server_close(&w.server);
}

static void a_page_that_does_not_fit_is_an_error(void **state) {
    (void)state;
    world w;
    open_world(&w);
    char body[PAGE_BYTES + SL_HTTP_HEADER_BYTES];
    w.n_filler = PAGE_BYTES;
    assert_int_equal(get(&w, "/metrics", body), SL_MISMATCH);
    assert_non_null(strstr(sl_error_what(), "500"));
    w.n_filler = PAGE_BYTES - 100;
    assert_int_equal(get(&w, "/metrics", body), SL_OK);
    sl_page_server_close(&w.server);
}

static void a_port_in_use_is_said(void **state) {
    (void)state;
    world w, other = {.shown = 0};
    open_world(&w);
    assert_int_equal(open_server(&other, w.endpoint), SL_NETWORK);
    assert_non_null(strstr(sl_error_what(), "Address already in use"));
    assert_non_null(strstr(sl_error_hint(), "--metrics"));
    sl_page_server_close(&w.server);
    // closed connections that linger are no obstacle
    assert_int_equal(open_server(&other, w.endpoint), SL_OK);
    sl_page_server_close(&other.server);
    assert_int_equal(open_server(&other, "192.0.2.1:9464"), SL_NETWORK);
    assert_int_equal(open_server(&other, "nowhere.invalid:9464"), SL_NETWORK);
}

static void an_endpoint_is_of_this_machine_unless_it_says_more(void **state) {
    (void)state;
    static const char *const good[][2] = {
        {"9464", "tcp://127.0.0.1:9464"},     {":9464", "tcp://127.0.0.1:9464"},
        {"pi.local", "tcp://pi.local:9464"},  {"10.0.0.7:80", "tcp://10.0.0.7:80"},
        {"tcp://*:9000", "tcp://*:9000"},     {"[::1]:9000", "tcp://[::1]:9000"},
        {"[::1]", "tcp://[::1]:9464"},        {"http://10.0.0.7:81/", "tcp://10.0.0.7:81"},
        {"127.0.0.1:*", "tcp://127.0.0.1:*"},
    };
    static const char *const bad[] = {"",        ":",   "a b",     "70000", ":0", "x:99999", "ipc:///tmp/x",
                                      "http://", "::1", "x\x1b[2J"};
    char out[SL_ENDPOINT_BYTES];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(sl_page_endpoint(good[i][0], true, out), SL_OK);
        assert_string_equal(out, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sl_page_endpoint(bad[i], true, out), SL_USAGE);
    // to ask somebody takes an address
    assert_int_equal(sl_page_endpoint("*:9464", false, out), SL_USAGE);
    assert_int_equal(sl_page_endpoint("127.0.0.1:*", false, out), SL_USAGE);
}

// the server's thread takes no signal from the program
static volatile sig_atomic_t caught;
static void catch (int number) {
    caught = number;
}
static void signals_are_the_programs(void **state) {
    (void)state;
    world w;
    open_world(&w);
    struct sigaction action = {.sa_handler = catch};
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(sigaction(SIGTERM, &action, NULL), 0);
    assert_int_equal(sigprocmask(SIG_BLOCK, &term, &before), 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    char body[PAGE_BYTES + SL_HTTP_HEADER_BYTES];
    assert_int_equal(get(&w, "/metrics", body), SL_OK);
    assert_int_equal(caught, 0);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(caught, SIGTERM);
    sl_page_server_close(&w.server);
}

static sl_status live(void *context) {
    world *w = context;
    SL_TRY(open_server(w, "127.0.0.1:*"));
    sl_page_server_close(&w->server);
    return SL_OK;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    world w = {.shown = 0};
    assert_int_equal(sl_torture(live, &w), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_shown_and_nothing_else),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(silent_connections_hold_it_up_for_a_moment_only),
        cmocka_unit_test(a_page_that_does_not_fit_is_an_error),
        cmocka_unit_test(a_port_in_use_is_said),
        cmocka_unit_test(an_endpoint_is_of_this_machine_unless_it_says_more),
        cmocka_unit_test(signals_are_the_programs),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
