
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The signers file of this machine, which says whose signatures count.
 */


#ifndef _SIGNERS_H_INCLUDED_
#define _SIGNERS_H_INCLUDED_


#include "paylock_signers.h"
#include "redis/settings.h"


#define SIGNERS_HOST  "/etc/paylock/signers"
#define SIGNERS_FILE  "paylock/signers"  /* below XDG_CONFIG_HOME */


/* All zero: there is no signers file. */

typedef struct {
    char               *path;          /* allocated; NULL: no file */
    char               *text;          /* the file, of len bytes */
    size_t              len;
    char                digest[PAYLOCK_HASH_LEN + 1];    /* SHA-256 of text */
    paylock_signers_t   list;
} signers_t;


/*
 * Loads the file that the settings name, else the machine's, else the user's.
 * If there is none *s becomes all zero, which is no error.  Fails if others can
 * write the file, or if it names no signer.  Returns a status.
 */

int signers_load(signers_t *s, const settings_t *settings,
    error_info_t *error);

/* Reads a file, which need not name a signer yet.  Returns a status. */

int signers_read(signers_t *s, const char *path, error_info_t *error);

/* Sets digest and list by text; s->path is for errors.  Returns a status. */

int signers_parse(signers_t *s, error_info_t *error);

/*
 * Writes the path of the user's signers file, which need not exist, into memory
 * of that size.  Returns 0, or -1 if it is too long.
 */

int signers_user_path(char *path, size_t size);

/*
 * Does anything have this name, even if nobody may read it or a symbolic link
 * leads nowhere?
 */

int signers_there(const char *path);

void signers_free(signers_t *s);


#endif /* _SIGNERS_H_INCLUDED_ */
