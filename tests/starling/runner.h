/* runner.h - runs the starling that was built, for tests of what it prints and with which code it exits. */
#ifndef TESTS_STARLING_RUNNER_H
#define TESTS_STARLING_RUNNER_H

enum { RUNNER_OUTPUT = 65536 };

extern char output[RUNNER_OUTPUT]; /* of the last run */
extern const char *limit;          /* of the shell that runs it, such as "ulimit -f 8"; NULL = none */

/* Runs "starling <words>" in a shell that redirects stderr; returns its exit code. */
int run(const char *redirect, const char *words);
int run_program(const char *program, const char *redirect, const char *words); /* another one that was built */
/* One line that names the thing, and at most a hint after it; nothing on stdout. */
void expect_error(const char *words, int code, const char *line);
/* Of the last error. */
void expect_hint(const char *words);
/* One JSON object on stdout. */
void expect_json(const char *words, int code);

#endif
