
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/time_text.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "commands.h"
#include "trail/archived.h"
#include "trail/archives.h"
#include "trail/entry_json.h"
#include "trail/head.h"
#include "trail/history.h"
#include "trail/trail.h"


#define LOG_LABEL  32                  /* bytes, of label and comma */
#define LOG_KEY    8                   /* hex digits of a key shown */

/* milliseconds by which the clocks of the machines may differ */
#define LOG_CLOCKS  (3600 * 1000)

/* so far from its place an entry is found, if they do */
#define LOG_AROUND  10000


typedef struct {
    admin_t     *admin;
    const char  *host;                 /* NULL: all */
    const char  *actor;
    uint32_t     since;
    uint32_t     until;
    uint64_t     end;                  /* later entries are of a later time */
    archives_t   files;
    int          status;
} log_t;


static int log_options(admin_t *a, log_t *log);
static int log_follow(admin_t *a, log_t *log);
static int log_begin(admin_t *a, log_t *log, trail_id_t *from);
static int log_seek(admin_t *a, uint32_t time, int before, uint64_t *seq);
static int log_archived(admin_t *a, log_t *log, uint64_t from);
static int log_ended(void);
static int log_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int log_wanted(const log_t *log, const paylock_entry_t *e);
static int log_is(const paylock_str_t *s, const char *text);
static void log_print(const paylock_entry_t *e);
static void log_print_field(const paylock_entry_t *e,
    paylock_audit_field_e field, const char *before);


int
audit_log_check(admin_t *a)
{
    log_t  log;

    return log_options(a, &log);
}


int
cmd_audit_log(admin_t *a)
{
    int    status;
    log_t  log;

    if (log_options(a, &log) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    log.host = a->n_hosts ? a->host[0] : NULL;

    status = a->n_archives ? archives_open(a->ctl, a->archive,
                                           (size_t) a->n_archives, &log.files)
                           : STATUS_DONE;

    if (status == STATUS_DONE) {
        status = log_follow(a, &log);
    }

    archives_close(&log.files);

    return status;
}


static int
log_options(admin_t *a, log_t *log)
{
    uint32_t  now;

    memset(log, 0, sizeof(log_t));

    now = (uint32_t) time(NULL);

    log->admin = a;
    log->actor = a->opt[OPT_ACTOR];
    log->until = UINT32_MAX;

    if (arguments_time(a, OPT_SINCE, now, &log->since) != STATUS_DONE
        || arguments_time(a, OPT_UNTIL, now, &log->until) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    return STATUS_DONE;
}


/* Follows the trail; signals are held back until a line is complete. */

static int
log_follow(admin_t *a, log_t *log)
{
    int         came;
    sigset_t    set;
    trail_id_t  from = { 0, 0 }, last;

    if (a->opt[OPT_FOLLOW]) {
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
    }

    came = 0;

    if (log_begin(a, log, &from) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    for ( ;; ) {
        last = from;

        if (trail_on(a->ctl, &from, log_entry, log) != STATUS_DONE) {
            return a->ctl->error.status;
        }

        if (a->opt[OPT_FOLLOW] == NULL || log->status != STATUS_DONE) {
            return log->status;
        }

        /* an entry was announced, but there is none */

        if (came && last.ms == from.ms && last.n == from.n) {
            return error_set(&a->ctl->error, STATUS_FAILED, "protocol",
                             "is this the address of a Redis?",
                             "Redis at %s tells of entries that it does not "
                             "give", a->ctl->settings.where);
        }

        do {
            if (log_ended()) {
                return STATUS_DONE;
            }

            if (trail_wait(a->ctl, &from, &came) != STATUS_DONE) {
                return a->ctl->error.status;
            }

        } while (!came);
    }
}


/*
 * Where to begin to read: behind the entries of a host that are found by their
 * links, and not far before those of a time.
 */

static int
log_begin(admin_t *a, log_t *log, trail_id_t *from)
{
    int     whole, earlier;
    head_t  head;

    if (log->host) {

        if (head_newest(a->ctl, &head) != STATUS_DONE
            || history_each(a->ctl, &log->files, log->host, head.seq, log_entry,
                            log, &whole, &earlier) != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        if (whole) {
            from->ms = head.seq + 1;
            return earlier ? archived_warn(a->ctl, 0) : STATUS_DONE;
        }
    }

    if (log->since && log_seek(a, log->since, 1, &from->ms) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (log_archived(a, log, from->ms) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (log->until == UINT32_MAX || a->opt[OPT_FOLLOW]) {
        return STATUS_DONE;
    }

    if (log_seek(a, log->until, 0, &log->end) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    log->end += TRAIL_NEAR;

    return STATUS_DONE;
}


/*
 * Where entries of a time begin, or end, though clocks differ: a busy hour may
 * have a million entries.
 */

static int
log_seek(admin_t *a, uint32_t time, int before, uint64_t *seq)
{
    uint64_t  ms, far;

    ms = ((uint64_t) time + !before) * 1000;       /* the second as a whole */
    far = before ? ms - (ms < LOG_CLOCKS ? ms : LOG_CLOCKS) : ms + LOG_CLOCKS;

    if (trail_seek(a->ctl, far, seq) != STATUS_DONE
        || trail_seek(a->ctl, ms, &far) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (before && far > *seq + LOG_AROUND) {
        *seq = far - LOG_AROUND;
    }

    if (!before && far + LOG_AROUND < *seq) {
        *seq = far + LOG_AROUND;
    }

    return STATUS_DONE;
}


/* Entries before the stream, of which those from "from" on are wanted. */

static int
log_archived(admin_t *a, log_t *log, uint64_t from)
{
    int  more;

    return log->files.n ? archives_each(a->ctl, &log->files, 0, log_entry, log,
                                        &more)
                        : archived_warn(a->ctl, from);
}


/* Has a signal come, or has the reader closed the pipe? */

static int
log_ended(void)
{
    int              failed;
    sigset_t         set;
    struct timespec  ts = { 0, 0 };

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGTERM);

    failed = ferror(stdout) || fflush(stdout) != 0;

    if (output_left()) {
        __fpurge(stdout);
        clearerr(stdout);
        return 1;
    }

    return failed || sigtimedwait(&set, NULL, &ts) > 0;
}


static int
log_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    log_t  *log;

    log = data;

    if (why) {
        control_warn(log->admin->ctl, "entry", "", NULL,
                     "\"%.50s\" in the audit trail is no entry: it %s", id,
                     why);
        return 1;
    }

    if (!log_wanted(log, e)) {
        return log->end == 0 || e->seq < log->end;
    }

    if (output_is_text(log->admin)) {
        log_print(e);

    } else if (output_is_json(log->admin)) {
        log->status = output_print_json(log->admin, entry_json(e));
    }

    /* stop when the reader has closed the pipe */

    return log->status == STATUS_DONE && !ferror(stdout);
}


static int
log_wanted(const log_t *log, const paylock_entry_t *e)
{
    uint32_t  when;

    when = entry_seconds(e);

    return (log->host == NULL
            || log_is(&e->field[PAYLOCK_AUDIT_HOST], log->host))
           && (log->actor == NULL
               || log_is(&e->field[PAYLOCK_AUDIT_ACTOR], log->actor))
           && when >= log->since && when <= log->until;
}


static int
log_is(const paylock_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}


static void
log_print(const paylock_entry_t *e)
{
    size_t                i;
    char                  when[TIME_TEXT], before[LOG_LABEL];
    const char           *label;
    const paylock_str_t  *after, *key;

    static const struct {
        paylock_audit_field_e  field;
        const char            *before;
    } told[] = {
        { PAYLOCK_AUDIT_ACTOR, "" },
        { PAYLOCK_AUDIT_MACHINE, "@" },
        { PAYLOCK_AUDIT_ACTION, " " },
        { PAYLOCK_AUDIT_HOST, " " }
    };

    time_local(entry_seconds(e), when);

    (void) printf("%" PRIu64 " %s ", e->seq, when);

    for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        log_print_field(e, told[i].field, told[i].before);
    }

    for (i = PAYLOCK_CASE_FIRST; i < PAYLOCK_AUDIT_FIELDS; i++) {
        label = paylock_entry_fields[i].label;

        if (label) {
            (void) snprintf(before, sizeof(before), *label ? ", %s " : " ",
                            label);
            log_print_field(e, i, before);
        }
    }

    key = &e->field[PAYLOCK_AUDIT_KEY];

    if (key->len) {
        (void) printf(", key %.*s", LOG_KEY, key->data);

    } else {
        (void) printf(", unsigned");
    }

    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (after->len) {
        (void) printf("\n    ");
        text_print(stdout, after->data, after->len);
    }

    (void) putchar('\n');
}


static void
log_print_field(const paylock_entry_t *e, paylock_audit_field_e field,
    const char *before)
{
    const paylock_str_t  *s;

    s = &e->field[field];

    if (s->len) {
        (void) fputs(before, stdout);
        text_print(stdout, s->data, s->len);
    }
}
