
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/admin.h"
#include "cli/confirm.h"


int
confirm(admin_t *a, const char *matter, const char *question)
{
    int   c;
    char  answer[16];

    if (a->opt[OPT_YES] || a->opt[OPT_DRY_RUN]) {
        return STATUS_DONE;
    }

    if (!isatty(STDIN_FILENO)) {
        return error_set(&a->ctl->error, STATUS_USAGE, "confirm",
                         "if that is what you want, give --yes", "%s",
                         matter);
    }

    text_print(stderr, matter, strlen(matter));
    (void) fprintf(stderr, ".\n%s [y/N] ", question);

    c = fgets(answer, sizeof(answer), stdin) ? answer[0] : 'n';

    return c == 'y' || c == 'Y'
           ? STATUS_DONE
           : error_set(&a->ctl->error, STATUS_FAILED, "confirm", NULL,
                       "nothing is changed or remembered");
}


int
confirm_typed(admin_t *a, const char *matter, const char *question,
    const char *word)
{
    char    answer[64];
    size_t  len;

    if (a->opt[OPT_DRY_RUN]) {
        return STATUS_DONE;
    }

    text_print(stderr, matter, strlen(matter));
    (void) fprintf(stderr, ".\n%s  Type %s to do it: ", question, word);

    len = fgets(answer, sizeof(answer), stdin) ? strcspn(answer, "\n") : 0;
    answer[len] = '\0';

    return len && strcmp(answer, word) == 0
           ? STATUS_DONE
           : error_set(&a->ctl->error, STATUS_FAILED, "confirm", NULL,
                       "nothing is changed or remembered");
}
