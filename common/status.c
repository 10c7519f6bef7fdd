/* status.c - the per-thread error line. Any thread. */
#include "common/status.h"

#include "common/utf8.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local sl_error error;

static const struct {
    const char *name;
    int exit_code;
} status_table[SL_STATUS_COUNT] = {
    [SL_OK] = {"ok", 0},
    [SL_USAGE] = {"usage", 2},
    [SL_CONFIG] = {"config", 3},
    [SL_NOT_FOUND] = {"not found", 4},
    [SL_CORRUPT] = {"corrupt", 5},
    [SL_MISMATCH] = {"mismatch", 6},
    [SL_NO_SPACE] = {"no space", 7},
    [SL_IO] = {"i/o", 8},
    [SL_NETWORK] = {"network", 9},
    [SL_CHECK] = {"check failed", 10},
    [SL_MEMORY] = {"memory", 11},
    [SL_NOT_FINITE] = {"not finite", 12},
    [SL_INTERRUPTED] = {"interrupted", 0},
    [SL_FULL] = {"full", 7},
    [SL_TIMEOUT] = {"timeout", 9},
};

#undef sl_fail
sl_status sl_fail(sl_status code, const char *hint, const char *format, ...) {
    // the arguments may point into the old line and the old hint, so the new ones are made aside
    sl_error made;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(made.what, sizeof made.what, format, args);
    va_end(args);
    (void)snprintf(made.hint, sizeof made.hint, "%s", hint ? hint : "");
    // they quote files, peers and arguments: nothing of those may move a terminal's cursor
    sl_utf8_make_plain(made.what);
    sl_utf8_make_plain(made.hint);
    error = made;
    return code;
}

const char *sl_status_name(sl_status code) {
    return (unsigned)code < SL_STATUS_COUNT ? status_table[code].name : "unknown";
}

int sl_status_exit_code(sl_status code) {
    return (unsigned)code < SL_STATUS_COUNT ? status_table[code].exit_code : 1;
}

const char *sl_error_what(void) {
    return error.what;
}

const char *sl_error_hint(void) {
    return error.hint[0] ? error.hint : NULL;
}

void sl_error_save(sl_error *out) {
    *out = error;
}

void sl_error_restore(const sl_error *saved) {
    error = *saved;
}

void sl_error_print(const char *program) {
    fprintf(stderr, "%s: %s\n", program, error.what[0] ? error.what : "unknown error");
    if (error.hint[0]) fprintf(stderr, "  hint: %s\n", error.hint);
}
