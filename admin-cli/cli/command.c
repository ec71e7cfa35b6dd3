
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <getopt.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/command.h"
#include "cli/suggest.h"


#define COMMAND_OPTION  256            /* getopt's value for the first option */


static int command_options(admin_t *a, int argc, char **argv,
    uint64_t options);
static int command_bad_option(admin_t *a, int c, char **argv,
    uint64_t options);
static int command_count(admin_t *a);


int
command_parse(admin_t *a, int argc, char **argv)
{
    int  status, used;

    /* stops at the command, which decides on the options after it */

    status = command_options(a, argc, argv, 0);

    if (status != STATUS_DONE) {
        return status;
    }

    argc -= optind;
    argv += optind;

    if (argc == 0) {
        return a->opt[OPT_HELP]
               ? STATUS_DONE
               : error_set(&a->ctl->error, STATUS_USAGE, "command",
                           "\"paylock-admin help\" lists them",
                           "there is no command");
    }

    a->command = command_find(a->commands, argv, argc, &used);

    if (a->command == NULL) {
        return command_unknown(a, argv, argc);
    }

    /* getopt skips argv[0], which is here the last word of the command */

    argc -= used - 1;
    argv += used - 1;

    status = command_options(a, argc, argv, a->command->options);

    if (status != STATUS_DONE) {
        return status;
    }

    a->arg = argv + optind;
    a->n_args = argc - optind;

    return a->opt[OPT_HELP] ? STATUS_DONE : command_count(a);
}


const command_t *
command_find(const command_t *commands, char **words, int n, int *used)
{
    size_t            len;
    const char       *space;
    const command_t  *c;

    *used = 0;

    for (c = commands; c->name; c++) {
        space = strchr(c->name, ' ');
        len = space ? (size_t) (space - c->name) : strlen(c->name);

        if (strlen(words[0]) != len || memcmp(words[0], c->name, len) != 0) {
            continue;
        }

        *used = 1;

        if (space == NULL) {
            return c;
        }

        if (n > 1 && strcmp(words[1], space + 1) == 0) {
            *used = 2;
            return c;
        }
    }

    return NULL;
}


int
command_unknown(admin_t *a, char **words, int n)
{
    int   two, used;
    char  mend[SUGGEST_TEXT];

    (void) command_find(a->commands, words, n, &used);
    two = used && n > 1;

    suggest_command(a->commands, words, n, mend);

    return error_set(&a->ctl->error, STATUS_USAGE, "command", mend,
                     "there is no command \"%.100s%s%.100s\"", words[0],
                     two ? " " : "", two ? words[1] : "");
}


static int
command_options(admin_t *a, int argc, char **argv, uint64_t options)
{
    int            c;
    size_t         i, n;
    struct option  table[OPT_N + 1];

    memset(table, 0, sizeof(table));

    for (i = 0, n = 0; i < OPT_N; i++) {

        if (option_is_taken(options, i)) {
            table[n].name = admin_options[i].name;
            table[n].has_arg = admin_options[i].optional ? optional_argument
                               : admin_options[i].value ? required_argument
                                                        : no_argument;
            table[n].val = COMMAND_OPTION + (int) i;
            n++;
        }
    }

    opterr = 0;
    optind = 0;

    for ( ;; ) {
        c = getopt_long(argc, argv, a->command == NULL ? "+:"
                        : options & OPT_BIT(OPT_OUTPUT) ? ":o:" : ":", table,
                        NULL);

        if (c == -1) {
            return STATUS_DONE;
        }

        if (c == 'o') {
            c = COMMAND_OPTION + OPT_OUTPUT;
        }

        if (c < COMMAND_OPTION) {
            return command_bad_option(a, c, argv, options);
        }

        if (c == COMMAND_OPTION + OPT_CHECKPOINT) {

            if (a->n_checkpoints == ADMIN_CHECKPOINTS) {
                return error_set(&a->ctl->error, STATUS_USAGE, "option",
                                 "give the latest ones",
                                 "there are more than %d checkpoints",
                                 ADMIN_CHECKPOINTS);
            }

            a->checkpoint[a->n_checkpoints++] = optarg;
        }

        if (c == COMMAND_OPTION + OPT_ARCHIVE) {

            if (a->n_archives == ADMIN_ARCHIVES) {
                return error_set(&a->ctl->error, STATUS_USAGE, "option",
                                 NULL, "there are more than %d archives",
                                 ADMIN_ARCHIVES);
            }

            a->archive[a->n_archives++] = optarg;
        }

        a->opt[c - COMMAND_OPTION] = optarg ? optarg : "";
    }
}


static int
command_bad_option(admin_t *a, int c, char **argv, uint64_t options)
{
    char         mend[SUGGEST_TEXT];
    const char  *given;

    given = argv[optind - 1];

    if (c == ':') {
        return error_set(&a->ctl->error, STATUS_USAGE, "option",
                         "give its value", "the option \"%.100s\" has no "
                         "value", given);
    }

    if (optopt >= COMMAND_OPTION) {
        return error_set(&a->ctl->error, STATUS_USAGE, "option",
                         "give it without \"=\"",
                         "the option \"%.100s\" takes no value", given);
    }

    /* in "-x.example" getopt has not moved on to the next argument */

    if (optopt && argv[optind] && argv[optind][0] == '-'
        && argv[optind][1] == optopt)
    {
        given = argv[optind];
    }

    suggest_option(given, options, mend);

    return error_set(&a->ctl->error, STATUS_USAGE, "option",
                     given[0] == '-' && given[1] != '-' && strchr(given, '.')
                     ? "a label of a host name begins and ends with a "
                       "letter or a digit" : mend,
                     "there is no option \"%.100s\"", given);
}


static int
command_count(admin_t *a)
{
    const command_t  *c;

    c = a->command;

    if (a->n_args < c->least) {
        return error_set(&a->ctl->error, STATUS_USAGE, "arguments",
                         c->most == c->least ? "give it"
                                             : "give one or more",
                         "\"%s\" needs %s", c->name, c->args);
    }

    if (a->n_args > c->most) {
        return error_set(&a->ctl->error, STATUS_USAGE, "arguments",
                         "take it away", "\"%s\" takes no \"%.100s\"",
                         c->name, a->arg[c->most]);
    }

    return STATUS_DONE;
}
