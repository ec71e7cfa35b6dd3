
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "change/archive.h"
#include "cli/arguments.h"
#include "cli/confirm.h"
#include "cli/output.h"
#include "commands.h"
#include "trail/trust.h"
#include "trail/verify.h"
#include "trail/vouched.h"


static int audit_archive(admin_t *a, archive_t *t);
static int audit_archive_good(admin_t *a);
static int audit_archive_ask(admin_t *a, const archive_t *t);
static int audit_archive_write(admin_t *a, archive_t *t);
static int audit_archive_told(admin_t *a, const archive_t *t);


int
audit_archive_check(admin_t *a)
{
    uint32_t     before;
    const char  *path;

    path = a->opt[OPT_OUTPUT];

    if (a->opt[OPT_BEFORE] == NULL) {
        return error_set(&a->ctl->error, STATUS_USAGE, "option",
                         "entries before that time are archived",
                         "--before TIME is missing");
    }

    if (path == NULL || *path == '\0' || strcmp(path, "-") == 0) {
        return error_set(&a->ctl->error, STATUS_USAGE, "option",
                         "it gets the entries", "--output FILE is missing");
    }

    return arguments_time(a, OPT_BEFORE, (uint32_t) time(NULL), &before);
}


int
cmd_audit_archive(admin_t *a)
{
    int        status;
    archive_t  t;

    memset(&t, 0, sizeof(archive_t));
    t.known = a->known;

    status = audit_archive(a, &t);

    return status == STATUS_DONE ? audit_archive_told(a, &t) : status;
}


static int
audit_archive(admin_t *a, archive_t *t)
{
    int       status;
    uint32_t  before;

    if (arguments_time(a, OPT_BEFORE, (uint32_t) time(NULL), &before)
        != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    t->before = (uint64_t) before * 1000;

    if (trust_signer(a->ctl) != STATUS_DONE
        || archive_decide(a->ctl, t) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (t->entries == 0) {
        return STATUS_DONE;
    }

    status = audit_archive_good(a);

    if (status == STATUS_DONE) {
        status = audit_archive_ask(a, t);
    }

    return status != STATUS_DONE || a->opt[OPT_DRY_RUN]
           ? status : audit_archive_write(a, t);
}


/* Some faults only show while records and entries are both there. */

static int
audit_archive_good(admin_t *a)
{
    int       status;
    replay_t  replay;
    verify_t  c;

    memset(&replay, 0, sizeof(replay_t));

    status = verify_begin(a->ctl, &c, NULL);

    if (status == STATUS_DONE) {
        c.replay = &replay;
        status = verify_redis(&c, 0);
    }

    if (status == STATUS_DONE && c.n_faults) {
        status = verify_status(&c);
    }

    replay_free(&replay);
    verify_free(&c);

    return status;
}


static int
audit_archive_ask(admin_t *a, const archive_t *t)
{
    char  matter[1024];

    (void) snprintf(matter, sizeof(matter), "%" PRIu64 " entries of chain %s, "
                    "up to entry %" PRIu64 ", would be moved from Redis at "
                    "%.200s to \"%.300s\"; %" PRIu64 " entries stay, up to "
                    "entry %" PRIu64 ".", t->entries, t->last.chain,
                    t->last.archive.seq, a->ctl->settings.where,
                    a->opt[OPT_OUTPUT], t->stay, t->head.seq);

    return confirm(a, matter, "Archive them?  The file is then the only place "
                   "where they are.");
}


static int
audit_archive_write(admin_t *a, archive_t *t)
{
    int           status;
    error_info_t  error;

    status = archive_write(a->ctl, t, a->opt[OPT_OUTPUT]);

    if (status != STATUS_DONE) {
        return status;
    }

    a->done = "the file is written";

    if (trail_append_begin(a->ctl, &t->entry, "archive") != STATUS_DONE
        || archive_commit(a->ctl, t, a->opt[OPT_OUTPUT]) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    a->done = "the entries are archived";
    trust_at(a->ctl, &t->head);
    error = a->ctl->error;

    if (known_head_save(a->ctl, &t->head) != STATUS_DONE) {
        control_warn(a->ctl, a->ctl->error.code, "", a->ctl->error.mend, "%s",
                     a->ctl->error.message);
    }

    /* so that the next change of such a host need not read all records */

    if (a->ctl->trust.signers) {
        (void) vouched_learn(a->ctl, &t->head);
    }

    a->ctl->error = error;
    trust_warn(a->ctl);

    return STATUS_DONE;
}


static int
audit_archive_told(admin_t *a, const archive_t *t)
{
    int                       done;
    const paylock_archive_t  *last;

    last = &t->last.archive;
    done = t->entries && !a->opt[OPT_DRY_RUN];

    if (output_is_text(a) && t->entries == 0) {
        (void) printf("nothing to archive: no transaction before that time, "
                      "with others after it, is in Redis\n");

    } else if (output_is_text(a)) {
        (void) printf("%s: %" PRIu64 " entries, up to entry %" PRIu64 "; %"
                      PRIu64 " stay, up to entry %" PRIu64 "\n",
                      done ? "archived" : "would be archived", t->entries,
                      last->seq, t->stay, t->head.seq);
    }

    if (output_is_text(a) && done) {
        (void) printf("SHA-256 %s\n", last->file);
    }

    return output_print_json(a, json_pack("{s:I, s:I, s:o, s:s?, s:s?, s:s?, "
                                          "s:o}",
                                          "entries", (json_int_t) t->entries,
                                          "stay", (json_int_t) t->stay,
                                          "archived", number_json(last->seq),
                                          "hash", t->entries ? last->hash
                                                             : NULL,
                                          "file", done ? a->opt[OPT_OUTPUT]
                                                       : NULL,
                                          "sha256", done ? last->file : NULL,
                                          "seq", number_json(done
                                                               ? t->head.seq
                                                               : 0)));
}
