/* status.h - what went wrong, in a word for code and in a line for people. Every fallible function of
 * Starling returns sl_status and writes its out-parameters on success only. The line is kept per thread
 * until the next failure, so that main() can print it without passing strings through every call. */
#ifndef SL_COMMON_STATUS_H
#define SL_COMMON_STATUS_H

#define SL_MUST_CHECK __attribute__((warn_unused_result))

typedef enum sl_status {
    SL_OK = 0,
    SL_USAGE,       /* a flag or argument of the command line is wrong: exit code 2 */
    SL_CONFIG,      /* an experiment's key or value is wrong, or an endpoint: 3 */
    SL_NOT_FOUND,   /* a file, name or id does not exist: 4 */
    SL_CORRUPT,     /* bytes of a file or peer are malformed: 5 */
    SL_MISMATCH,    /* well-formed, but of another version, shape, size or owner: 6 */
    SL_NO_SPACE,    /* the disk or a bounded file is full: 7 */
    SL_IO,          /* any other error of the operating system: 8 */
    SL_NETWORK,     /* a peer refused, or the transport failed: 9 */
    SL_CHECK,       /* a comparison asked for came out beyond its tolerance: 10 */
    SL_MEMORY,      /* an allocation failed: 11 */
    SL_NOT_FINITE,  /* NaN or infinity in a loss, gradient or state: 12 */
    SL_INTERRUPTED, /* SIGTERM or SIGINT arrived; what was done is checkpointed: 0 after SIGTERM, 130 after SIGINT */
    SL_FULL,        /* a bounded queue, buffer or file took no more: 7 too */
    SL_TIMEOUT,     /* a deadline passed: 9 too */
    SL_STATUS_COUNT
} sl_status;

/* Records the line "what" (printf style) and a hint (NULL = none) for this thread, returns code. */
sl_status sl_fail(sl_status code, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* For compilers and analysers: a failure is never SL_OK, so past SL_TRY the out-parameters are known to be set. */
static inline sl_status sl_not_ok(sl_status status) {
    return status != SL_OK ? status : SL_IO;
}
#define sl_fail(...) sl_not_ok(sl_fail(__VA_ARGS__))

const char *sl_status_name(sl_status code); /* "corrupt"; static storage */
int sl_status_exit_code(sl_status code);    /* as listed above; 1 for what is no status */
const char *sl_error_what(void);            /* this thread's last line, never NULL; borrowed until the next sl_fail */
const char *sl_error_hint(void);            /* its hint, or NULL */
/* This thread's last line and hint, kept aside while a failure is cleaned up, or for another thread to restore. */
typedef struct sl_error {
    char what[512], hint[256];
} sl_error;
void sl_error_save(sl_error *out);
void sl_error_restore(const sl_error *saved);
void sl_error_print(const char *program); /* "program: what" and "  hint: ..." on stderr */

/* Returns from the calling function with the status of expr when it is not SL_OK. */
#define SL_TRY(expr)                                                                                                 \
    do {                                                                                                             \
        sl_status sl_try_status_ = (expr);                                                                           \
        if (sl_try_status_ != SL_OK) return sl_try_status_;                                                          \
    } while (0)

#endif
