/* log.c - see log.h. */
#include "common/log.h"

#include "common/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *log_program = "starling";
static sl_log_level log_lowest = SL_LOG_INFO;
static bool log_json;

void sl_log_init(const char *program, sl_log_level lowest, bool json) {
    log_program = program;
    log_lowest = lowest;
    log_json = json;
}

sl_status sl_log_level_parse(const char *text, sl_log_level *out) {
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (sl_log_level)i;
            return SL_OK;
        }
    }
    return sl_fail(SL_USAGE, "one of debug, info, warn, error", "unknown log level '%s'", text);
}

// appends text to line as the inside of a JSON string; what does not fit is cut
static size_t append_json(char *line, size_t size, size_t at, const char *text) {
    while (*text && at + 8 < size) {
        unsigned char c = (unsigned char)*text;
        size_t n = sl_utf8_length(text);
        if (c == '"' || c == '\\') {
            line[at++] = '\\';
            line[at++] = (char)c;
        } else if (c < 0x20) {
            at += (size_t)snprintf(line + at, size - at, "\\u%04x", c);
        } else if (n == 0) {
            // a name or a peer's text may be anything; JSON may not
            at += (size_t)snprintf(line + at, size - at, "\\ufffd");
        } else {
            memcpy(line + at, text, n);
            at += n;
        }
        text += n ? n : 1;
    }
    return at;
}

void sl_log(sl_log_level level, const char *format, ...) {
    if (level < log_lowest) return;
    char text[768], line[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm day;
    gmtime_r(&now.tv_sec, &day);
    char stamp[40];
    size_t at;
    if (log_json) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &day);
        at = (size_t)snprintf(line, sizeof line,
                              "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"program\":\"%s\",\"text\":\"", stamp,
                              now.tv_nsec / 1000000, level_names[level], log_program);
        at = append_json(line, sizeof line - 4, at, text);
        line[at++] = '"';
        line[at++] = '}';
    } else {
        (void)strftime(stamp, sizeof stamp, "%H:%M:%S", &day);
        sl_utf8_make_plain(text);
        at = (size_t)snprintf(line, sizeof line - 1, "%s %-5s %s: %s", stamp, level_names[level], log_program, text);
    }
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0) return;
}
