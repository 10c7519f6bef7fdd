/* supervise.h - keeps a set of programs running: reads their events, restarts what died (with a growing pause and a
 * bounded count), passes SIGINT, SIGTERM and (unless it is ignored) SIGHUP on, ends them in order. A program that
 * exits with a code that would only come again (bad flag, experiment, file, disk full, ...: 2 to 7, 10, 12) is not
 * restarted. main thread only; it handles those while it exists; there is one at a time. */
#ifndef SL_STARLING_RUN_SUPERVISE_H
#define SL_STARLING_RUN_SUPERVISE_H

#include "common/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

enum { SL_CHILD_ARGS = 32 };

/* child: as sl_supervisor_add returned it; event: one line of the program's stdout, borrowed for the call. */
typedef void (*sl_event_fn)(void *context, int child, const json_t *event);

/* What exit code 0 means when nobody asked for it. */
typedef enum sl_exit_zero {
    SL_EXIT_FINISHES, /* the program is done */
    SL_EXIT_IS_DEATH, /* as every other code: restart, counted */
    SL_EXIT_AGAIN     /* its turn is over, another may come: started again, not counted */
} sl_exit_zero;

typedef struct sl_child_def {
    const char *name;        /* in log lines: "trainer", "agent 2" */
    const char *program;     /* "starling-trainer" */
    const char *const *args; /* ends with NULL; copied */
    sl_exit_zero exit_zero;
    int max_restarts; /* in a row, each within a minute of its start */
} sl_child_def;

typedef struct sl_supervisor sl_supervisor;

SL_MUST_CHECK sl_status sl_supervisor_create(sl_event_fn on_event, void *context, sl_supervisor **out);
void sl_supervisor_destroy(sl_supervisor **self); /* kills what still runs */
/* Starts a program. SL_NOT_FOUND, SL_IO, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_supervisor_add(sl_supervisor *self, const sl_child_def *def, int *child);
/* Its arguments from the next restart on: for what became known later, such as the endpoint to keep. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_supervisor_set_args(sl_supervisor *self, int child, const char *const *args);
/* What its exit code 0 means from now on: for a program that says that it has finished before it exits. */
void sl_supervisor_set_exit_zero(sl_supervisor *self, int child, sl_exit_zero exit_zero);
/* Waits at most timeout_ms (-1: for ever) for something to happen, deals with all that has, and returns: SL_OK;
 * SL_INTERRUPTED after one of those signals (again on each call); the status of a program that is given up. wake_fd:
 * also return when it becomes readable, -1 = none. */
SL_MUST_CHECK sl_status sl_supervisor_poll(sl_supervisor *self, int wake_fd, int timeout_ms);
bool sl_supervisor_is_done(const sl_supervisor *self, int child); /* SL_EXIT_FINISHES, and it did */
pid_t sl_supervisor_pid(const sl_supervisor *self, int child);    /* 0 when not running now */
int sl_supervisor_restarts(const sl_supervisor *self, int child); /* so far */
/* SIGTERM to one or (child -1) to all, waits for their end at most grace_ms, then SIGKILL. Events still arrive. A
 * second SIGINT cuts the wait short. This thread's error line stays as it was. */
void sl_supervisor_end(sl_supervisor *self, int child, int grace_ms);
/* The signal that interrupted this process, 0 = none: decides main's exit code. */
int sl_supervisor_signal(void);

#endif
