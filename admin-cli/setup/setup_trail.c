
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The key of whoever sets paylock up, the signers file, and the audit trail.
 */


#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/key_file.h"
#include "cli/signers_begin.h"
#include "cli/trail_init.h"
#include "context/signers_write.h"
#include "files/user_file.h"
#include "setup/lines.h"
#include "setup/setup.h"


static int signers_of_user(char path[PATH_MAX]);
static int signers_copy(setup_t *s, const char *from);
static int trail_look(setup_t *s);


/* A file that "keygen" has begun for the user becomes that of the machine. */

int
setup_signers_look(setup_t *s)
{
    char             path[PATH_MAX];
    signers_begin_t  b;

    if (signers_there(s->signers)) {
        return STATUS_DONE;
    }

    if (signers_of_user(path)) {
        setup_change(s, "%s: a copy of %s", s->signers, path);
        return STATUS_DONE;
    }

    if (signers_begin_look(s->admin, &b) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (access(s->key, F_OK) != 0) {
        setup_change(s, "%s: your key, which signs what you do", s->key);
    }

    setup_change(s, "%s: the signatures of %s count", s->signers, b.name);

    return STATUS_DONE;
}


static int
signers_of_user(char path[PATH_MAX])
{
    return signers_user_path(path, PATH_MAX) == 0 && signers_there(path);
}


int
setup_signers_apply(setup_t *s)
{
    char             path[PATH_MAX];
    signers_begin_t  b;

    if (signers_of_user(path)) {
        return signers_copy(s, path);
    }

    if (signers_begin_look(s->admin, &b) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (access(s->key, F_OK) == 0) {
        if (control_need_key(s->ctl) != STATUS_DONE) {
            return s->ctl->error.status;
        }

    } else if (user_file_directory(s->key) != 0) {
        return key_file_failed(s->admin, s->key, "make");

    } else if (key_file_make(s->admin, s->key, NULL) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (user_file_directory(s->signers) != 0) {
        return error_set(&s->ctl->error, STATUS_FAILED, "signers", NULL,
                         "cannot make the directory of \"%.1000s\": %s",
                         s->signers, strerror(errno));
    }

    return signers_add(s->ctl, s->signers, b.name, s->ctl->signer.public);
}


static int
signers_copy(setup_t *s, const char *from)
{
    int    status;
    char  *text;

    status = lines_read(&s->ctl->error, from, &text);

    if (status == STATUS_DONE) {
        status = lines_write(&s->ctl->error, s->signers, text, 0644);
    }

    free(text);

    return status;
}


int
setup_trail_look(setup_t *s)
{
    char      path[PATH_MAX];
    stream_t  stream;

    if (signers_there(s->signers)) {
        return trail_look(s);
    }

    if (signers_of_user(path)) {
        return signers_read(&s->ctl->signers, path, &s->ctl->error)
               == STATUS_DONE ? trail_look(s) : s->ctl->error.status;
    }

    if (head_look(s->ctl, &stream) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (stream.there) {
        return error_set(&s->ctl->error, STATUS_FAILED, "signers",
                         "copy the signers file of the machine where it was "
                         "begun to here; if there never was one, \"Signing\" "
                         "in paylock-admin.md says how to go on",
                         "Redis at %s holds an audit trail, and \"%.1000s\", "
                         "which would say whose signatures count, is not here",
                         s->ctl->settings.where, s->signers);
    }

    setup_change(s, "begin the audit trail, and remember it");

    return STATUS_DONE;
}


static int
trail_look(setup_t *s)
{
    head_t    known;
    stream_t  stream;

    if (known_head_load(s->ctl, &known) != STATUS_DONE
        || head_look(s->ctl, &stream) != STATUS_DONE
        || head_sound(s->ctl, &stream) != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    if (known.seq) {
        return head_judge(s->ctl, &known, &stream);
    }

    if (stream.head.seq) {
        setup_change(s, "remember the audit trail that is there: chain %s, "
                     "entry %" PRIu64 ", hash %s", stream.head.chain,
                     stream.head.seq, stream.head.hash);
        return STATUS_DONE;
    }

    if (access(s->key, F_OK) != 0) {
        return error_set(&s->ctl->error, STATUS_FAILED, "unsigned",
                         "run \"paylock-admin keygen\" and add the line that "
                         "it prints to that file, or name your key with --key",
                         "the audit trail is to be begun by a signer of "
                         "\"%.1000s\", and you have no key", s->signers);
    }

    setup_change(s, "begin the audit trail, and remember it");

    return STATUS_DONE;
}


int
setup_trail_apply(setup_t *s)
{
    int     created;
    head_t  head;

    return setup_again(s) == STATUS_DONE
           && known_head_load(s->ctl, &s->admin->known) == STATUS_DONE
           ? trail_init(s->admin, &head, &created) : s->ctl->error.status;
}


int
setup_trail_known(setup_t *s)
{
    head_t    known;
    stream_t  stream;

    if (known_head_load(s->ctl, &known) != STATUS_DONE
        || head_look(s->ctl, &stream) != STATUS_DONE
        || head_sound(s->ctl, &stream) != STATUS_DONE)
    {
        return 0;
    }

    return known.seq ? head_judge(s->ctl, &known, &stream) == STATUS_DONE
                     : stream.there;
}


/* What was given for an administrator of Redis is not for the user made. */

int
setup_again(setup_t *s)
{
    size_t           i;
    admin_t         *a;
    control_t       *ctl;
    const char      *program;
    control_calls_t  calls;

    static const char  *given[] = { "PAYLOCK_REDIS", "PAYLOCK_USERNAME",
                                    "PAYLOCK_PASSWORD",
                                    "PAYLOCK_PASSWORD_FILE" };

    a = s->admin;
    ctl = s->ctl;

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        (void) unsetenv(given[i]);
    }

    a->opt[OPT_REDIS] = NULL;
    a->opt[OPT_PASSWORD_FILE] = NULL;

    calls = ctl->calls;
    program = ctl->program;
    control_free(ctl);
    memset(ctl, 0, sizeof(control_t));
    ctl->calls = calls;
    ctl->program = program;

    settings_from_free(&a->from);
    memset(&a->from, 0, sizeof(settings_from_t));

    return settings_load(a) == STATUS_DONE ? control_connect(ctl)
                                           : ctl->error.status;
}
