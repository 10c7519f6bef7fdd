/* test_hints.c - every command line that a hint, a help text or a document names is one that starling knows, options
 * included: the sources are read and the program is asked. */
#define _XOPEN_SOURCE 700
#include "starling/runner.h"

#include "common/alloc.h"
#include "storage/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COMMANDS = 64, MAX_FILE = 1 << 20, WORD = 32 };

/* What --help of a command says; asked once. */
static struct known { char command[2 * WORD + 1], help[8192]; } known[MAX_COMMANDS];
static int n_known, n_lines, n_options;

static const char *help_of(const char *file, const char *command) {
    for (int i = 0; i < n_known; i++)
        if (strcmp(known[i].command, command) == 0) return known[i].help;
    assert_true(n_known < MAX_COMMANDS);
    struct known *k = &known[n_known++];
    char words[3 * WORD];
    assert_true(strlen(command) <= 2 * WORD);
    (void)snprintf(k->command, sizeof k->command, "%.64s", command);
    (void)snprintf(words, sizeof words, "%.64s --help", command);
    if (run("2>&1", words) != 0) fail_msg("%s names 'starling %s': %s", file, command, output);
    assert_true(strlen(output) < sizeof k->help);
    (void)snprintf(k->help, sizeof k->help, "%s", output);
    return k->help;
}

static size_t take_word(const char *at, char word[WORD]) {
    size_t n = 0;
    while (n + 1 < WORD && islower((unsigned char)at[n])) n++;
    memcpy(word, at, n);
    word[n] = '\0';
    return n;
}

static void check_options(const char *file, const char *command, const char *help, const char *at, const char *end) {
    for (; at < end; at++) {
        char option[WORD] = "--";
        if (at[0] != '-' || at[1] != '-' || !islower((unsigned char)at[2])) continue;
        size_t n = 2;
        while (n + 1 < WORD && (islower((unsigned char)at[n]) || at[n] == '-')) n++;
        memcpy(option, at, n);
        option[n] = '\0';
        if (!strstr(help, option)) fail_msg("%s: 'starling %s' has no option %s", file, command, option);
        n_options++;
        at += n - 1;
    }
}

// at: behind "starling ", end: of the command line
static void check_line(const char *file, const char *at, const char *end) {
    char first[WORD], second[WORD], command[2 * WORD + 1];
    size_t n = take_word(at, first);
    // "starling COMMAND --help", "starling <words>"
    if (n == 0) return;
    bool grouped = strcmp(first, "env") == 0 || strcmp(first, "model") == 0 || strcmp(first, "bench") == 0 ||
                   strcmp(first, "keys") == 0 || strcmp(first, "study") == 0 || strcmp(first, "links") == 0;
    (void)snprintf(command, sizeof command, "%s", first);
    if (grouped && at[n] == ' ' && take_word(at + n + 1, second) > 0)
        (void)snprintf(command, sizeof command, "%s %s", first, second);
    check_options(file, command, help_of(file, command), at, end);
    n_lines++;
}

// a command line stands in quotes up to the same quote, or on a line of its own
static const char *end_of(const char *text, const char *at, bool document) {
    char before = at > text ? at[-1] : '\n';
    if (before == '\'' || before == '`' || before == '"') return strchr(at, before);
    if (!document) return NULL;
    const char *line = at;
    while (line > text && line[-1] != '\n') line--;
    while (*line == ' ' || *line == '$') line++;
    bool alone = line == at || strncmp(line, ".B ", 3) == 0 || before == '/';
    return alone ? at + strcspn(at, "\n`'\"") : NULL;
}

static bool is_command(const char *word) {
    const char *const words[] = {"train", "eval", "fly", "report", "model", "env", "bench"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], word) == 0) return true;
    return false;
}

static bool in_string(const char *text, const char *at) {
    bool inside = false;
    while (at > text && at[-1] != '\n') inside ^= *--at == '"';
    return inside;
}

static int visit(const char *path, const struct stat *info, int type, struct FTW *where) {
    (void)info;
    (void)where;
    const char *dot = strrchr(path, '.');
    bool code = dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0);
    bool document = dot && (strcmp(dot, ".md") == 0 || strcmp(dot, ".1") == 0);
    if (type != FTW_F || (!code && !document)) return 0;
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(sl_file_read(path, MAX_FILE, &bytes, &n), SL_OK);
    const char *text = (const char *)bytes;
    for (const char *at = text; (at = strstr(at, "starling ")) != NULL; at += 9) {
        const char *end = end_of(text, at, document);
        if (end) check_line(path, at + 9, end);
        // inside a hint nobody but quotes tells a command from prose
        char word[WORD];
        (void)take_word(at + 9, word);
        if (code && !end && in_string(text, at) && is_command(word))
            fail_msg("%s: put 'starling %s' into quotes", path, word);
    }
    sl_free(bytes);
    return 0;
}

static void test_command_lines(void **state) {
    (void)state;
    const char *const places[] = {"README.md",  "CHANGELOG.md", "CONTRIBUTING.md", "docs",        "proto",  "models",
                                  "agent",      "bench",        "common",          "coordinator", "deploy", "envs",
                                  "experiment", "experiments",  "fleet",           "net",         "nn",     "rollout",
                                  "setup",      "starling",     "storage",         "trainer"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, SL_SOURCE_DIR "/%s", places[i]);
        assert_int_equal(nftw(path, visit, 16, FTW_PHYS), 0);
    }
    // it has looked
    assert_true(n_lines > 60 && n_options > 30 && n_known > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_command_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
