
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "change/change_matter.h"
#include "paylock_host.h"


#define MATTER_NAMED  3


static void matter_many(const change_batch_t *b, char matter[CHANGE_MATTER]);


/* A suffix may change any number of sites. */

int
change_matter(const change_batch_t *b, size_t *next,
    char matter[CHANGE_MATTER], const char **host)
{
    size_t       suffix;
    const char  *name, *below;

    *host = NULL;

    if (*next == b->n) {
        return 0;
    }

    if (b->n > CHANGE_MANY) {
        *next = b->n;
        matter_many(b, matter);
        return 1;
    }

    while (*next < b->n) {
        name = b->host[(*next)++];
        suffix = paylock_host_suffix(name, strlen(name));

        if (suffix) {
            below = name + suffix;
            (void) snprintf(matter, CHANGE_MATTER, "\"%s\" stands for %s%sall "
                            "names below %s", name, suffix == 1 ? below : "",
                            suffix == 1 ? " and " : "", below);
            *host = name;
            return 1;
        }
    }

    return 0;
}


/* A wrong list is often a long one: asks once for all hosts. */

static void
matter_many(const change_batch_t *b, char matter[CHANGE_MATTER])
{
    char    *p, *last;
    size_t   i, suffixes;

    suffixes = 0;
    p = matter;
    last = matter + CHANGE_MATTER;

    for (i = 0; i < b->n; i++) {
        suffixes += paylock_host_suffix(b->host[i], strlen(b->host[i])) != 0;
    }

    p += snprintf(p, (size_t) (last - p), "%s of %zu hosts: ",
                  b->kind->action, b->n);

    for (i = 0; i < MATTER_NAMED; i++) {
        p += snprintf(p, (size_t) (last - p), "%s%s", i ? ", " : "",
                      b->host[i]);
    }

    p += snprintf(p, (size_t) (last - p), " and %zu more",
                  b->n - MATTER_NAMED);

    if (suffixes) {
        (void) snprintf(p, (size_t) (last - p), "; %zu of them %s for all "
                        "names below", suffixes,
                        suffixes == 1 ? "stands" : "stand");
    }
}
