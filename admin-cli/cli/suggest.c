
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "base/mistype.h"
#include "cli/suggest.h"


#define SUGGEST_SLIP  2                /* edit distance, at most */
#define SUGGEST_MANY  6                /* suggestions, at most */


typedef struct {
    size_t       best;
    size_t       n;
    const char  *name[SUGGEST_MANY];
} suggest_t;


static void suggest_begin(suggest_t *s, const char *given);
static void suggest_add(suggest_t *s, const char *name, size_t distance);
static void suggest_print(const suggest_t *s, const char *before,
    const char *nothing, char text[SUGGEST_TEXT]);
static size_t suggest_words(char **words, int n, const char *name);


void
suggest_command(const command_t *commands, char **words, int n,
    char text[SUGGEST_TEXT])
{
    suggest_t         s;
    const command_t  *c;

    suggest_begin(&s, words[0]);

    for (c = commands; c->name; c++) {
        suggest_add(&s, c->name, suggest_words(words, n, c->name));
    }

    suggest_print(&s, "", "\"paylock-admin help\" lists the commands", text);
}


void
suggest_option(const char *given, uint64_t options, char text[SUGGEST_TEXT])
{
    char        word[MISTYPE_WORD + 1];
    size_t      i, len;
    suggest_t   s;

    given += strspn(given, "-");
    len = strcspn(given, "=");
    (void) snprintf(word, sizeof(word), "%.*s",
                    (int) (len < MISTYPE_WORD ? len : MISTYPE_WORD), given);

    len = strlen(word);
    suggest_begin(&s, word);

    for (i = 0; i < OPT_N; i++) {

        /* an abbreviation matches all that begin with it */

        if (option_is_taken(options, i)) {
            suggest_add(&s, admin_options[i].name,
                        len && strncmp(admin_options[i].name, word, len) == 0
                        ? 0 : mistype_distance(word, admin_options[i].name));
        }
    }

    suggest_print(&s, "--", "\"paylock-admin help\" lists the commands and, "
                  "with one of them, its options", text);
}


/* Short words allow fewer mistakes, or nearly all words would match. */

static void
suggest_begin(suggest_t *s, const char *given)
{
    s->n = 0;
    s->best = strlen(given) < 4 ? 1 : SUGGEST_SLIP;
}


static void
suggest_add(suggest_t *s, const char *name, size_t distance)
{
    if (distance < s->best) {
        s->best = distance;
        s->n = 0;
    }

    if (distance == s->best && s->n < SUGGEST_MANY) {
        s->name[s->n++] = name;
    }
}


static void
suggest_print(const suggest_t *s, const char *before, const char *nothing,
    char text[SUGGEST_TEXT])
{
    if (s->n) {
        mistype_names(s->name, s->n, before, text, SUGGEST_TEXT);

    } else {
        (void) snprintf(text, SUGGEST_TEXT, "%s", nothing);
    }
}


/*
 * The distance of the words typed and a command.  The second word of a command
 * may be typed alone; if the first is right, all that begin with it match.
 */

static size_t
suggest_words(char **words, int n, const char *name)
{
    char         first[MISTYPE_WORD + 1], both[2 * MISTYPE_WORD + 2];
    size_t       d, least;
    const char  *second;

    least = mistype_distance(words[0], name);
    second = strchr(name, ' ');

    if (second == NULL) {
        return least;
    }

    (void) snprintf(first, sizeof(first), "%.*s", (int) (second - name), name);
    second++;

    if (strcmp(words[0], first) == 0) {
        d = n > 1 ? mistype_distance(words[1], second) : 0;
        return d < SUGGEST_SLIP ? d : SUGGEST_SLIP;
    }

    if (n > 1) {
        (void) snprintf(both, sizeof(both), "%.*s %.*s", MISTYPE_WORD,
                        words[0], MISTYPE_WORD, words[1]);
        d = mistype_distance(both, name);
        least = d < least ? d : least;
    }

    d = mistype_distance(words[0], second);

    return d < least ? d : least;
}
