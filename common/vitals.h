/* vitals.h - that a program is at work, told to whoever looks after it: to systemd through NOTIFY_SOCKET (READY=1,
 * STATUS=, WATCHDOG=1, STOPPING=1) and in the file that STARLING_HEALTH names, which --health reads. The loop that
 * does the work beats, so a program that hangs falls silent. All times are of the monotonic clock: a wall clock that
 * jumps does not matter. Until it is opened, and without both variables, everything here does nothing. One program,
 * one record; main thread but for beat, which belongs to the thread of the work. */
#ifndef SL_COMMON_VITALS_H
#define SL_COMMON_VITALS_H

#include "common/status.h"

#include <stdint.h>

/* How long a program may be silent before --health calls it hung: an agent decides within microseconds; a batch, an
 * update or an evaluation of the others may keep a slow machine busy. */
enum { SL_VITALS_AGENT_MS = 5000, SL_VITALS_WORK_MS = 60000 };

typedef enum sl_vitals_state {
    SL_VITALS_STARTING, /* not healthy yet */
    SL_VITALS_WAITING,  /* healthy, but waits for others before it is ready */
    SL_VITALS_READY     /* does what it is there for; the first time, systemd is told so */
} sl_vitals_state;

/* After every restart of its own and before threads. Takes the variables out of the environment, so that children do
 * not speak for this program. A file that cannot be written is warned of: --health fails then. One that another
 * program keeps is left to it. */
void sl_vitals_open(const char *program, int patience_ms);
/* text: a few words for people, such as "flying slot 2"; cut at 100 bytes. */
void sl_vitals_say(sl_vitals_state state, const char *text);
/* Of every turn of the work; now_ns of the monotonic clock. Costs a comparison, twice a second a write. */
void sl_vitals_beat(int64_t now_ns);
/* Says that it stops and removes the file. What was never opened may be closed. */
void sl_vitals_close(void);

/* What --health does: reads STARLING_HEALTH's file and prints one line on stdout when its program is healthy; else
 * SL_NETWORK with the reason: no variable, no file, still starting, silent for too long. */
SL_MUST_CHECK sl_status sl_vitals_health(void);

#endif
