
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>

#include "cli/command.h"
#include "commands.h"


#define HELP_WIDTH  78


static int help_command(admin_t *a, const command_t *c);
static void help_overview(void);
static void help_synopsis(const char *name, const char *args,
    uint64_t options);
static void help_options(uint64_t options, option_e first, option_e end);


int
cmd_help(admin_t *a)
{
    int               used;
    const command_t  *c;

    /* --help with a command */

    if (a->command && a->command->run != cmd_help) {
        return help_command(a, a->command);
    }

    if (a->n_args == 0) {

        if (!a->opt[OPT_QUIET]) {
            help_overview();
        }

        return STATUS_DONE;
    }

    c = command_find(admin_commands, a->arg, a->n_args, &used);

    if (c == NULL || used != a->n_args) {
        return command_unknown(a, a->arg, a->n_args);
    }

    return help_command(a, c);
}


static int
help_command(admin_t *a, const command_t *c)
{
    if (a->opt[OPT_QUIET]) {
        return STATUS_DONE;
    }

    (void) printf("Usage: ");
    help_synopsis(c->name, c->args, c->options);
    (void) printf("\n%s.\n", c->help);

    if (c->options) {
        (void) printf("\nOptions:\n");
        help_options(c->options, OPT_AT, OPT_N);
    }

    (void) printf("\nOptions of all commands:\n");
    help_options(c->options, 0, OPT_AT);

    return STATUS_DONE;
}


static void
help_overview(void)
{
    const command_t  *c;

    (void) printf("Usage: ");
    help_synopsis("[OPTION]... COMMAND", "[ARGUMENT]...", 0);
    (void) printf("\nCommands:\n");

    for (c = admin_commands; c->name; c++) {
        (void) printf("  %-18s%s\n", c->name, c->help);
    }

    (void) printf("\nOptions, before or after the command:\n");
    help_options(0, 0, OPT_AT);

    (void) printf("\n\"paylock-admin help COMMAND\" tells more.\n");
}


static void
help_synopsis(const char *name, const char *args, uint64_t options)
{
    int              n, column;
    char             word[64];
    size_t           i;
    const option_t  *o;

    column = printf("paylock-admin %s%s%s", name, *args ? " " : "", args);

    for (i = OPT_AT; i < OPT_N; i++) {

        if (!(options & OPT_BIT(i))) {
            continue;
        }

        o = &admin_options[i];
        n = snprintf(word, sizeof(word), "[--%s%s%s%s]", o->name,
                     o->optional ? "[=" : o->value ? " " : "",
                     o->value ? o->value : "", o->optional ? "]" : "");

        if (column + 1 + n > HELP_WIDTH - 7) {
            (void) printf("\n          ");
            column = 3;
        }

        column += printf(" %s", word);
    }

    (void) putchar('\n');
}


static void
help_options(uint64_t options, option_e first, option_e end)
{
    char             word[64];
    size_t           i;
    const option_t  *o;

    for (i = first; i < end; i++) {

        if (option_is_taken(options, i)) {
            o = &admin_options[i];
            (void) snprintf(word, sizeof(word), "--%s%s%s%s", o->name,
                            o->optional ? "[=" : o->value ? " " : "",
                            o->value ? o->value : "",
                            o->optional ? "]" : "");
            (void) printf("  %-24s%s\n", word, o->help);
        }
    }
}
