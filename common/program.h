/* program.h - the running program: what every main does first, whose end is its end too, and where its file lies, so
 * that it can be started again and find its siblings. Any thread, but for begin, prepare and keep: main's. */
#ifndef SL_COMMON_PROGRAM_H
#define SL_COMMON_PROGRAM_H

#include "common/status.h"

#include <stdbool.h>

enum { SL_PROGRAM_BYTES = 4096, SL_PROGRAM_FILES = 32 };

/* First thing in main: prepares the process, or says why not and ends it there and then, with the status' exit code;
 * what libraries do at exit may wait for ever in a process that lacks memory. */
void sl_program_begin(const char *name);
/* What begin does. Opens /dev/null for what is closed of stdin, stdout and stderr, or the next file would take its
 * number and get the log. Sees to it that SL_PROGRAM_FILES more can be opened. Of a program that keeps its children
 * (below) it arranges to be killed when that one ends, however it ends. SL_IO: too few files, or that one is gone. */
SL_MUST_CHECK sl_status sl_program_prepare(void);
/* Sees to it that n more threads could run now, of this program or of those it will start: libzmq aborts when it
 * cannot have one. SL_IO says what the limit is. */
SL_MUST_CHECK sl_status sl_program_need_threads(int n);
/* Sees to it that limits (ulimit -v, -d) leave the memory that OpenBLAS and a program's threads take. OpenBLAS takes
 * buffers for each core while it is loaded, and dies or waits for ever without them, so a program that links it asks
 * before its libraries are initialised. SL_MEMORY says what the limit is. */
SL_MUST_CHECK sl_status sl_program_need_memory(void);
/* Sees to it that n more files can be opened now: libzmq aborts when it cannot have one. Raises the soft limit if
 * that helps. SL_IO says what the limit is. */
SL_MUST_CHECK sl_status sl_program_need_files(int n);
/* Raises the soft limit so that n files could be open, or as many as the hard one lets: for who takes connections of
 * strangers, each a file while it lasts. */
void sl_program_want_files(int n);
/* From now on the children of this process that begin as above end with it: kill -9 leaves nobody behind. The thread
 * that starts them must last as long as they do. */
void sl_program_keep_children(void);
/* The absolute path of this program's file. Works without /proc too, as in a bare chroot, unless the working folder
 * was changed since the start. False, path untouched, when the system does not say. */
bool sl_program_self(char path[SL_PROGRAM_BYTES]);

#endif
