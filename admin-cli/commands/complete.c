
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Completes a command line for the shells, which pass all words up to the one
 * that is being typed.  Prints a word per line, with a tab and its meaning; or
 * COMPLETE_FILE if a file name is expected.
 */


#include <stdio.h>
#include <string.h>

#include "access/role.h"
#include "cli/command.h"
#include "commands.h"
#include "paylock_timeline.h"


#define COMPLETE_FILE  ":file"
#define COMPLETE_WORD  64


typedef struct {
    char             *word[3];         /* first words that are not options */
    int               n;
    const command_t  *command;         /* NULL: not complete */
    int               used;            /* words of the command */
    const option_t   *open;            /* expects its value; or NULL */
    int               ended;           /* by "--" */
} complete_t;


static void complete_read(char **words, int n, complete_t *c);
static void complete_word(const complete_t *c, const char *typed);
static void complete_options(const complete_t *c, const char *typed);
static void complete_commands(char *const *word, int n, const char *typed);
static void complete_value(const char *value, const char *before,
    const char *typed);
static void complete_say(const char *before, const char *word,
    const char *help, const char *typed);
static const option_t *complete_option(const char *word);


int
cmd_complete(admin_t *a)
{
    complete_t   c;
    const char  *typed;

    typed = a->n_args ? a->arg[a->n_args - 1] : "";
    complete_read(a->arg, a->n_args - 1, &c);

    /* bash makes "=" a word of its own */

    complete_word(&c, c.open && strcmp(typed, "=") == 0 ? "" : typed);

    return STATUS_DONE;
}


static void
complete_read(char **words, int n, complete_t *c)
{
    int  i;

    memset(c, 0, sizeof(complete_t));

    for (i = 0; i < n; i++) {

        if (c->open) {
            c->open = strcmp(words[i], "=") == 0 ? c->open : NULL;

        } else if (c->ended || words[i][0] != '-') {

            if (c->n < (int) (sizeof(c->word) / sizeof(c->word[0]))) {
                c->word[c->n++] = words[i];
            }

        } else if (strcmp(words[i], "--") == 0) {
            c->ended = 1;

        } else if (strchr(words[i], '=') == NULL) {
            c->open = complete_option(words[i]);
            c->open = c->open && c->open->value && !c->open->optional
                      ? c->open : NULL;
        }
    }

    if (c->n) {
        c->command = command_find(admin_commands, c->word, c->n, &c->used);
    }
}


static void
complete_word(const complete_t *c, const char *typed)
{
    char             before[COMPLETE_WORD];
    const char      *equals;
    const option_t  *o;

    if (c->open) {
        complete_value(c->open->value, "", typed);
        return;
    }

    if (typed[0] != '-' || c->ended) {

        if (c->command == NULL) {
            complete_commands(c->word, c->n, typed);

        } else if (strstr(c->command->args, "COMMAND")) {
            complete_commands(c->word + c->used, c->n - c->used, typed);

        } else {
            complete_commands(c->word, c->n, typed);
            complete_value(c->command->args, "", typed);
        }

        return;
    }

    equals = strchr(typed, '=');

    if (equals == NULL) {
        complete_options(c, typed);
        return;
    }

    o = complete_option(typed);

    if (o && o->value) {
        (void) snprintf(before, sizeof(before), "--%s=", o->name);
        complete_value(o->value, before, equals + 1);
    }
}


static void
complete_options(const complete_t *c, const char *typed)
{
    size_t    i;
    uint64_t  options;

    options = c->command ? c->command->options : 0;

    for (i = 0; i < OPT_N; i++) {
        if (option_is_taken(options, i)) {
            complete_say("--", admin_options[i].name, admin_options[i].help,
                         typed);
        }
    }
}


/* Prints the next words of commands that begin with the given words. */

static void
complete_commands(char *const *word, int n, const char *typed)
{
    char              name[COMPLETE_WORD], last[COMPLETE_WORD];
    char             *second;
    const command_t  *c;

    last[0] = '\0';

    for (c = admin_commands; c->name; c++) {
        (void) snprintf(name, sizeof(name), "%s", c->name);
        second = strchr(name, ' ');

        if (second) {
            *second++ = '\0';
        }

        if (n == 1 && second && strcmp(word[0], name) == 0) {
            complete_say("", second, c->help, typed);

        } else if (n == 0 && strcmp(name, last) != 0) {
            complete_say("", name, second ? "" : c->help, typed);
            strcpy(last, name);
        }
    }
}


static void
complete_value(const char *value, const char *before, const char *typed)
{
    size_t  i;

    if (strcmp(value, "STAGE") == 0) {

        for (i = PAYLOCK_OPEN; i <= PAYLOCK_LOCKED; i++) {
            complete_say(before, paylock_stage_names[i], "", typed);
        }

        complete_say(before, "default", "", typed);

    } else if (strcmp(value, "ROLE") == 0) {

        for (i = 0; roles[i].name; i++) {
            complete_say(before, roles[i].name, "", typed);
        }

    } else if (strstr(value, "FILE") || strcmp(value, "KEY") == 0) {
        (void) puts(COMPLETE_FILE);
    }
}


static void
complete_say(const char *before, const char *word, const char *help,
    const char *typed)
{
    char  whole[COMPLETE_WORD];

    /* with --option=value, typed is only the part after "=" */

    (void) snprintf(whole, sizeof(whole), "%s%s", before, word);

    if (strncmp(strchr(before, '=') ? word : whole, typed, strlen(typed)) == 0)
    {
        (void) printf("%s%s%s\n", whole, *help ? "\t" : "", help);
    }
}


static const option_t *
complete_option(const char *word)
{
    size_t  i, len;

    len = strcspn(word, "=");

    for (i = 0; i < OPT_N; i++) {
        if (len > 2 && strlen(admin_options[i].name) == len - 2
            && memcmp(admin_options[i].name, word + 2, len - 2) == 0)
        {
            return &admin_options[i];
        }
    }

    return strcmp(word, "-o") == 0 ? &admin_options[OPT_OUTPUT] : NULL;
}
