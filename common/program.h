/* program.h - where the running program's file lies, so that it can be started again and find its siblings. Any
 * thread. */
#ifndef SL_COMMON_PROGRAM_H
#define SL_COMMON_PROGRAM_H

#include <stdbool.h>

enum { SL_PROGRAM_BYTES = 4096 };

/* The absolute path of this program's file. Works without /proc too, as in a bare chroot, unless the working folder
 * was changed since the start. False, path untouched, when the system does not say. */
bool sl_program_self(char path[SL_PROGRAM_BYTES]);

#endif
