/* faults.h - what goes wrong in a simulated fleet, and how often at most: a seed draws from it which kinds it has,
 * and of each how much. Read from a file of "key: value" lines, `#` begins a comment. Plain data. */
#ifndef SL_SIMULATE_FAULTS_H
#define SL_SIMULATE_FAULTS_H

#include "common/status.h"

#include <stddef.h>

/* Probabilities are of a message, a process or a seed; rates are of the whole fleet, in events a second of its
 * virtual time; lengths are the longest, in milliseconds. */
typedef struct sl_faults {
    double seconds; /* how long things go wrong; then they stop, and the fleet has to recover */
    double drop, duplicate, delay_ms, overtake;
    double agent_crash, host_loss, agent_leave, restart_ms;
    double coordinator_crash, coordinator_restart_ms;
    double agent_pause, coordinator_pause, pause_ms;
    double slow, think_ms;
    double partition, partition_ms;
    double replay, forge, malformed, twin, stranger;
    double keys;
} sl_faults;

typedef struct sl_fault_key {
    const char *name, *help;
    double fallback, min, max;
    size_t offset; /* of the double in sl_faults */
} sl_fault_key;

/* The keys in the order of the documentation; NULL: there is none of that index. */
const sl_fault_key *sl_fault_key_at(int index);
double sl_fault_value(const sl_faults *self, const sl_fault_key *key);

sl_faults sl_faults_default(void);
sl_faults sl_faults_none(void); /* nothing goes wrong: for measuring */
/* Over the defaults. path is for the error line. SL_CONFIG names line and key, the range, and the nearest key. */
SL_MUST_CHECK sl_status sl_faults_parse(const char *path, const char *text, size_t n_bytes, sl_faults *out);

#endif
