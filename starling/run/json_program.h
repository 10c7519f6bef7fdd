/* json_program.h - a program of which only the JSON object that it prints is wanted. main thread only. */
#ifndef SL_STARLING_RUN_JSON_PROGRAM_H
#define SL_STARLING_RUN_JSON_PROGRAM_H

#include "starling/run/spawn.h"

#include <jansson.h>

/* Runs the program to its end; *out is the object on the last line of its stdout, for the caller to give up. argv
 * ends with NULL. SL_NOT_FOUND: there is no such program; SL_IO: it failed, or printed no object; SL_INTERRUPTED: it,
 * or we, had a signal to end. */
SL_MUST_CHECK sl_status sl_json_program_run(const char *path, char *const *argv, json_t **out);

#endif
