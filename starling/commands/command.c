/* command.c - see command.h. */
#include "starling/commands/command.h"

#include "common/nearest.h"
#include "common/vitals.h"
#include "starling/run/output.h"

#include <stdio.h>
#include <string.h>

enum { MAX_COMMANDS = 16 };

static void print_table(const sl_command *table, const char *path) {
    printf("usage: %s COMMAND [options]\n\ncommands:\n", path);
    for (const sl_command *c = table; c->name; c++) sl_print_wrapped(stdout, 15, "  %-12s %s\n", c->name, c->summary);
    printf("\n'%s COMMAND --help' says more of each.\n", path);
}

static sl_status refuse(const sl_command *table, const char *path, const char *word) {
    const char *names[MAX_COMMANDS];
    int n = 0;
    for (const sl_command *c = table; c->name && n < MAX_COMMANDS; c++) names[n++] = c->name;
    char hint[128];
    const char *near = sl_nearest_name(word, n, names);
    if (near)
        (void)snprintf(hint, sizeof hint, "did you mean '%s %s'?", path, near);
    else
        (void)snprintf(hint, sizeof hint, "'%s --help' lists the commands", path);
    return sl_fail(SL_USAGE, hint, "unknown command '%s'", word);
}

sl_status sl_command_run(const sl_command *table, char path[SL_COMMAND_PATH], int argc, char **argv) {
    if (argc < 2) {
        char hint[128];
        (void)snprintf(hint, sizeof hint, "'%s --help' lists them", path);
        return sl_fail(SL_USAGE, hint, "needs a command");
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_table(table, path);
        return SL_OK;
    }
    if (strcmp(word, "--version") == 0) {
        printf("starling %s\n", SL_VERSION);
        return SL_OK;
    }
    if (strcmp(word, "--health") == 0) return sl_vitals_health();
    for (const sl_command *c = table; c->name; c++) {
        if (strcmp(word, c->name) != 0) continue;
        size_t n = strlen(path);
        (void)snprintf(path + n, SL_COMMAND_PATH - n, " %s", c->name);
        if (c->children) return sl_command_run(c->children, path, argc - 1, argv + 1);
        return c->run(path, argc - 1, argv + 1);
    }
    return refuse(table, path, word);
}
