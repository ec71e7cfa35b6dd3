
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "files/user_file.h"
#include "paylock_sign.h"
#include "trail/memory_file.h"


#define MEMORY_FILE_DIRECTORY  "paylock/"
#define MEMORY_FILE_PLACE      16      /* bytes of a SHA-256 */


static int memory_file_path(char path[MEMORY_FILE_PATH], const char *name);


int
memory_file_directory(control_t *ctl, int make, int *dir)
{
    char  path[MEMORY_FILE_PATH];

    if (memory_file_path(path, "") != 0) {
        return memory_file_failed(ctl, "open");
    }

    if (make && user_file_directory(path) != 0) {
        return memory_file_failed(ctl, "make");
    }

    *dir = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (*dir == -1 && (make || (errno != ENOENT && errno != ENOTDIR))) {
        return memory_file_failed(ctl, "open");
    }

    return STATUS_DONE;
}


static int
memory_file_path(char path[MEMORY_FILE_PATH], const char *name)
{
    char  file[sizeof(MEMORY_FILE_DIRECTORY) + MEMORY_FILE_NAME];

    (void) snprintf(file, sizeof(file), MEMORY_FILE_DIRECTORY "%s", name);

    return user_file_path(path, MEMORY_FILE_PATH, "XDG_STATE_HOME",
                          ".local/state", file);
}


void
memory_file_chain(const control_t *ctl, const char *what, const char *chain,
    char name[MEMORY_FILE_NAME])
{
    int          realm;
    const char  *own;

    own = ctl->settings.realm;
    realm = strcmp(own, PAYLOCK_REALM) != 0;

    (void) snprintf(name, MEMORY_FILE_NAME, "%s-%.*s%s%s", what,
                    PAYLOCK_CHAIN_LEN, chain, realm ? "-" : "",
                    realm ? own : "");
}


/* URL and prefix are hashed: not all are valid file names. */

void
memory_file_place(const control_t *ctl, char name[MEMORY_FILE_NAME])
{
    size_t             i, n;
    char               text[MEMORY_FILE_PATH];
    unsigned char      hash[SHA256_DIGEST_LENGTH];
    const settings_t  *s;

    s = &ctl->settings;
    n = (size_t) snprintf(text, sizeof(text), "%s\n%s", s->where,
                          s->value[SET_PREFIX]);

    (void) SHA256((unsigned char *) text, n < sizeof(text) ? n : sizeof(text),
                  hash);

    n = (size_t) sprintf(name, "url-");

    for (i = 0; i < MEMORY_FILE_PLACE; i++) {
        n += (size_t) sprintf(name + n, "%02x", hash[i]);
    }
}


int
memory_file_open(control_t *ctl, int dir, const char *name, FILE **f)
{
    int  fd;

    *f = NULL;
    fd = openat(dir, name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return errno == ENOENT ? STATUS_DONE : memory_file_failed(ctl, "read");
    }

    *f = fdopen(fd, "r");

    if (*f == NULL) {
        (void) close(fd);
        return memory_file_failed(ctl, "read");
    }

    return STATUS_DONE;
}


int
memory_file_begin(control_t *ctl, memory_file_t *m, const char *name)
{
    return memory_file_path(m->path, name) == 0
           && outfile_begin(&m->out, m->path, OUTFILE_REPLACE) == 0
           ? STATUS_DONE : memory_file_failed(ctl, "write");
}


int
memory_file_commit(control_t *ctl, memory_file_t *m, int dir)
{
    return outfile_commit(&m->out) == 0 && fsync(dir) == 0
           ? STATUS_DONE : memory_file_failed(ctl, "write");
}


const char *
memory_file_signers(const control_t *ctl)
{
    return ctl->signers.path ? ctl->signers.digest : MEMORY_FILE_NONE;
}


int
memory_file_failed(control_t *ctl, const char *what)
{
    return error_set(&ctl->error, STATUS_FAILED, "state",
                     "see to that directory, or set XDG_STATE_HOME to "
                     "another",
                     "cannot %s $XDG_STATE_HOME/paylock (by default "
                     "~/.local/state/paylock), where the head of the audit "
                     "trail is remembered: %s", what, strerror(errno));
}


int
memory_file_bad(control_t *ctl, const char *name)
{
    return error_set(&ctl->error, STATUS_FAILED, "state",
                     "look at it, remove it, and run \"paylock-admin init\" "
                     "to remember the chain again",
                     "what is remembered of this Redis in "
                     "$XDG_STATE_HOME/paylock/%s cannot be read", name);
}
