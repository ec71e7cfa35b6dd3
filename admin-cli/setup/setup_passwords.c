
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The passwords of the users of Redis.
 */


#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "paylock_hex.h"
#include "setup/lines.h"
#include "setup/setup.h"


#define PASSWORDS_BYTES  32            /* random ones */


static void passwords_look(setup_t *s, const setup_user_t *user,
    const char *mode);
static int passwords_make(setup_t *s, setup_user_t *user, mode_t mode);
static int passwords_remove(setup_t *s, setup_user_t *user);


int
setup_passwords_look(setup_t *s)
{
    /* operators are in the group of the directory */

    passwords_look(s, &s->nginx, "0600");
    passwords_look(s, &s->op, "0640");

    return STATUS_DONE;
}


static void
passwords_look(setup_t *s, const setup_user_t *user, const char *mode)
{
    if (user->own && !user->there) {
        setup_change(s, "%s: a random password, mode %s", user->file, mode);
    }
}


int
setup_passwords_apply(setup_t *s)
{
    return passwords_make(s, &s->nginx, 0600) == STATUS_DONE
           ? passwords_make(s, &s->op, 0640) : s->ctl->error.status;
}


static int
passwords_make(setup_t *s, setup_user_t *user, mode_t mode)
{
    int            status;
    char           text[2 * PASSWORDS_BYTES + 2];
    unsigned char  random[PASSWORDS_BYTES];

    if (!user->own || user->there) {
        return STATUS_DONE;
    }

    if (RAND_bytes(random, sizeof(random)) != 1) {
        return control_no_crypto(s->ctl);
    }

    paylock_hex(random, sizeof(random), text);
    (void) strcat(text, "\n");

    status = lines_write(&s->ctl->error, user->file, text, mode);
    user->there = status == STATUS_DONE;

    explicit_bzero(random, sizeof(random));
    explicit_bzero(text, sizeof(text));

    return status;
}


int
setup_passwords_undo_look(setup_t *s)
{
    size_t  i;

    setup_user_t  *users[] = { &s->nginx, &s->op };

    for (i = 0; i < 2; i++) {
        if (users[i]->there && users[i]->own && !s->users_stay) {
            setup_change(s, "%s: remove it", users[i]->file);
        }
    }

    return STATUS_DONE;
}


int
setup_passwords_undo(setup_t *s)
{
    return passwords_remove(s, &s->nginx) == STATUS_DONE
           ? passwords_remove(s, &s->op) : s->ctl->error.status;
}


static int
passwords_remove(setup_t *s, setup_user_t *user)
{
    if (!user->there || !user->own || unlink(user->file) == 0
        || errno == ENOENT)
    {
        return STATUS_DONE;
    }

    return error_set(&s->ctl->error, STATUS_FAILED, "file", NULL,
                     "cannot remove \"%.1000s\": %s", user->file,
                     strerror(errno));
}
