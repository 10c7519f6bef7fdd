/* figure.c - see figure.h. The script holds the numbers, too. */
#include "starling/study/figure.h"

#include "starling/run/run.h"
#include "starling/run/spawn.h"
#include "storage/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Okabe and Ito 2008: told apart by everybody
static const char *const colours[] = {"#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#E69F00",
                                      "#000000", "#8C6BB1", "#7F7F7F", "#8C510A", "#01665E", "#C51B7D"};
enum { N_COLOURS = sizeof colours / sizeof colours[0] };

static const char *colour_of(const sl_figure_curve *curve) {
    return colours[curve->colour % N_COLOURS];
}

// in gnuplot's single quotes only the quote itself is special, and is doubled
static void put_quoted(FILE *file, const char *text) {
    (void)fputc('\'', file);
    for (; *text; text++) {
        if (*text == '\'') (void)fputc('\'', file);
        (void)fputc(*text, file);
    }
    (void)fputc('\'', file);
}

static void put_number(FILE *file, double value) {
    if (isfinite(value))
        (void)fprintf(file, " %.9g", value);
    else
        (void)fputs(" NaN", file);
}

static void put_setting(FILE *file, const char *setting, const char *text) {
    (void)fprintf(file, "set %s ", setting);
    put_quoted(file, text);
    (void)fputs(" noenhanced\n", file);
}

static void put_data(const sl_figure *self, FILE *file) {
    double scale = self->shares || self->tails ? 100 : 1;
    for (int p = 0; p < self->n_panels; p++) {
        for (int c = 0; c < self->panels[p].n; c++) {
            const sl_figure_curve *curve = &self->panels[p].curves[c];
            (void)fprintf(file, "$p%dc%d << EOD\n", p, c);
            for (int i = 0; i < curve->n; i++) {
                (void)fprintf(file, "%.9g", curve->x[i]);
                put_number(file, scale * curve->y[i].mean);
                put_number(file, scale * curve->y[i].low);
                put_number(file, scale * curve->y[i].high);
                (void)fputc('\n', file);
            }
            (void)fputs("EOD\n", file);
        }
    }
}

// the crossover and its interval, as far as the axis goes
static void put_mark(const sl_figure *self, FILE *file) {
    const sl_interval *m = &self->mark;
    bool is_there = isfinite(m->mean);
    if (is_there) {
        (void)fprintf(file, "set object 1 rectangle from %.9g, graph 0 to ", m->low);
        (void)fprintf(file, isfinite(m->high) ? "%.9g, graph 1" : "graph 1, graph 1", m->high);
        (void)fputs(" fc rgb '#999999' fs transparent solid 0.2 noborder behind\n", file);
        (void)fprintf(file, "set arrow 1 from %.9g, graph 0 to %.9g, graph 1 nohead dt 2 lc rgb '#444444'\n", m->mean,
                      m->mean);
    }
    if (!self->mark_label[0]) return;
    (void)fputs("set label 1 ", file);
    put_quoted(file, self->mark_label);
    (void)fputs(" at graph 0.98, graph 0.96 right tc rgb '#444444' noenhanced\n", file);
}

static void put_axes(const sl_figure *self, FILE *file) {
    (void)fputs("set grid lc rgb '#dddddd'\nset border 3\nset tics nomirror\n"
                "set key below center horizontal Left reverse noenhanced maxcols 3 width 2\n",
                file);
    // room for what stands below the axis: names aslant, the label, the key
    if (self->n_panels == 1) (void)fprintf(file, "set bmargin %s\n", self->n_ticks > 0 ? "10" : "6.5");
    put_setting(file, "xlabel", self->x_label);
    put_setting(file, "ylabel", self->y_label);
    double first = INFINITY, last = -INFINITY;
    for (int c = 0; c < self->panels[0].n; c++) {
        const sl_figure_curve *curve = &self->panels[0].curves[c];
        for (int i = 0; i < curve->n; i++) {
            first = curve->x[i] < first ? curve->x[i] : first;
            last = curve->x[i] > last ? curve->x[i] : last;
        }
    }
    double margin = self->n_ticks > 0 ? 0.5 : 0.03 * (last - first) + 0.001;
    if (self->tails) {
        (void)fputs("set logscale y\nset yrange [0.01:100]\nset ytics ('all' 100, '50 %%' 50, '10 %%' 10, '1 %%' 1, "
                    "'0.1 %%' 0.1, '0.01 %%' 0.01)\n"
                    "set key at graph 0.5, graph -0.22 center top vertical maxrows 4\n",
                    file);
        (void)fprintf(file, "set xrange [0:%.9g]\n", self->x_max);
        return;
    }
    if (self->shares)
        (void)fputs("set yrange [-2:102]\n", file);
    else
        (void)fputs("set offsets 0, 0, graph 0.1, graph 0.04\n", file);
    if (first <= last) (void)fprintf(file, "set xrange [%.9g:%.9g]\n", first - margin, last + margin);
    if (self->whole && last - first <= 16) (void)fputs("set xtics 1\n", file);
    for (int i = 0; i < self->n_ticks; i++) {
        (void)fputs(i == 0 ? "set xtics rotate by -20 (" : ", ", file);
        put_quoted(file, self->ticks[i]);
        (void)fprintf(file, " %d%s", i, i + 1 == self->n_ticks ? ") noenhanced\n" : "");
    }
    put_mark(self, file);
}

static void put_curve(const sl_figure *self, int p, int c, FILE *file) {
    const sl_figure_curve *curve = &self->panels[p].curves[c];
    const char *colour = colour_of(curve);
    bool has_band = curve->n > 0 && isfinite(curve->y[0].low);
    if (self->tails) {
        (void)fprintf(file, "$p%dc%d using 1:2 with steps lw 2 lc rgb '%s'", p, c, colour);
    } else if (curve->apart && !has_band) {
        (void)fprintf(file, "$p%dc%d using 1:2 with points lw 1.5 pt 4 ps 0.9 lc rgb '%s'", p, c, colour);
    } else if (curve->apart) {
        (void)fprintf(file, "$p%dc%d using 1:2:3:4 with yerrorbars lw 1.5 pt 4 ps 0.9 lc rgb '%s'", p, c, colour);
    } else {
        if (has_band)
            (void)fprintf(
                file,
                "$p%dc%d using 1:3:4 with filledcurves fc rgb '%s' fs transparent solid 0.18 noborder notitle, ", p,
                c, colour);
        (void)fprintf(file, "$p%dc%d using 1:2 with linespoints lw 2 dt %d pt 7 ps 0.6 lc rgb '%s'", p, c,
                      curve->dashed ? 2 : 1, colour);
    }
    // the panels share a key: each has room for its part below
    if (curve->label[0] && (!self->tails || c % self->n_panels == p)) {
        (void)fputs(" title ", file);
        put_quoted(file, curve->label);
    } else {
        (void)fputs(" notitle", file);
    }
}

static void put_panel(const sl_figure *self, int p, FILE *file) {
    (void)fputs("  plot ", file);
    bool is_first = true;
    if (isfinite(self->level)) {
        (void)fprintf(file, "%.9g with lines lw 1.5 dt 4 lc rgb '#444444' title ",
                      (self->shares ? 100 : 1) * self->level);
        put_quoted(file, self->level_label);
        is_first = false;
    }
    for (int c = 0; c < self->panels[p].n; c++) {
        if (!is_first) (void)fputs(", \\\n    ", file);
        put_curve(self, p, c, file);
        is_first = false;
    }
    if (self->apart_label[0]) {
        (void)fputs(", \\\n    keyentry with points pt 4 ps 0.9 lc rgb '#444444' title ", file);
        put_quoted(file, self->apart_label);
    }
    (void)fputc('\n', file);
}

static void put_script(const sl_figure *self, const char *name, FILE *file) {
    int width = self->n_panels > 1 ? 440 * self->n_panels : 900;
    (void)fprintf(file, "# gnuplot %s.gp, in this folder, draws %s.svg and %s.png\nset encoding utf8\n", name, name,
                  name);
    put_data(self, file);
    put_axes(self, file);
    (void)fprintf(file,
                  "do for [kind in 'svg png'] {\n"
                  "  if (kind eq 'svg') { set terminal svg size %d,560 font 'DejaVu Sans,13' background 'white' }\n"
                  "  if (kind eq 'png') { set terminal pngcairo size %d,560 font 'DejaVu Sans,11' }\n"
                  "  set output ",
                  width, width);
    put_quoted(file, name);
    (void)fputs(".'.'.kind\n", file);
    if (self->n_panels > 1) {
        (void)fprintf(file, "  set multiplot layout 1,%d margins 0.07,0.98,0.27,0.86 spacing 0.08 title ",
                      self->n_panels);
        put_quoted(file, self->title);
        (void)fputs(" noenhanced\n", file);
    }
    for (int p = 0; p < self->n_panels; p++) {
        (void)fputs("  ", file);
        put_setting(file, "title", self->n_panels > 1 ? self->panels[p].title : self->title);
        put_panel(self, p, file);
    }
    (void)fprintf(file, "%s  unset output\n}\n", self->n_panels > 1 ? "  unset multiplot\n" : "");
}

static sl_status run_gnuplot(const char *folder, const char *script) {
    char gnuplot[SL_PATH_BYTES], go[2 * SL_RUN_PATH + 16] = "cd '";
    if (sl_program_find("gnuplot", gnuplot) != SL_OK)
        return sl_fail(SL_NOT_FOUND, "install it: apt install gnuplot-nox", "gnuplot is not installed");
    size_t n = strlen(go);
    for (; *folder && n + 4 < sizeof go; folder++) {
        if (*folder == '\'') go[n++] = '\'';
        go[n++] = *folder;
    }
    go[n++] = '\'';
    go[n] = '\0';
    char name[SL_RUN_PATH];
    (void)snprintf(name, sizeof name, "%s", script);
    char *argv[] = {gnuplot, (char[]){"-e"}, go, name, NULL};
    return sl_program_run(gnuplot, argv);
}

sl_status sl_figure_draw(const sl_figure *self, const char *folder, const char *name) {
    char script[SL_RUN_PATH], path[SL_RUN_PATH];
    (void)snprintf(script, sizeof script, "%.200s.gp", name);
    SL_TRY(sl_run_path(folder, script, path));
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    if (!file) return sl_fail(SL_MEMORY, NULL, "no memory for a picture");
    put_script(self, name, file);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    sl_status status = failed ? sl_fail(SL_MEMORY, NULL, "no memory for a picture") : SL_OK;
    if (status == SL_OK) status = sl_file_replace(path, text, n);
    free(text); // the C library's
    if (status == SL_OK) status = run_gnuplot(folder, script);
    return status;
}
