
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "access/tokens.h"
#include "files/digest.h"
#include "paylock_hex.h"


#define TOKEN_BEGIN   "plk_"
#define TOKEN_RANDOM  32               /* bytes */


static int tokens_none(tokens_t *t, const char *path, error_info_t *error);
static int tokens_bad(const char *path, error_info_t *error);
static int tokens_private(int fd, const char *path, error_info_t *error);
static int token_is_whole(const json_t *token);


int
tokens_load(tokens_t *t, const char *path, error_info_t *error)
{
    int            fd, status;
    size_t         i;
    FILE          *f;
    json_t        *all, *token;

    memset(t, 0, sizeof(tokens_t));
    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK);

    if (fd == -1) {
        return tokens_none(t, path, error);
    }

    status = tokens_private(fd, path, error);

    if (status != STATUS_DONE) {
        (void) close(fd);
        return status;
    }

    f = fdopen(fd, "r");

    if (f == NULL) {
        (void) close(fd);
        return error_no_memory(error);
    }

    all = json_loadf(f, JSON_REJECT_DUPLICATES, NULL);
    (void) fclose(f);

    t->list = json_incref(json_object_get(all, "tokens"));
    json_decref(all);

    if (!json_is_array(t->list)) {
        return tokens_bad(path, error);
    }

    json_array_foreach(t->list, i, token) {
        if (!token_is_whole(token)) {
            return tokens_bad(path, error);
        }
    }

    return STATUS_DONE;
}


/* There are no tokens yet only where they could be. */

static int
tokens_none(tokens_t *t, const char *path, error_info_t *error)
{
    char  dir[PATH_MAX];

    (void) snprintf(dir, sizeof(dir), "%s", path);

    if (errno == ENOENT && access(dirname(dir), F_OK) == 0) {
        t->list = json_array();
        return t->list ? STATUS_DONE : error_no_memory(error);
    }

    return error_set(error, STATUS_FAILED, "tokens",
                     errno == ENOENT || errno == ENOTDIR
                     ? "make its directory, or name the file of tokens that "
                       "there is"
                     : "make it readable for this user",
                     "cannot read \"%.1000s\": %s", path, strerror(errno));
}


static int
tokens_bad(const char *path, error_info_t *error)
{
    return error_set(error, STATUS_FAILED, "tokens",
                     "put a backup in its place; without it, tokens have to be "
                     "created again",
                     "\"%.1000s\" is no file of tokens", path);
}


/* Who could write it could give himself a token. */

static int
tokens_private(int fd, const char *path, error_info_t *error)
{
    struct stat  st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return tokens_bad(path, error);
    }

    return (st.st_mode & (S_IWGRP|S_IRWXO)) == 0
           ? STATUS_DONE
           : error_set(error, STATUS_FAILED, "tokens",
                       "take these rights away: chmod g-w,o-rwx",
                       "others can read or write \"%.1000s\"", path);
}


static int
token_is_whole(const json_t *token)
{
    size_t  i;

    static const char *const  lists[] = { "allow", "holds", "hosts", "ip" };

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (!json_is_array(json_object_get(token, lists[i]))) {
            return 0;
        }
    }

    return json_is_string(json_object_get(token, "name"))
           && json_string_length(json_object_get(token, "sha256"))
              == PAYLOCK_HASH_LEN;
}


void
tokens_free(tokens_t *t)
{
    json_decref(t->list);
    t->list = NULL;
}


const json_t *
tokens_named(const tokens_t *t, const char *name)
{
    size_t         i;
    const json_t  *token;

    json_array_foreach(t->list, i, token) {
        if (strcmp(json_string_value(json_object_get(token, "name")), name)
            == 0
            && json_object_get(token, "revoked") == NULL)
        {
            return token;
        }
    }

    return NULL;
}


const json_t *
tokens_to_revoke(const tokens_t *t, const char *name)
{
    size_t         i;
    const json_t  *token, *found;

    found = tokens_named(t, name);

    json_array_foreach(t->list, i, token) {
        if (found == NULL
            && strcmp(json_string_value(json_object_get(token, "name")), name)
               == 0
            && json_object_get(token, "noted") == NULL)
        {
            found = token;
        }
    }

    return found;
}


/* All are compared, so that the time does not tell which ones there are. */

const json_t *
tokens_find(const tokens_t *t, const char *text)
{
    char           sha256[PAYLOCK_HASH_LEN + 1];
    size_t         i;
    const json_t  *token, *found;

    found = NULL;

    if (strlen(text) != TOKEN_TEXT - 1
        || digest_text(text, TOKEN_TEXT - 1, sha256) != 0)
    {
        return NULL;
    }

    json_array_foreach(t->list, i, token) {
        if (CRYPTO_memcmp(json_string_value(json_object_get(token, "sha256")),
                          sha256, PAYLOCK_HASH_LEN) == 0)
        {
            found = token;
        }
    }

    return found;
}


const char *
token_name_check(const char *name)
{
    size_t  len;

    len = strlen(name);

    return len == 0 || len > TOKEN_NAME
           ? "is empty or longer than 64 bytes"
           : name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")]
             ? "has another character than a-z, 0-9, \".\", \"_\" and \"-\""
             : NULL;
}


int
token_make(char text[TOKEN_TEXT], char *sha256)
{
    int            rc;
    unsigned char  random[TOKEN_RANDOM];

    if (RAND_bytes(random, sizeof(random)) != 1) {
        return -1;
    }

    strcpy(text, TOKEN_BEGIN);
    paylock_hex(random, sizeof(random), text + sizeof(TOKEN_BEGIN) - 1);
    rc = digest_text(text, TOKEN_TEXT - 1, sha256);
    explicit_bzero(random, sizeof(random));

    return rc;
}
