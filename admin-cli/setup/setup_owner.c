
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Whose files these are: what root writes, or believes, is put nowhere where
 * another user could put his own.
 */


#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "setup/setup.h"


static int owner_walk(setup_t *s, const char *path);
static int owner_safe(const struct stat *st, int leaf);


/* Both the path as it is written, and where its links lead. */

int
setup_owner(setup_t *s, const char *path)
{
    char  real[PATH_MAX];

    if (owner_walk(s, path) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    return realpath(path, real) ? owner_walk(s, real) : STATUS_DONE;
}


static int
owner_walk(setup_t *s, const char *path)
{
    int          depth;
    char         at[PATH_MAX];
    struct stat  st;

    (void) strcpy(at, path);

    for (depth = 0; ; depth++) {

        if (lstat(at, &st) == 0 && !owner_safe(&st, depth < 2)) {
            return error_set(&s->ctl->error, STATUS_FAILED, "owner",
                             st.st_mode & S_IWOTH && !S_ISLNK(st.st_mode)
                             ? "take the right to write from others, or name "
                               "another file"
                             : "name another file; with sudo, also try -H",
                             "another user may write to \"%.1000s\": his file "
                             "could be taken for \"%.1000s\"", at, path);
        }

        if (at[1] == '\0') {
            return STATUS_DONE;
        }

        (void) dirname(at);
    }
}


/* Whoever may write to a sticky directory can only add to it. */

static int
owner_safe(const struct stat *st, int leaf)
{
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return 0;
    }

    return S_ISLNK(st->st_mode) || !(st->st_mode & S_IWOTH)
           || (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) && !leaf);
}
