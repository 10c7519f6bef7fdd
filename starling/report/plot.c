/* plot.c - see plot.h. The script goes to gnuplot as one argument, so that nothing is left behind. */
#include "starling/report/plot.h"

#include "common/alloc.h"
#include "common/log.h"
#include "starling/run/run.h"
#include "starling/run/spawn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SCRIPT_BYTES = 96 * 1024 };

/* Text that grows up to SCRIPT_BYTES; what does not fit sets full. */
typedef struct script {
    char *text;
    size_t n;
    bool full;
} script;

__attribute__((format(printf, 2, 3))) static void append(script *s, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(s->text + s->n, SCRIPT_BYTES - s->n, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= SCRIPT_BYTES - s->n)
        s->full = true;
    else
        s->n += (size_t)n;
}

// in gnuplot's single quotes only the quote itself is special, and is doubled
static void append_quoted(script *s, const char *text) {
    append(s, "'");
    for (; *text; text++) append(s, *text == '\'' ? "''" : "%c", *text);
    append(s, "'");
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

// number of the column named in the csv's first line, from 1
static sl_status find_column(const char *path, const char *name, int *out) {
    FILE *file = fopen(path, "r");
    char line[2048] = "";
    if (!file)
        return sl_fail(SL_NOT_FOUND, "see --stage, and whether the run came that far", "there is no '%s'", path);
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    int column = 1;
    for (const char *at = read ? line : ""; *at;) {
        size_t len = strcspn(at, ",\r\n");
        if (len == strlen(name) && strncmp(at, name, len) == 0) {
            *out = column;
            return SL_OK;
        }
        at += len + (at[len] != '\0');
        column++;
    }
    char hint[sizeof line + 16];
    line[strcspn(line, "\r\n")] = '\0';
    (void)snprintf(hint, sizeof hint, "its columns: %s", line);
    return sl_fail(SL_NOT_FOUND, hint, "'%s' has no column '%s'", path, name);
}

// a line needs two; a field is empty where there is no number
static bool has_a_curve(const char *path, int column) {
    FILE *file = fopen(path, "r");
    char line[2048];
    int n = -1; // the names
    while (file && n < 2 && fgets(line, sizeof line, file)) {
        const char *at = line;
        for (int k = 1; k < column && at; k++) {
            at = strchr(at, ',');
            if (at) at++;
        }
        if (at && strcspn(at, ",\r\n") > 0) n++;
    }
    if (file) fclose(file);
    return n >= 2;
}

static sl_status write_script(script *s, int n_runs, char *const *folders, const char *stage, const char *x,
                              const char *y, const char *file) {
    const char *terminal = ends_with(file, ".svg") ? "svg" : "pngcairo";
    append(s, "set terminal %s size 900,560; set output ", terminal);
    append_quoted(s, file);
    append(s, "; set datafile separator ','; set key bottom right noenhanced; set grid; set rmargin 4; "
              "set offsets 0, 0, graph 0.04, graph 0.04; set xlabel ");
    append_quoted(s, x);
    append(s, " noenhanced; set ylabel ");
    append_quoted(s, y);
    append(s, " noenhanced; set title ");
    append_quoted(s, stage);
    append(s, " noenhanced; ");
    // a share has a scale of its own
    if (strcmp(y, "won") == 0) append(s, "set yrange [0:1.04]; ");
    int n_curves = 0;
    for (int i = 0; i < n_runs; i++) {
        char path[SL_RUN_PATH], name[64];
        (void)snprintf(name, sizeof name, "metrics/%s.csv", stage);
        SL_TRY(sl_run_path(folders[i], name, path));
        int column_x = 0, column_y = 0;
        SL_TRY(find_column(path, x, &column_x));
        SL_TRY(find_column(path, y, &column_y));
        if (!has_a_curve(path, column_y)) continue;
        append(s, "%s", n_curves++ > 0 ? ", " : "plot ");
        append_quoted(s, path);
        append(s, " every ::1 using %d:%d with lines title ", column_x, column_y);
        append_quoted(s, folders[i]);
    }
    if (n_curves == 0) return sl_fail(SL_NOT_FOUND, "wait for the next updates", "there is no curve of '%s' yet", y);
    if (n_curves < n_runs) SL_WARN("%d of %d runs have no curve of '%s' yet", n_runs - n_curves, n_runs, y);
    if (s->full) return sl_fail(SL_USAGE, "plot fewer runs", "the plot of %d runs is too large", n_runs);
    return SL_OK;
}

// gnuplot would only say that it cannot open the file
static sl_status check_folder(const char *file) {
    char folder[SL_RUN_PATH];
    const char *slash = strrchr(file, '/');
    int n = slash ? (int)(slash - file) : 0;
    if (n >= SL_RUN_PATH) return sl_fail(SL_USAGE, NULL, "the path '%.60s...' is too long", file);
    (void)snprintf(folder, sizeof folder, "%.*s", n, file);
    const char *where = n > 0 ? folder : slash ? "/" : ".";
    if (access(where, F_OK) != 0)
        return sl_fail(SL_NOT_FOUND, "make it, or choose another", "--plot: there is no folder '%s'", where);
    if (access(where, W_OK | X_OK) != 0) return sl_fail(SL_IO, NULL, "cannot write '%s': %s", file, strerror(errno));
    return SL_OK;
}

sl_status sl_plot_curves(int n_runs, char *const *folders, const char *stage, const char *x, const char *y,
                         const char *file) {
    if (!ends_with(file, ".png") && !ends_with(file, ".svg"))
        return sl_fail(SL_USAGE, "a name that ends with .png or .svg", "cannot plot into '%s'", file);
    SL_TRY(check_folder(file));
    char gnuplot[SL_PATH_BYTES];
    if (sl_program_find("gnuplot", gnuplot) != SL_OK) {
        return sl_fail(SL_NOT_FOUND, "install it: apt install gnuplot-nox; or take the numbers from --csv",
                       "gnuplot is not installed");
    }
    script s = {.text = sl_alloc(SCRIPT_BYTES)};
    if (!s.text) return sl_fail(SL_MEMORY, NULL, "no memory for a plot");
    sl_status status = write_script(&s, n_runs, folders, stage, x, y, file);
    char *argv[] = {gnuplot, (char[]){"-e"}, s.text, NULL};
    if (status == SL_OK) status = sl_program_run(gnuplot, argv);
    if (status == SL_OK && access(file, R_OK) != 0) status = sl_fail(SL_IO, NULL, "gnuplot did not write '%s'", file);
    sl_free(s.text);
    return status;
}
