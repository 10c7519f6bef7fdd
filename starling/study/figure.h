/* figure.h - one picture of a study: curves with intervals over a common axis, drawn by gnuplot into name.svg and
 * name.png; the script stays beside them as name.gp, so that they can be drawn anew in another dress. main thread
 * only. */
#ifndef SL_STARLING_STUDY_FIGURE_H
#define SL_STARLING_STUDY_FIGURE_H

#include "starling/report/statistics.h"

#include <stdbool.h>

enum { SL_FIGURE_CURVES = 12, SL_FIGURE_POINTS = 256, SL_FIGURE_TEXT = 160, SL_FIGURE_PANELS = 3 };

typedef struct sl_figure_curve {
    char label[SL_FIGURE_TEXT];
    int colour; /* curves of one colour have one entry in the key, the first's */
    bool dashed;
    bool apart; /* points with bars that no line joins; else a line within a band */
    int n;
    double x[SL_FIGURE_POINTS];
    sl_interval y[SL_FIGURE_POINTS]; /* low and high NaN: no interval is known */
} sl_figure_curve;

typedef struct sl_figure_panel {
    char title[SL_FIGURE_TEXT];
    int n;
    sl_figure_curve curves[SL_FIGURE_CURVES];
} sl_figure_panel;

typedef struct sl_figure {
    char title[SL_FIGURE_TEXT], x_label[SL_FIGURE_TEXT], y_label[SL_FIGURE_TEXT];
    bool shares;  /* y is a share, shown in percent */
    bool whole;   /* x is a whole number */
    double x_max; /* of tails */
    bool tails;   /* y is the share that is above x, on a logarithmic axis, in steps */
    int n_panels; /* side by side; one, but for tails */
    double level; /* a level line, NaN: none */
    char level_label[SL_FIGURE_TEXT];
    int n_ticks; /* names at x = 0, 1, ... in place of numbers; 0: numbers */
    const char *ticks[SL_FIGURE_POINTS];
    sl_interval mark; /* a line at mean over a band from low to high; mean NaN: none. INFINITY: beyond the axis */
    char mark_label[SL_FIGURE_TEXT];  /* "": none */
    char apart_label[SL_FIGURE_TEXT]; /* what points apart are; "": there are none */
    sl_figure_panel panels[SL_FIGURE_PANELS];
} sl_figure;

/* SL_NOT_FOUND: gnuplot is not installed; SL_MEMORY, SL_NO_SPACE, SL_IO. */
SL_MUST_CHECK sl_status sl_figure_draw(const sl_figure *self, const char *folder, const char *name);

#endif
