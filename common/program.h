/* program.h - the running program: what every main does first, whose end is its end too, and where its file lies, so
 * that it can be started again and find its siblings. Any thread, but for begin and keep: main's. */
#ifndef SL_COMMON_PROGRAM_H
#define SL_COMMON_PROGRAM_H

#include "common/status.h"

#include <stdbool.h>

enum { SL_PROGRAM_BYTES = 4096 };

/* First thing in main. Opens /dev/null for what is closed of stdin, stdout and stderr, or the next file would take
 * its number and get the log. Of a program that keeps its children (below) it arranges to be killed when that one
 * ends, however it ends. SL_IO: that one is gone already. */
SL_MUST_CHECK sl_status sl_program_begin(void);
/* From now on the children of this process that begin as above end with it: kill -9 leaves nobody behind. The thread
 * that starts them must last as long as they do. */
void sl_program_keep_children(void);
/* The absolute path of this program's file. Works without /proc too, as in a bare chroot, unless the working folder
 * was changed since the start. False, path untouched, when the system does not say. */
bool sl_program_self(char path[SL_PROGRAM_BYTES]);

#endif
