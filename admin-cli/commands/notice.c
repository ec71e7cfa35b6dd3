
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "notice": records in the audit trail that a notice was sent.
 */


#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#include "change/notice.h"
#include "cli/arguments.h"
#include "cli/change_run.h"
#include "commands.h"
#include "files/digest.h"


#define NOTICE_DAY  sizeof("2026-11-01")


typedef struct {
    change_notice_t  notice;
    char             sent[NOTICE_DAY];
    char             document[PAYLOCK_HASH_LEN + 1];
} notice_t;


static int notice_options(admin_t *a, notice_t *n);
static int notice_sent(admin_t *a, notice_t *n);
static int notice_document(admin_t *a, notice_t *n);


int
cmd_notice(admin_t *a)
{
    notice_t      notice;
    change_run_t  run = {
        .a = a, .kind = &change_notice, .args = &notice.notice,
        .told = "noted, "
    };

    if (notice_options(a, &notice) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    run.content = notice.document;

    return change_run(&run);
}


static int
notice_options(admin_t *a, notice_t *n)
{
    const char  **text;

    memset(n, 0, sizeof(notice_t));

    if (a->opt[OPT_CHANNEL] == NULL || *a->opt[OPT_CHANNEL] == '\0') {
        return error_set(&a->ctl->error, STATUS_USAGE, "channel",
                         "give --channel, such as letter or email",
                         "how the notice was sent is not said");
    }

    if ((a->opt[OPT_REF] == NULL || *a->opt[OPT_REF] == '\0')
        && a->opt[OPT_FILE] == NULL)
    {
        return error_set(&a->ctl->error, STATUS_USAGE, "notice",
                         "give --ref, --file or both",
                         "nothing tells which notice was sent");
    }

    if (arguments_field(a, OPT_CHANNEL,
                        &paylock_entry_fields[PAYLOCK_AUDIT_CHANNEL])
        != STATUS_DONE
        || arguments_field(a, OPT_REF,
                           &paylock_entry_fields[PAYLOCK_AUDIT_REFERENCE])
           != STATUS_DONE
        || arguments_case(a, n->notice.text) != STATUS_DONE
        || notice_sent(a, n) != STATUS_DONE
        || (a->opt[OPT_FILE] && notice_document(a, n) != STATUS_DONE))
    {
        return a->ctl->error.status;
    }

    text = n->notice.text;
    text[PAYLOCK_AUDIT_CHANNEL] = a->opt[OPT_CHANNEL];
    text[PAYLOCK_AUDIT_SENT] = n->sent;
    text[PAYLOCK_AUDIT_REFERENCE] = a->opt[OPT_REF];
    text[PAYLOCK_AUDIT_DOCUMENT] = n->document;

    return STATUS_DONE;
}


/* The date may be tomorrow, as it already is in some time zones. */

static int
notice_sent(admin_t *a, notice_t *n)
{
    time_t     now;
    uint32_t   when;
    struct tm  tm;

    now = time(NULL);
    when = 0;

    if (arguments_day(a, OPT_SENT, &when) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (when > now + 86400) {
        return error_set(&a->ctl->error, STATUS_USAGE, "day",
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
        return error_set(&a->ctl->error, STATUS_FAILED, "file",
                         "name the document that was sent",
                         "\"%.1000s\" is not a file, or is empty",
                         a->opt[OPT_FILE]);
    }

    ok = fd != -1 && digest_file(fd, n->document) == 0;

    if (!ok) {
        (void) error_set(&a->ctl->error, STATUS_FAILED, "file",
                         "name the document that was sent",
                         "cannot read \"%.1000s\": %s", a->opt[OPT_FILE],
                         strerror(errno));
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return ok ? STATUS_DONE : a->ctl->error.status;
}
