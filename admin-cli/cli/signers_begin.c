
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "cli/signers_begin.h"
#include "context/signers_write.h"
#include "trail/actor.h"


static void signers_begin_name(signers_begin_t *b, const char *actor);


int
signers_begin_look(admin_t *a, signers_begin_t *b)
{
    const char  *given, *actor;

    memset(b, 0, sizeof(signers_begin_t));

    if (actor_name(a->ctl, &actor) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    signers_begin_name(b, actor);

    given = a->ctl->settings.value[SET_SIGNERS];

    if (given == NULL && signers_there(SIGNERS_HOST)) {
        given = SIGNERS_HOST;
    }

    if (given) {
        (void) snprintf(b->path, sizeof(b->path), "%s", given);
        return STATUS_DONE;
    }

    if (signers_user_path(b->path, sizeof(b->path)) != 0) {
        return error_set(&a->ctl->error, STATUS_FAILED, "signers",
                         "name another with --signers", "the path of the "
                         "signers file is too long");
    }

    b->begin = !signers_there(b->path);

    return STATUS_DONE;
}


/* What a name of the file cannot have becomes a "_". */

static void
signers_begin_name(signers_begin_t *b, const char *actor)
{
    size_t         i;
    paylock_str_t  c;

    (void) snprintf(b->name, sizeof(b->name), "%s", actor);

    for (i = 0; b->name[i]; i++) {
        c.data = &b->name[i];
        c.len = 1;

        if (paylock_signer_name(c)) {
            b->name[i] = '_';
        }
    }

    c.data = b->name;
    c.len = i;

    /* a name of the right letters is refused only if it is a word */

    if (paylock_signer_name(c)) {
        (void) strcat(b->name, "_");
    }
}


int
signers_begin_write(admin_t *a, const signers_begin_t *b, const char *key)
{
    return b->begin ? signers_add(a->ctl, b->path, b->name, key)
                    : STATUS_DONE;
}
