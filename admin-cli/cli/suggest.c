
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "cli/suggest.h"


#define SUGGEST_WORD  255              /* bytes that are compared, at most */
#define SUGGEST_SLIP  2                /* mistakes, at most */
#define SUGGEST_MANY  6                /* that are named, at most */


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
suggest_command(char **words, int n, char text[SUGGEST_TEXT])
{
    suggest_t         s;
    const command_t  *c;

    suggest_begin(&s, words[0]);

    for (c = admin_commands; c->name; c++) {
        suggest_add(&s, c->name, suggest_words(words, n, c->name));
    }

    suggest_print(&s, "", "\"paylock-admin help\" lists the commands", text);
}


void
suggest_option(const char *given, uint64_t options, char text[SUGGEST_TEXT])
{
    char        word[SUGGEST_WORD + 1];
    size_t      i, len;
    suggest_t   s;

    given += strspn(given, "-");
    len = strcspn(given, "=");
    (void) snprintf(word, sizeof(word), "%.*s",
                    (int) (len < SUGGEST_WORD ? len : SUGGEST_WORD), given);

    len = strlen(word);
    suggest_begin(&s, word);

    for (i = 0; i < OPT_N; i++) {

        /* a beginning that several have is one of any */

        if (options & OPT_BIT(i)) {
            suggest_add(&s, admin_options[i].name,
                        len && strncmp(admin_options[i].name, word, len) == 0
                        ? 0 : suggest_distance(word, admin_options[i].name));
        }
    }

    suggest_print(&s, "--", "\"paylock-admin help\" lists the commands and, "
                  "with one of them, its options", text);
}


/* Of a short word nearly everything is a mistype. */

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
        suggest_names(s->name, s->n, before, text, SUGGEST_TEXT);

    } else {
        (void) snprintf(text, SUGGEST_TEXT, "%s", nothing);
    }
}


void
suggest_names(const char *const *name, size_t n, const char *before,
    char *text, size_t size)
{
    int     len;
    size_t  i;

    len = snprintf(text, size, "did you mean ");

    for (i = 0; i < n && len >= 0 && (size_t) len < size; i++) {
        text += len;
        size -= (size_t) len;

        len = snprintf(text, size, "%s\"%s%s\"%s",
                       i == 0 ? "" : i + 1 < n ? ", " : " or ", before,
                       name[i], i + 1 < n ? "" : "?");
    }
}


/*
 * A command of two words may be typed by its second alone; who has the first
 * right means one of those that begin so.
 */

static size_t
suggest_words(char **words, int n, const char *name)
{
    char         first[SUGGEST_WORD + 1], both[2 * SUGGEST_WORD + 2];
    size_t       d, least;
    const char  *second;

    least = suggest_distance(words[0], name);
    second = strchr(name, ' ');

    if (second == NULL) {
        return least;
    }

    (void) snprintf(first, sizeof(first), "%.*s", (int) (second - name), name);
    second++;

    if (strcmp(words[0], first) == 0) {
        d = n > 1 ? suggest_distance(words[1], second) : 0;
        return d < SUGGEST_SLIP ? d : SUGGEST_SLIP;
    }

    if (n > 1) {
        (void) snprintf(both, sizeof(both), "%.*s %.*s", SUGGEST_WORD,
                        words[0], SUGGEST_WORD, words[1]);
        d = suggest_distance(both, name);
        least = d < least ? d : least;
    }

    d = suggest_distance(words[0], second);

    return d < least ? d : least;
}


/* Letters to add, to take away, to change, or to swap with the next. */

size_t
suggest_distance(const char *one, const char *two)
{
    size_t  i, j, n, m, d, row[3][SUGGEST_WORD + 1];
    size_t  *here, *above, *before;

    n = strlen(one);
    m = strlen(two);

    if (n > SUGGEST_WORD || m > SUGGEST_WORD) {
        return SUGGEST_WORD;
    }

    for (j = 0; j <= m; j++) {
        row[0][j] = j;
    }

    for (i = 1; i <= n; i++) {
        here = row[i % 3];
        above = row[(i + 2) % 3];
        before = row[(i + 1) % 3];
        here[0] = i;

        for (j = 1; j <= m; j++) {
            d = above[j - 1] + (one[i - 1] != two[j - 1]);
            d = above[j] + 1 < d ? above[j] + 1 : d;
            d = here[j - 1] + 1 < d ? here[j - 1] + 1 : d;

            if (i > 1 && j > 1 && one[i - 1] == two[j - 2]
                && one[i - 2] == two[j - 1] && before[j - 2] + 1 < d)
            {
                d = before[j - 2] + 1;
            }

            here[j] = d;
        }
    }

    return row[n % 3][m];
}
