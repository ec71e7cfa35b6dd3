
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Tokens, by which programs use the API.  The file has a JSON object with the
 * member "tokens", an array of objects:
 *
 *     name     who has it
 *     sha256   of the token, in hex digits: the token itself is kept nowhere
 *     allow    array of scopes
 *     holds    array of holds that it may set and lift
 *     hosts    array of names as in Redis; none: all hosts
 *     ip       array of addresses and networks (RFC 4632); none: all
 *     created, expires, revoked   Unix seconds; not there: never
 *     noted    the trail has the entry of its revocation
 */


#ifndef _TOKENS_H_INCLUDED_
#define _TOKENS_H_INCLUDED_


#include <stdint.h>

#include <jansson.h>

#include "base/error.h"


#define TOKENS_FILE  "/var/lib/paylock/tokens"

#define TOKEN_NAME   64                /* bytes of a name, at most */
#define TOKEN_TEXT   sizeof("plk_0123456789abcdef0123456789abcdef"            \
                            "0123456789abcdef0123456789abcdef")


typedef struct {
    json_t  *list;
} tokens_t;


/*
 * Reads the file; one that is missing in its directory holds none.  Returns a
 * status.
 */

int tokens_load(tokens_t *t, const char *path, error_info_t *error);

void tokens_free(tokens_t *t);

/* Of that name and not revoked; of that text.  NULL: none. */

const json_t *tokens_named(const tokens_t *t, const char *name);
const json_t *tokens_find(const tokens_t *t, const char *text);

/* The first of these, or one whose revocation is not noted yet. */

const json_t *tokens_to_revoke(const tokens_t *t, const char *name);

/* Why is a name none for a token?  A static text; NULL: it is good. */

const char *token_name_check(const char *name);

/*
 * tokens_edit.c: add a token; revoke the one of a name; note that the entry of
 * its revocation is written.  The file is locked meanwhile, and replaced as a
 * whole.  Return a status.
 */

int tokens_add(const char *path, json_t *token, error_info_t *error);
int tokens_revoke(const char *path, const char *name, uint32_t now,
    error_info_t *error);
int tokens_noted(const char *path, const char *name, error_info_t *error);

/* Says by errno why the file cannot be written; returns a status. */

int tokens_failed(const char *path, error_info_t *error);

/* Makes a token, and its SHA-256 in hex digits.  Returns 0, or -1. */

int token_make(char text[TOKEN_TEXT], char *sha256);


/* token_json.c: what may be shown of a token: all but its SHA-256. */

json_t *token_json(const json_t *token);


/* token_check.c: what somebody wants to do with a token */

typedef struct {
    const char   *scope;
    const char   *hold;                /* NULL: no hold is set or lifted */
    char        **host;                /* as in Redis */
    size_t        n;
    const char   *address;             /* of the client; "": not known */
    uint32_t      now;                 /* Unix seconds */
} token_use_t;


/* Fails with the code of the reason if it may not.  Returns a status. */

int token_check(const json_t *token, const token_use_t *use,
    error_info_t *error);

/* Is the host one of these, or below one?  hosts is the member of a token. */

int token_covers(const json_t *hosts, const char *host);

/* Is it a scope, a hold, an address or network? */

int token_is_scope(const char *text);
int token_is_hold(const char *text);
int token_is_network(const char *text);

/* Is the text in a list that a NULL ends? */

int token_is_listed(const char *const *list, const char *text);

/* All scopes, NULL after the last, and for messages: "read, audit, …" */

extern const char *const  token_scopes[];
extern const char  token_scopes_text[];


#endif /* _TOKENS_H_INCLUDED_ */
