/* members.h - who works for a run, and who of them is started here: the agents of a fleet and the coordinator may
 * come by themselves, from another terminal, container or machine. The one place that says who is started, where the
 * others find us and how long they are waited for. main thread only. */
#ifndef SL_STARLING_RUN_MEMBERS_H
#define SL_STARLING_RUN_MEMBERS_H

#include "experiment/experiment.h"
#include "starling/run/options.h"

#include <jansson.h>

typedef struct sl_members {
    /* as the command line has them, borrowed; NULL = not given */
    const char *agents;      /* "local", "remote", or the slots that are started here, "0,2" or "0-2,5" */
    const char *bind;        /* where the coordinator listens for agents; the experiment's without */
    const char *coordinator; /* "local", "remote" */
    const char *listen;      /* where a remote coordinator connects */
    const char *wait;        /* seconds, or "forever" */
    const char *metrics;     /* where the coordinator shows its page, and the trainer at the next port */
    const char *keys;        /* a folder of 'starling keys new', for all who are started here */
    bool announces;          /* by mDNS */
    bool insecure;           /* without, also beyond this machine */
    /* what follows, once they are settled */
    bool remote_coordinator;
    int n_agents, n_remote;        /* all, and those that come by themselves */
    bool comes[SL_EXP_MAX_AGENTS]; /* by itself */
    int wait_ms;                   /* for all of them to join; SL_WAIT_FOREVER */
} sl_members;

#define SL_ANNOUNCER "avahi-publish-service"

/* Their options, for a command's table. */
#define SL_MEMBER_OPTIONS(m)                                                                                           \
    {"agents", SL_OPTION_TEXT, "WHO", "local, remote, or the slots to start here: 0,2", &(m)->agents, 0, 0},           \
        {"bind", SL_OPTION_TEXT, "ENDPOINT", "where agents connect: tcp://*:5555 (fleet.endpoint)", &(m)->bind, 0, 0}, \
        {"coordinator", SL_OPTION_TEXT, "WHO", "local (the default), or remote", &(m)->coordinator, 0, 0},             \
        {"listen", SL_OPTION_TEXT, "ENDPOINT", "where a remote coordinator connects (tcp://*:5556)", &(m)->listen, 0,  \
         0},                                                                                                           \
        {"wait", SL_OPTION_TEXT, "S", "seconds to wait for who is remote, or forever", &(m)->wait, 0, 0},              \
        {"metrics", SL_OPTION_TEXT, "ENDPOINT", "pages for starling top; the trainer's a port on", &(m)->metrics, 0,   \
         0},                                                                                                           \
        {"keys", SL_OPTION_TEXT, "DIR", "keys for all who are started, of 'starling keys new'", &(m)->keys, 0, 0}, {   \
        "insecure", SL_OPTION_SWITCH, NULL, "no keys, though others come over a network", &(m)->insecure, 0, 0         \
    }
enum { SL_MEMBER_N_OPTIONS = 8 };

/* Settles who is started for a fleet of n agents. SL_USAGE names the option. */
SL_MUST_CHECK sl_status sl_members_settle(sl_members *self, const sl_exp_fleet *fleet, int n_agents);
/* All of n agents and the coordinator are started here. */
sl_members sl_members_local(int n_agents);
/* "0, 2" or "2 and 7 more": the slots of those that come by themselves. */
enum { SL_MEMBERS_NAMES = 96 };
void sl_members_name_remote(const sl_members *self, char text[SL_MEMBERS_NAMES]);

#endif
