/* links_choice.h - what --links and --execution say: from a preset's name or a file to the section of links that a
 * request carries. main thread only. */
#ifndef SL_STARLING_RUN_LINKS_CHOICE_H
#define SL_STARLING_RUN_LINKS_CHOICE_H

#include "experiment/clock.h"
#include "net/learn_message.h"
#include "setup/setup.h"
#include "starling/run/options.h"

/* The flags; NULL and 0 = not given. */
typedef struct sl_links_choice {
    const char *links, *execution;
    double hz; /* steps a second, in place of fleet.hz */
} sl_links_choice;
enum { SL_LINKS_N_OPTIONS = 2 };
#define SL_LINKS_OPTIONS(choice)                                                                                     \
    {"links", SL_OPTION_TEXT, "L", "a preset, a FILE or none (the run's own)", &(choice)->links, 0, 0}, {            \
        "execution", SL_OPTION_TEXT, "E", "onboard or remote (what the links say)", &(choice)->execution, 0, 0       \
    }

/* What a policy plays under. */
typedef struct sl_chosen_links {
    char *text;            /* the section for a request (net/learn_message.h); NULL: the experiment's own links */
    const sl_links *links; /* what it means for the team; NULL: nothing is late or lost */
    sl_links *made;        /* owned: links, where they are not the experiment's */
} sl_chosen_links;

/* Without flags: the students play under the experiment's links, the teacher too if it was trained under them. With
 * --links a teacher is remote unless --execution says otherwise. setup is borrowed as long as out. SL_USAGE: no such
 * preset or execution, or a policy without networks; SL_NOT_FOUND, SL_IO: the file; SL_CONFIG: what is in it, or what
 * does not fit the team, with file and key. *out is for sl_chosen_links_fini. */
SL_MUST_CHECK sl_status sl_links_choose(const sl_links_choice *choice, const sl_setup *setup, sl_policy_kind policy,
                                        sl_chosen_links *out);
/* SL_USAGE: name is no preset, with the nearest one as the hint. flag: who was given it. */
SL_MUST_CHECK sl_status sl_links_fail_unknown(const char *flag, const char *name);
void sl_chosen_links_fini(sl_chosen_links *self);

/* Those of the experiment; NULL = none. */
const sl_links *sl_links_own(const sl_setup *setup);
/* What flights follow: the experiment's clock; where links (NULL = none) are late, virtual in place of lockstep,
 * which knows no delay. choose: the flag's. SL_USAGE: no such clock, or lockstep with links. */
sl_exp_clock sl_links_clock(const sl_experiment *experiment, const sl_links *links);
SL_MUST_CHECK sl_status sl_links_choose_clock(const char *flag, const sl_links *links, sl_exp_clock *out);

#endif
