/* test_top.c - starling top as a program: a page that is there, one that is not, ones that are something else. */
#define _XOPEN_SOURCE 700
#include "starling/runner.h"

#include "common/alloc.h"
#include "net/page_socket.h"
#include "telemetry/page_server.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char page[] = "{\"coordinator\": {\"run\":\"runs/a\",\"env\":\"combat/3m\",\"work\":\"fly\"},"
                           "\"slots\": [{\"slot\":0,\"state\":\"live\",\"device\":\"pi\\u001b[2J\"}]}";

static void show(void *context, sl_page_text *out) {
    sl_page_text_add(out, "%s", (const char *)context);
}

static const sl_page pages[] = {{"/fleet.json", SL_PAGE_JSON, show}};
static char words[300];

static sl_page_server *serve(const char *text) {
    sl_page_server *server = NULL;
    const sl_page_server_def def = {"127.0.0.1:*", 1, pages, (void *)(uintptr_t)text, 65536};
    assert_int_equal(sl_page_server_open(&def, &server), SL_OK);
    return server;
}

static const char *say(const char *flags, const char *address) {
    (void)snprintf(words, sizeof words, "top %s %s", flags, address);
    return words;
}

static void the_page_is_shown(void **state) {
    (void)state;
    sl_page_server *server = serve(page);
    const char *address = sl_page_server_address(server);
    assert_int_equal(run("2>&1", say("--once", address)), 0);
    assert_non_null(strstr(output, "combat/3m  runs/a"));
    assert_non_null(strstr(output, "   0 live    pi?[2J"));
    assert_null(strchr(output, '\x1b'));
    // the object is written anew: no control character stands in it as such
    expect_json(say("--json", address), 0);
    assert_null(strchr(output, '\x1b'));
    // the environment's, and http:// as browsers write it
    char variable[100];
    (void)snprintf(variable, sizeof variable, "export STARLING_METRICS=%s", address);
    limit = variable;
    assert_int_equal(run("2>&1", "top --once"), 0);
    limit = NULL;
    (void)snprintf(words, sizeof words, "top --once http://%s/", address);
    assert_int_equal(run("2>&1", words), 0);
    sl_page_server_close(&server);
    expect_error(say("--once", ""), 9, "no page at 127.0.0.1:9464");
    expect_error("top --once no-such-host.invalid", 9, "names no address");
    expect_error("top --once a:b:c", 2, "is no page of metrics");
    expect_error("top --once *:9464", 2, "is no page of metrics");
}

// what a stranger on that port says
typedef struct stranger {
    int fd;
    const char *answer; /* NULL: none */
    pthread_t thread;
} stranger;

// expect_error runs the program twice
static void *answer_two(void *context) {
    const stranger *self = context;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sl_page_wait(self->fd, false, INT64_MAX / 2), SL_OK);
        int fd = accept(self->fd, NULL, NULL);
        char request[4096];
        if (self->answer && recv(fd, request, sizeof request, 0) > 0)
            (void)send(fd, self->answer, strlen(self->answer), MSG_NOSIGNAL);
        // without an answer until the other side gives up
        while (!self->answer && recv(fd, request, sizeof request, 0) > 0) continue;
        (void)close(fd);
    }
    return NULL;
}

static void expect_refusal(const char *answer, int code, const char *line) {
    char address[SL_ENDPOINT_BYTES];
    stranger s = {.answer = answer};
    assert_int_equal(sl_page_listen("tcp://127.0.0.1:*", 4, &s.fd, address), SL_OK);
    assert_int_equal(pthread_create(&s.thread, NULL, answer_two, &s), 0);
    expect_error(say("--once", address), code, line);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    (void)close(s.fd);
}

static void strangers_are_refused(void **state) {
    (void)state;
    expect_refusal("SSH-2.0-x\r\n\r\n", 5, "the answer is no HTTP");
    expect_refusal("HTTP/1.1 200 OK\r\n\r\n{}", 5, "does not say how long");
    expect_refusal("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", 9, "ended within the answer");
    expect_refusal("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{}", 7, "more than can be taken");
    expect_refusal("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}", 5, "does not say how long");
    expect_refusal("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 6, "the answer is 302");
    expect_refusal("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 4, "there is no such page");
    expect_refusal("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}", 5, "no JSON object");
    expect_refusal("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7", 5, "no JSON object");
    expect_refusal("", 9, "ended within the answer");
    expect_refusal(NULL, 9, "no answer in time");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_shown),
        cmocka_unit_test(strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
