/* spawn.h - one started program: posix_spawn, its stdout read line by line through a pipe, its end. Its stdin is
 * /dev/null, its stderr is ours. It runs in a process group of its own, so that Ctrl-C reaches starling alone, which
 * then ends it in order. One thread owns a process. */
#ifndef SL_STARLING_RUN_SPAWN_H
#define SL_STARLING_RUN_SPAWN_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SL_LINE_BYTES = 16384, SL_PATH_BYTES = 4096 };

typedef struct sl_process {
    pid_t pid;         /* 0: none, or ended and reaped */
    int out;           /* read end of its stdout, non-blocking; -1: closed */
    size_t begin, end; /* unread part of buffer */
    bool overlong;     /* inside a line that did not fit and is dropped */
    char buffer[SL_LINE_BYTES];
} sl_process;

/* The path of a program: name itself when it has a slash, else beside the running binary, else in PATH.
 * SL_NOT_FOUND. */
SL_MUST_CHECK sl_status sl_program_find(const char *name, char path[SL_PATH_BYTES]);
/* argv ends with NULL. It gets our environment but for NOTIFY_SOCKET and all of STARLING_ other than STARLING_PARENT.
 * SL_NOT_FOUND: no such program; SL_IO. */
SL_MUST_CHECK sl_status sl_process_start(const char *path, char *const *argv, sl_process *out);
/* The next whole line without its newline, borrowed until the next call; NULL when there is none yet. *ended becomes
 * true when its stdout is closed and every line was given: the program has ended or is about to. */
const char *sl_process_read_line(sl_process *self, bool *ended);
void sl_process_signal(const sl_process *self, int signal_number); /* to its whole group; nothing without one */
/* Whether it has ended, without waiting; then *status is that of waitpid(2), and the pipe is closed. A closed stdout
 * does not say so. */
bool sl_process_has_ended(sl_process *self, int *status);
/* Waits for its end and closes the pipe; the status of waitpid(2), or -1 when there is no process. */
int sl_process_wait(sl_process *self);
/* Runs a program to its end with our stdout and stderr. SL_NOT_FOUND, SL_IO: it failed. */
SL_MUST_CHECK sl_status sl_program_run(const char *path, char *const *argv);

#endif
