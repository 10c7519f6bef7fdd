/* plot.h - learning curves of runs as a picture, drawn by gnuplot. main thread only. */
#ifndef SL_STARLING_REPORT_PLOT_H
#define SL_STARLING_REPORT_PLOT_H

#include "common/status.h"

/* One curve a run from folder/metrics/<stage>.csv, columns x and y of its header. file ends with .png or .svg.
 * SL_USAGE: another ending; SL_NOT_FOUND: gnuplot, a csv or a column of it is missing; SL_IO. */
SL_MUST_CHECK sl_status sl_plot_curves(int n_runs, char *const *folders, const char *stage, const char *x,
                                       const char *y, const char *file);

#endif
