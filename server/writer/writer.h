
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock-writer: carries out changes for paylockd, with a key that paylockd
 * cannot read.  Each command comes with the credential of whoever asked for it,
 * which is checked here.  docs/api.md, "Commands of the writer", has the form
 * of commands and answers.
 */


#ifndef _WRITER_H_INCLUDED_
#define _WRITER_H_INCLUDED_


#include <pthread.h>
#include <stdint.h>

#include <jansson.h>

#include "access/role.h"
#include "change/request.h"
#include "context/control.h"


#define WRITER_HOSTS    1000           /* of one command, at most */
#define WRITER_ACTOR    80             /* bytes, "token:" and a name, … */


typedef struct {
    const char       *config;          /* path of the settings */
    const char       *tokens;
    const char       *pass_key;        /* keys of passes; NULL: none */
    size_t            budget;          /* hosts closed by a token in an hour */
    pthread_mutex_t   turn;            /* one change at a time */
} writer_t;


/* Who asks, as far as the credential says: a token, or a session. */

typedef struct {
    char           actor[WRITER_ACTOR];
    char           keys[WRITER_ACTOR]; /* before each Idempotency-Key */
    const role_t  *role;               /* of a session; NULL: a token */
    uint32_t       expires;            /* Unix seconds; 0: never */
    json_t        *allow;              /* borrowed … */
    json_t        *hosts;
    json_t        *token;              /* … from here, owned */
} caller_t;


/*
 * command.c: checks a command and carries it out; trusted: it is from root or
 * from the writer's own user, not from paylockd.  Returns the answer, a new
 * object: "status" as of HTTP, "body" or "error"; NULL: out of memory.
 */

json_t *command_run(writer_t *w, const json_t *command, int trusted);

/*
 * credential.c: who is it, and may they do that?  host may be NULL.  Returns a
 * status; the caller calls caller_free() in any case.
 */

int credential_check(const writer_t *w, const json_t *command,
    const char *scope, char **host, size_t n, caller_t *caller,
    error_info_t *error);

/* Does what this scope allows set or lift a hold, and so may close sites? */

int credential_sets_hold(const char *scope);

/* Does the credential allow this scope, too? */

int caller_allows(const caller_t *caller, const char *scope);

void caller_free(caller_t *caller);

/*
 * session_command.c: makes a link ("link"), makes a session by a link
 * ("begin"), ends one ("end") or all ("end all").  *body is set if a status is
 * returned.
 */

int session_command(const json_t *command, const char *name, int trusted,
    error_info_t *error, json_t **body);

/*
 * change.c: carries out a change; sets *body, or the error and the request id,
 * which is empty if none was used.  Returns a status.
 */

int change_command(writer_t *w, const json_t *command, const char *name,
    error_info_t *error, char request[REQUEST_ID + 1], json_t **body);

/*
 * budget.c: how many hosts may the actor still close, and notes that it has
 * closed n.  The caller has the turn.
 */

size_t budget_left(const writer_t *w, const char *actor);
void budget_take(const char *actor, size_t n);

/* answer.c */

json_t *answer_body(json_t *body);
json_t *answer_error(const error_info_t *error, const char *request);


#endif /* _WRITER_H_INCLUDED_ */
