/* run_progress.h - a line for each stage of a run on stderr: on a terminal one that is rewritten, else a new one
 * every few seconds; and the wall time of each stage, kept for the report's timing. main thread only. */
#ifndef SL_STARLING_RUN_RUN_PROGRESS_H
#define SL_STARLING_RUN_RUN_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { SL_MAX_STAGES = 24, SL_STAGE_NAME = 32 };

typedef struct sl_stage {
    char name[SL_STAGE_NAME]; /* "teacher", "record", "distill", "direct", "evaluate teacher", "fly" */
    double seconds;           /* wall time between start and done, over all restarts */
    double started;           /* of its last start; 0 = not running */
    double overlap;           /* share of its time in which coordinator and trainer worked, as last told; 0: none */
} sl_stage;

typedef struct sl_run_progress_news sl_run_progress_news;

typedef struct sl_run_progress {
    bool terminal, open_line, quiet; /* open_line: the terminal's line has no newline yet */
    bool logged;                     /* lines go through the log */
    int columns;                     /* of the terminal */
    double last_line;                /* seconds */
    char note[160];                  /* of the last line */
    /* what is told is a part of something longer, whose news it becomes here; its stages' ends are no news. NULL: it
     * is all there is */
    void (*widen)(void *context, sl_run_progress_news *news);
    void *widen_context;
    int n_stages;
    sl_stage stages[SL_MAX_STAGES];
} sl_run_progress;

/* What a progress line says; per_second, eta_seconds and won (the share of the episodes) < 0: not known. */
struct sl_run_progress_news {
    const char *stage, *unit;
    int64_t done, total;
    double per_second, eta_seconds, mean_return, won;
    bool has_return;
    const char *note; /* NULL or "": nothing more to say */
};

/* logged: with --log-json all of stderr is one JSON object a line, and so is the progress. */
void sl_run_progress_init(sl_run_progress *self, bool logged);
void sl_run_progress_start(sl_run_progress *self, const char *stage);
void sl_run_progress_update(sl_run_progress *self, const sl_run_progress_news *news);
void sl_run_progress_done(sl_run_progress *self, const char *stage);
/* The events "stage" and "progress" of docs/processes.md; others are ignored. Fields are checked, not trusted. */
void sl_run_progress_event(sl_run_progress *self, const json_t *event);
/* {"stage_seconds": {"teacher": seconds, ...}, "overlap": {"teacher": share, ...}} of the finished stages; overlap of
 * those that had some. NULL when memory is out. */
json_t *sl_run_progress_timing(const sl_run_progress *self);
/* Ends an open line before something else is written. */
void sl_run_progress_break(sl_run_progress *self);

#endif
