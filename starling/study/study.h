/* study.h - a study of latency as a whole: a section for each run, its points and what they came to, and the files
 * that tell it. Sections are filled by the command, point by point; the rest follows from sl_study_settle. One owner;
 * main thread only. */
#ifndef SL_STARLING_STUDY_STUDY_H
#define SL_STARLING_STUDY_STUDY_H

#include "starling/study/numbers.h"
#include "starling/study/plan.h"
#include "starling/study/store.h"

enum { SL_STUDY_LABEL = 96, SL_STUDY_MAX_RUNS = 16 };

typedef struct sl_study_row {
    char key[SL_STUDY_KEY];        /* of its evaluation; the same for points that ask for the same */
    const sl_study_result *result; /* of the store */
    sl_study_numbers numbers;
    bool flies; /* it is to be repeated by processes; the result's key of that */
    char flown_key[SL_STUDY_KEY];
    int flown, equal; /* episodes that processes flew again, and how many came to the same; 0: none were flown */
} sl_study_row;

typedef struct sl_study_section {
    char label[SL_STUDY_LABEL]; /* the experiment's name, and what tells it from others of the name */
    const char *env;            /* borrowed */
    int n_agents, max_steps;
    double step_ms;
    bool can_win;
    int n;
    sl_study_point *points;               /* (n) owned */
    sl_study_row *rows;                   /* (n) owned */
    sl_study_crossover by_return, by_won; /* of the teacher central with students on board, over fixed delays */
    int n_fresh, n_same;                  /* episodes of the teacher central without delay, and how many equal
                                             those without links */
} sl_study_section;

typedef struct sl_study {
    const char *command; /* as it was typed; borrowed */
    int n_episodes;
    uint64_t seed;
    double seconds; /* that the evaluations took, over all calls */
    int n_sections;
    sl_study_section sections[SL_STUDY_MAX_RUNS];
} sl_study;

void sl_study_fini(sl_study *self);
/* Numbers and crossovers of all sections, whose rows have their results. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_study_settle(sl_study *self);
/* Marks the rows that a list names: "all", or points of students such as "delay=3,loss=20,presets=4g", "jitter" for
 * all of its sweep. SL_USAGE: there is no such point in any section. */
SL_MUST_CHECK sl_status sl_study_choose_flights(sl_study *self, const char *text);
/* The row of a point, NULL: there is none. */
const sl_study_row *sl_study_find(const sl_study_section *section, sl_study_execution execution, sl_study_sweep sweep,
                                  double x);
/* "crossover at 3.40 steps [3.10, 3.80]", "... none within 0..12 steps"; what: "return", "win rate". */
enum { SL_STUDY_TEXT = 256 };
const char *sl_study_crossover_text(const sl_study_section *section, const sl_study_crossover *crossover,
                                    const char *what, char text[SL_STUDY_TEXT]);

/* study.json; NULL: memory is out. */
json_t *sl_study_json(const sl_study *self);
/* study.csv, study.json and study.md into the folder; n_figures pictures are shown, none of them when 0. SL_MEMORY,
 * SL_NO_SPACE, SL_IO. */
SL_MUST_CHECK sl_status sl_study_write(const sl_study *self, const char *folder, bool has_figures);
/* study.md's text, for sl_study_write and for tests. */
void sl_study_markdown(const sl_study *self, bool has_figures, FILE *file);
/* The pictures, in the folder's plots/, each as .svg, .png and the script that gnuplot drew it by. *drawn is false
 * where gnuplot is not installed, which is told. SL_MEMORY, SL_NO_SPACE, SL_IO. */
SL_MUST_CHECK sl_status sl_study_draw(const sl_study *self, const char *folder, bool *drawn);

#endif
