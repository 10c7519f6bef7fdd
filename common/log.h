/* log.h - one line an event on stderr, human ("12:00:01 info trainer: ...") or one JSON object a line
 * (--log-json). stdout is kept for results. Any thread; a line is written by one write(2). */
#ifndef SL_COMMON_LOG_H
#define SL_COMMON_LOG_H

#include "common/status.h"

#include <stdbool.h>

typedef enum sl_log_level { SL_LOG_DEBUG, SL_LOG_INFO, SL_LOG_WARN, SL_LOG_ERROR } sl_log_level;

/* Once, first thing in main(); program is borrowed for the life of the process. */
void sl_log_init(const char *program, sl_log_level lowest, bool json);
/* "debug" | "info" | "warn" | "error"; SL_USAGE otherwise. */
SL_MUST_CHECK sl_status sl_log_level_parse(const char *text, sl_log_level *out);
void sl_log(sl_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define SL_DEBUGF(...) sl_log(SL_LOG_DEBUG, __VA_ARGS__)
#define SL_INFO(...)   sl_log(SL_LOG_INFO, __VA_ARGS__)
#define SL_WARN(...)   sl_log(SL_LOG_WARN, __VA_ARGS__)
#define SL_ERROR(...)  sl_log(SL_LOG_ERROR, __VA_ARGS__)

#endif
