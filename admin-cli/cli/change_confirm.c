
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is only done after a yes: to suffixes, and to many hosts.
 */


#include <string.h>

#include "change/change_batch.h"
#include "cli/confirm.h"
#include "paylock_host.h"


#define FLIPS_MANY   20                /* hosts need no yes */
#define FLIPS_NAMED  3


static int flips_ask_many(const flips_t *fs);
static int flips_ask_suffix(const flips_t *fs, const char *name,
    size_t suffix);
static int flips_confirm(const flips_t *fs, const char *matter,
    const char *it);


int
flips_ask(const flips_t *fs)
{
    int     status;
    size_t  i, suffix;

    if (fs->kind->entry) {
        return STATUS_DONE;
    }

    if (fs->n > FLIPS_MANY) {
        return flips_ask_many(fs);
    }

    status = STATUS_DONE;

    for (i = 0; i < fs->n && status == STATUS_DONE; i++) {
        suffix = paylock_host_suffix(fs->host[i], strlen(fs->host[i]));

        if (suffix) {
            status = flips_ask_suffix(fs, fs->host[i], suffix);
        }
    }

    return status;
}


/* A list that has gone wrong is long: one question for all. */

static int
flips_ask_many(const flips_t *fs)
{
    char    matter[(PAYLOCK_HOST_MAX + 2) * FLIPS_NAMED + 160], *p, *last;
    size_t  i, suffixes;

    suffixes = 0;
    p = matter;
    last = matter + sizeof(matter);

    for (i = 0; i < fs->n; i++) {
        suffixes += paylock_host_suffix(fs->host[i], strlen(fs->host[i])) != 0;
    }

    p += snprintf(p, (size_t) (last - p), "%s of %zu hosts: ",
                  fs->kind->action, fs->n);

    for (i = 0; i < FLIPS_NAMED; i++) {
        p += snprintf(p, (size_t) (last - p), "%s%s", i ? ", " : "",
                      fs->host[i]);
    }

    p += snprintf(p, (size_t) (last - p), " and %zu more",
                  fs->n - FLIPS_NAMED);

    if (suffixes) {
        (void) snprintf(p, (size_t) (last - p), "; %zu of them %s for all "
                        "names below", suffixes,
                        suffixes == 1 ? "stands" : "stand");
    }

    return flips_confirm(fs, matter, "them all");
}


/* A suffix stands for sites that nobody has counted. */

static int
flips_ask_suffix(const flips_t *fs, const char *name, size_t suffix)
{
    char         matter[PAYLOCK_HOST_MAX * 2 + 64];
    const char  *p;

    p = name + suffix;
    (void) snprintf(matter, sizeof(matter), "\"%s\" stands for %s%sall "
                    "names below %s", name, suffix == 1 ? p : "",
                    suffix == 1 ? " and " : "", p);

    return flips_confirm(fs, matter, "it") == STATUS_DONE
           ? STATUS_DONE : problem_about(&fs->admin->problem, name);
}


static int
flips_confirm(const flips_t *fs, const char *matter, const char *it)
{
    char  question[32];

    (void) snprintf(question, sizeof(question), "%s %s?", fs->kind->action,
                    it);
    question[0] &= ~0x20;

    return confirm(fs->admin, matter, question);
}
