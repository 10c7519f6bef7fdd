/* runner.c - see runner.h. */
#include "starling/runner.h"

#include "starling/run/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char output[RUNNER_OUTPUT];
const char *limit;

// runs "<program> <words>" in a shell that merges or drops stderr; its output is kept, its exit code is the result
int run_program(const char *program, const char *redirect, const char *words) {
    static sl_process process;
    char command[2048];
    (void)snprintf(command, sizeof command, "%s%sexec " SL_BIN_DIR "/%s %s %s", limit ? limit : "", limit ? "; " : "",
                   program, words, redirect);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(sl_process_start("/bin/sh", argv, &process), SL_OK);
    size_t n = 0;
    bool ended = false;
    while (!ended) {
        const char *line = sl_process_read_line(&process, &ended);
        if (line) {
            n += (size_t)snprintf(output + n, sizeof output - n, "%s\n", line);
            assert_true(n < sizeof output);
        } else if (!ended) {
            struct pollfd fd = {.fd = process.out, .events = POLLIN};
            assert_int_equal(poll(&fd, 1, 60000), 1);
        }
    }
    output[n] = '\0';
    int status = sl_process_wait(&process);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int run(const char *redirect, const char *words) {
    return run_program("starling", redirect, words);
}

// one line that names the thing, and at most a hint after it; nothing on stdout
void expect_error(const char *words, int code, const char *line) {
    if (run("2>/dev/null", words) != code) fail_msg("%s: another exit code than %d", words, code);
    assert_string_equal(output, "");
    assert_int_equal(run("2>&1", words), code);
    char *hint = strchr(output, '\n');
    assert_non_null(hint);
    if (hint[1]) assert_true(strncmp(hint + 1, "  hint: ", 8) == 0);
    *hint = '\0';
    if (!strstr(output, line)) fail_msg("%s: '%s' is not in '%s'", words, line, output);
    // the program names itself once
    if (strncmp(output, "starling", 8) != 0 || strstr(output, ": starling")) fail_msg("%s: '%s'", words, output);
}

// of the last error
void expect_hint(const char *words) {
    const char *hint = output + strlen(output) + 1;
    if (!strstr(hint, words)) fail_msg("'%s' is not in '%s'", words, hint);
}

void expect_json(const char *words, int code) {
    assert_int_equal(run("2>/dev/null", words), code);
    json_error_t error;
    json_t *object = json_loads(output, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) fail_msg("%s: not one JSON object: %s", words, output);
    json_decref(object);
}
