
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Asks for confirmation before suffixes or many hosts are changed.
 */


#include <string.h>

#include "cli/change_run.h"
#include "cli/confirm.h"
#include "paylock_host.h"


#define CONFIRM_MANY   20              /* so many hosts need no yes */
#define CONFIRM_NAMED  3


static int confirm_many(const change_run_t *run);
static int confirm_suffix(const change_run_t *run, const char *name,
    size_t suffix);
static int confirm_action(const change_run_t *run, const char *matter,
    const char *it);


int
change_confirm(const change_run_t *run)
{
    int     status;
    size_t  i, suffix;

    if (run->kind->entry) {
        return STATUS_DONE;
    }

    if (run->batch.n > CONFIRM_MANY) {
        return confirm_many(run);
    }

    status = STATUS_DONE;

    for (i = 0; i < run->batch.n && status == STATUS_DONE; i++) {
        suffix = paylock_host_suffix(run->batch.host[i],
                                     strlen(run->batch.host[i]));

        if (suffix) {
            status = confirm_suffix(run, run->batch.host[i], suffix);
        }
    }

    return status;
}


/* A wrong list is often a long one: asks once for all hosts. */

static int
confirm_many(const change_run_t *run)
{
    char    matter[(PAYLOCK_HOST_MAX + 2) * CONFIRM_NAMED + 160], *p, *last;
    size_t  i, suffixes;

    suffixes = 0;
    p = matter;
    last = matter + sizeof(matter);

    for (i = 0; i < run->batch.n; i++) {
        suffixes += paylock_host_suffix(run->batch.host[i],
                                        strlen(run->batch.host[i])) != 0;
    }

    p += snprintf(p, (size_t) (last - p), "%s of %zu hosts: ",
                  run->kind->action, run->batch.n);

    for (i = 0; i < CONFIRM_NAMED; i++) {
        p += snprintf(p, (size_t) (last - p), "%s%s", i ? ", " : "",
                      run->batch.host[i]);
    }

    p += snprintf(p, (size_t) (last - p), " and %zu more",
                  run->batch.n - CONFIRM_NAMED);

    if (suffixes) {
        (void) snprintf(p, (size_t) (last - p), "; %zu of them %s for all "
                        "names below", suffixes,
                        suffixes == 1 ? "stands" : "stand");
    }

    return confirm_action(run, matter, "them all");
}


/* A suffix may change any number of sites. */

static int
confirm_suffix(const change_run_t *run, const char *name, size_t suffix)
{
    char         matter[PAYLOCK_HOST_MAX * 2 + 64];
    const char  *p;

    p = name + suffix;
    (void) snprintf(matter, sizeof(matter), "\"%s\" stands for %s%sall "
                    "names below %s", name, suffix == 1 ? p : "",
                    suffix == 1 ? " and " : "", p);

    return confirm_action(run, matter, "it") == STATUS_DONE
           ? STATUS_DONE : error_about(&run->a->ctl->error, name);
}


static int
confirm_action(const change_run_t *run, const char *matter, const char *it)
{
    char  question[32];

    (void) snprintf(question, sizeof(question), "%s %s?", run->kind->action,
                    it);
    question[0] &= ~0x20;

    return confirm(run->a, matter, question);
}
