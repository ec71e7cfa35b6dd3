
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A notice that was sent, for the audit trail: no record is changed.
 */


#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "change/amount_due.h"
#include "change/change_ops.h"
#include "files/digest.h"
#include "trail/entry.h"


#define NOTICE_CHANNEL    40           /* bytes */
#define NOTICE_REFERENCE  200
#define NOTICE_DAY        sizeof("2026-11-01")


typedef struct {
    char  sent[NOTICE_DAY];
    char  document[PAYLOCK_HASH_LEN + 1];
} notice_t;


static int notice_options(admin_t *a, notice_t *n);
static int notice_sent(admin_t *a, notice_t *n);
static int notice_document(admin_t *a, notice_t *n);
static int notice_change(flips_t *fs, flip_t *f, uint32_t now);
static void notice_entry(flips_t *fs, paylock_entry_t *e);


int
cmd_notice(admin_t *a)
{
    int          status;
    notice_t     notice;
    flip_kind_t  kind = {
        .action = "notice", .change = notice_change, .data = &notice,
        .entry = notice_entry, .told = "noted, "
    };

    status = notice_options(a, &notice);

    return status == STATUS_DONE ? flips_run(a, &kind) : status;
}


static int
notice_options(admin_t *a, notice_t *n)
{
    memset(n, 0, sizeof(notice_t));

    if (a->opt[OPT_CHANNEL] == NULL || *a->opt[OPT_CHANNEL] == '\0') {
        return problem_set(&a->problem, STATUS_USAGE, "channel",
                           "give --channel, such as letter or email",
                           "how the notice was sent is not said");
    }

    if ((a->opt[OPT_REF] == NULL || *a->opt[OPT_REF] == '\0')
        && a->opt[OPT_FILE] == NULL)
    {
        return problem_set(&a->problem, STATUS_USAGE, "notice",
                           "give --ref, --file or both",
                           "nothing tells which notice was sent");
    }

    if (change_check(a, OPT_CHANNEL, NOTICE_CHANNEL) != STATUS_DONE
        || change_check(a, OPT_REF, NOTICE_REFERENCE) != STATUS_DONE
        || change_check(a, OPT_REASON, CHANGE_REASON) != STATUS_DONE
        || change_check(a, OPT_INVOICE, CHANGE_INVOICE) != STATUS_DONE
        || claim_check(a) != STATUS_DONE
        || notice_sent(a, n) != STATUS_DONE)
    {
        return a->problem.status;
    }

    return a->opt[OPT_FILE] ? notice_document(a, n) : STATUS_DONE;
}


/* Where it is tomorrow already it may have been sent tomorrow. */

static int
notice_sent(admin_t *a, notice_t *n)
{
    time_t     now;
    uint32_t   when;
    struct tm  tm;

    now = time(NULL);
    when = 0;

    if (claim_day(a, OPT_SENT, &when) != STATUS_DONE) {
        return a->problem.status;
    }

    if (when > now + 86400) {
        return problem_set(&a->problem, STATUS_USAGE, "day",
                           "note a notice once it is sent",
                           "the day of --sent has not come yet");
    }

    if (a->opt[OPT_SENT] && *a->opt[OPT_SENT]) {
        strcpy(n->sent, a->opt[OPT_SENT]);

    } else {
        (void) localtime_r(&now, &tm);
        (void) strftime(n->sent, sizeof(n->sent), "%Y-%m-%d", &tm);
    }

    return STATUS_DONE;
}


static int
notice_document(admin_t *a, notice_t *n)
{
    int          fd, ok;
    struct stat  st;

    fd = open(a->opt[OPT_FILE], O_RDONLY|O_CLOEXEC|O_NONBLOCK);

    if (fd != -1 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
                     || st.st_size == 0))
    {
        (void) close(fd);
        return problem_set(&a->problem, STATUS_FAILED, "file",
                           "name the document that was sent",
                           "\"%.1000s\" is not a file, or is empty",
                           a->opt[OPT_FILE]);
    }

    ok = fd != -1 && digest_file(fd, n->document) == 0;

    if (!ok) {
        (void) problem_set(&a->problem, STATUS_FAILED, "file",
                           "name the document that was sent",
                           "cannot read \"%.1000s\": %s", a->opt[OPT_FILE],
                           strerror(errno));
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return ok ? STATUS_DONE : a->problem.status;
}


static int
notice_change(flips_t *fs, flip_t *f, uint32_t now)
{
    (void) fs;
    (void) now;

    f->after = json_incref(f->record);
    f->changed = 1;

    return STATUS_DONE;
}


static void
notice_entry(flips_t *fs, paylock_entry_t *e)
{
    size_t           i;
    const char     **opt;
    const notice_t  *n;

    n = fs->kind->data;
    opt = fs->admin->opt;

    entry_set(e, PAYLOCK_AUDIT_CHANNEL, opt[OPT_CHANNEL]);
    entry_set(e, PAYLOCK_AUDIT_SENT, n->sent);
    entry_set(e, PAYLOCK_AUDIT_REFERENCE, opt[OPT_REF]);
    entry_set(e, PAYLOCK_AUDIT_DOCUMENT, n->document);
    entry_set(e, PAYLOCK_AUDIT_REASON, opt[OPT_REASON]);
    entry_set(e, PAYLOCK_AUDIT_INVOICE, opt[OPT_INVOICE]);

    for (i = 0; i < CLAIM_FIELDS; i++) {
        entry_set(e, claim_fields[i].field, opt[claim_fields[i].option]);
    }
}
