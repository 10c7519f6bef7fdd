/* log.c - see log.h. */
#include "common/log.h"

#include "common/json_line.h"
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

static void write_json(const char *stamp, sl_log_level level, const char *text) {
    sl_json_line line = {0};
    sl_json_line_text(&line, "time", stamp);
    sl_json_line_text(&line, "level", level_names[level]);
    sl_json_line_text(&line, "program", log_program);
    sl_json_line_text(&line, "text", text);
    sl_json_line_end(&line);
    if (write(STDERR_FILENO, line.bytes, line.n) < 0) return;
}

void sl_log(sl_log_level level, const char *format, ...) {
    if (level < log_lowest) return;
    char text[768], line[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm day;
    gmtime_r(&now.tv_sec, &day);
    char stamp[40];
    if (log_json) {
        size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &day);
        (void)snprintf(stamp + n, sizeof stamp - n, ".%03ldZ", now.tv_nsec / 1000000);
        write_json(stamp, level, text);
        return;
    }
    (void)strftime(stamp, sizeof stamp, "%H:%M:%S", &day);
    sl_utf8_make_plain(text);
    int n = snprintf(line, sizeof line, "%s %-5s %s: %s\n", stamp, level_names[level], log_program, text);
    if (write(STDERR_FILENO, line, (size_t)n) < 0) return;
}
