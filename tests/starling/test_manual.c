/* test_manual.c - docs/starling.1 has a section for every command that --help lists, and in it every option that the
 * command's --help names. */
#include "common/alloc.h"
#include "starling/runner.h"
#include "storage/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 64, MAX_HELP = 16384 };
static const char common[] = " --log-level --log-json --help --version --health ";
static char *manual;
static int n_commands, n_options;

// a '-' of the manual's text is "\-"
static void escape(const char *text, char *out) {
    for (; *text; text++) {
        if (*text == '-') *out++ = '\\';
        *out++ = *text;
    }
    *out = '\0';
}

static void expect_options(const char *path, const char *help) {
    char title[2 * MAX_PATH], section[MAX_HELP], escaped[2 * MAX_PATH + 8];
    escape(path, escaped);
    (void)snprintf(title, sizeof title, ".SS starling%.100s\n", escaped);
    const char *begin = strstr(manual, title);
    if (!begin) {
        fail_msg("the manual has no section of 'starling%s'", path);
        return;
    }
    const char *end = strstr(begin + 1, "\n.S");
    size_t n = end ? (size_t)(end - begin) : strlen(begin);
    assert_true(n < sizeof section);
    memcpy(section, begin, n);
    section[n] = '\0';
    for (const char *at = strstr(help, "\n  --"); at; at = strstr(at + 1, "\n  --")) {
        char name[MAX_PATH], spaced[MAX_PATH + 2];
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 3, " ,\n"), at + 3);
        (void)snprintf(spaced, sizeof spaced, " %s ", name);
        // said once for all
        if (strstr(common, spaced)) continue;
        escape(name, escaped);
        if (!strstr(section, escaped)) fail_msg("the manual lacks %s of 'starling%s'", name, path);
        n_options++;
    }
}

static void visit(const char *path) {
    char words[MAX_PATH + 16], help[MAX_HELP];
    (void)snprintf(words, sizeof words, "%s --help", path);
    assert_int_equal(run("2>&1", words), 0);
    assert_true(strlen(output) < sizeof help);
    memcpy(help, output, strlen(output) + 1);
    const char *list = strstr(help, "\ncommands:\n");
    if (!list) {
        n_commands++;
        expect_options(path, help);
        return;
    }
    for (const char *at = strstr(list, "\n  "); at; at = strstr(at + 1, "\n  ")) {
        // what goes on in a second line is indented further
        if (at[3] == ' ') continue;
        char child[MAX_PATH];
        (void)snprintf(child, sizeof child, "%.40s %.*s", path, (int)strcspn(at + 3, " ,\n"), at + 3);
        visit(child);
    }
}

static void test_every_option(void **state) {
    (void)state;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    assert_int_equal(sl_file_read(SL_SOURCE_DIR "/docs/starling.1", 1 << 20, &bytes, &n_bytes), SL_OK);
    manual = sl_alloc(n_bytes + 1);
    assert_non_null(manual);
    memcpy(manual, bytes, n_bytes);
    visit("");
    assert_true(n_commands > 15 && n_options > 60);
    sl_free(bytes);
    sl_free(manual);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_option)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
