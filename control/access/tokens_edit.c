
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <limits.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/tokens.h"
#include "files/file_lock.h"
#include "files/outfile.h"


/* Changes the list.  Returns a status. */

typedef int (*tokens_change_pt)(json_t *list, const void *data,
    error_info_t *error);


typedef struct {
    const char  *name;
    uint32_t     now;
} tokens_revoke_t;


static int tokens_edit(const char *path, tokens_change_pt change,
    const void *data, error_info_t *error);
static int tokens_put(json_t *list, const void *data, error_info_t *error);
static int tokens_end(json_t *list, const void *data, error_info_t *error);
static int tokens_note(json_t *list, const void *data, error_info_t *error);
static int tokens_write(const char *path, json_t *list, error_info_t *error);
static int tokens_owner(int fd, const char *path);


int
tokens_add(const char *path, json_t *token, error_info_t *error)
{
    return tokens_edit(path, tokens_put, token, error);
}


int
tokens_revoke(const char *path, const char *name, uint32_t now,
    error_info_t *error)
{
    tokens_revoke_t  revoke = { name, now };

    return tokens_edit(path, tokens_end, &revoke, error);
}


int
tokens_noted(const char *path, const char *name, error_info_t *error)
{
    return tokens_edit(path, tokens_note, name, error);
}


static int
tokens_edit(const char *path, tokens_change_pt change, const void *data,
    error_info_t *error)
{
    int       lock, status;
    tokens_t  t;

    lock = file_lock(path);

    if (lock == -1) {
        return errno == EWOULDBLOCK
               ? error_set(error, STATUS_FAILED, "tokens",
                           "try again when the other one is done",
                           "somebody else is writing \"%.1000s\"", path)
               : tokens_failed(path, error);
    }

    status = tokens_load(&t, path, error);

    if (status == STATUS_DONE
        && (status = change(t.list, data, error)) == STATUS_DONE)
    {
        status = tokens_write(path, t.list, error);
    }

    tokens_free(&t);
    (void) close(lock);

    return status;
}


static int
tokens_put(json_t *list, const void *data, error_info_t *error)
{
    tokens_t       t = { list };
    const char    *name;
    const json_t  *token;

    token = data;
    name = json_string_value(json_object_get(token, "name"));

    if (tokens_named(&t, name)) {
        return error_set(error, STATUS_FAILED, "token",
                         "give another name, or revoke that one first",
                         "there is a token \"%.64s\"", name);
    }

    return json_array_append(list, (json_t *) token) == 0
           ? STATUS_DONE : error_no_memory(error);
}


static int
tokens_end(json_t *list, const void *data, error_info_t *error)
{
    tokens_t                t = { list };
    const json_t           *token;
    const tokens_revoke_t  *revoke;

    revoke = data;
    token = tokens_named(&t, revoke->name);

    return token == NULL
           || json_object_set_new((json_t *) token, "revoked",
                                  json_integer((json_int_t) revoke->now)) == 0
           ? STATUS_DONE : error_no_memory(error);
}


static int
tokens_note(json_t *list, const void *data, error_info_t *error)
{
    tokens_t       t = { list };
    const json_t  *token;

    token = tokens_to_revoke(&t, data);

    return token == NULL || json_object_get(token, "revoked") == NULL
           || json_object_set_new((json_t *) token, "noted", json_true()) == 0
           ? STATUS_DONE : error_no_memory(error);
}


static int
tokens_write(const char *path, json_t *list, error_info_t *error)
{
    int         failed;
    json_t     *all;
    outfile_t   out;

    all = json_pack("{s:O}", "tokens", list);

    if (all == NULL) {
        return error_no_memory(error);
    }

    if (outfile_begin(&out, path, OUTFILE_REPLACE) != 0) {
        json_decref(all);
        return tokens_failed(path, error);
    }

    failed = json_dumpf(all, out.f, JSON_INDENT(1)) != 0
             || tokens_owner(fileno(out.f), path) != 0;
    json_decref(all);

    return (failed ? outfile_abort(&out) : outfile_commit(&out)) == 0
           ? STATUS_DONE : tokens_failed(path, error);
}


/* The group of the directory may read it: paylock-writer. */

static int
tokens_owner(int fd, const char *path)
{
    char         dir[PATH_MAX];
    struct stat  st;

    (void) strncpy(dir, path, sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';

    return stat(dirname(dir), &st) == 0
           && fchown(fd, (uid_t) -1, st.st_gid) == 0
           ? fchmod(fd, 0640) : -1;
}


int
tokens_failed(const char *path, error_info_t *error)
{
    return error_set(error, STATUS_FAILED, "tokens",
                     errno == EACCES || errno == EPERM
                     ? "run this as root"
                     : errno == ENOENT
                       ? "install the package paylockd, or name the file by "
                         "the setting \"tokens\"" : NULL,
                     "cannot write \"%.1000s\": %s", path, strerror(errno));
}
