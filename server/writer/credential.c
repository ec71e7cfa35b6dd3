
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "access/tokens.h"
#include "writer/sessions.h"
#include "writer/writer.h"


static const char *credential_hold(const json_t *command, const char *scope);
static int credential_session(const json_t *command, const char *scope,
    caller_t *caller, error_info_t *error);
static void credential_token(caller_t *caller, const json_t *token);


int
credential_check(const writer_t *w, const json_t *command,
    const char *scope, char **host, size_t n, caller_t *caller,
    error_info_t *error)
{
    int            status;
    tokens_t       t;
    token_use_t    use;
    const char    *text, *address;
    const json_t  *token;

    memset(caller, 0, sizeof(caller_t));

    if (json_object_get(command, "session")) {
        return credential_session(command, scope, caller, error);
    }

    text = json_string_value(json_object_get(command, "token"));
    address = json_string_value(json_object_get(command, "address"));

    memset(&use, 0, sizeof(token_use_t));
    use.scope = scope;
    use.hold = credential_hold(command, scope);
    use.host = host;
    use.n = n;
    use.address = address ? address : "";
    use.now = (uint32_t) time(NULL);

    status = tokens_load(&t, w->tokens, error);

    if (status != STATUS_DONE) {
        tokens_free(&t);
        return status;
    }

    token = text ? tokens_find(&t, text) : NULL;

    if (token == NULL) {
        tokens_free(&t);
        return error_set(error, STATUS_FAILED, "unauthorized",
                         "send \"Authorization: Bearer\" and a token of "
                         "\"paylock-admin token create\"",
                         text ? "the token is not known" : "there is no token");
    }

    status = token_check(token, &use, error);

    if (status == STATUS_DONE) {
        credential_token(caller, token);
    }

    tokens_free(&t);

    return status;
}


/* A record has one hold. */

static const char *
credential_hold(const json_t *command, const char *scope)
{
    const char  *hold;

    hold = json_string_value(json_object_get(command, "hold"));

    return hold == NULL && credential_sets_hold(scope) ? "billing" : hold;
}


int
credential_sets_hold(const char *scope)
{
    static const char *const  scopes[] = {
        "lock", "unlock", "reset", "import", NULL
    };

    return token_is_listed(scopes, scope);
}


static void
credential_token(caller_t *caller, const json_t *token)
{
    const char  *name;

    caller->token = json_incref((json_t *) token);
    caller->allow = json_object_get(token, "allow");
    caller->hosts = json_object_get(token, "hosts");
    caller->expires = (uint32_t) json_integer_value(json_object_get(token,
                                                                 "expires"));

    name = json_string_value(json_object_get(token, "name"));
    (void) snprintf(caller->actor, sizeof(caller->actor), "token:%s", name);
    (void) snprintf(caller->keys, sizeof(caller->keys), "%s", name);
}


/*
 * The actor names the entry by which somebody with a key has made the link: no
 * more can be proved.  No token has a name with a slash.
 */

static int
credential_session(const json_t *command, const char *scope,
    caller_t *caller, error_info_t *error)
{
    int          used;
    session_t    s;
    const char  *secret;

    secret = json_string_value(json_object_get(command, "session"));
    used = !json_is_true(json_object_get(command, "background"));

    if (secret == NULL || !sessions_find(secret, used, &s)) {
        return error_set(error, STATUS_FAILED, "unauthorized",
                         "\"paylock-admin login\" makes a link for another "
                         "one",
                         "the session has ended, or is not known");
    }

    if (!role_allows(s.role, scope)) {
        return error_set(error, STATUS_FAILED, "forbidden",
                         "make a link with --role operator",
                         "the session is that of a %s, who may not \"%.20s\"",
                         s.role->name, scope);
    }

    caller->token = json_pack("{s:o, s:[]}", "allow", role_scopes(s.role),
                              "hosts");
    caller->allow = json_object_get(caller->token, "allow");
    caller->hosts = json_object_get(caller->token, "hosts");
    caller->role = s.role;
    caller->expires = s.expires;

    (void) snprintf(caller->actor, sizeof(caller->actor),
                    "session:%" PRIu64, s.entry);
    (void) snprintf(caller->keys, sizeof(caller->keys),
                    "session/%" PRIu64, s.entry);

    return caller->token ? STATUS_DONE : error_no_memory(error);
}


int
caller_allows(const caller_t *caller, const char *scope)
{
    size_t         i;
    const char    *text;
    const json_t  *member;

    json_array_foreach(caller->allow, i, member) {
        text = json_string_value(member);

        if (text && strcmp(text, scope) == 0) {
            return 1;
        }
    }

    return 0;
}


void
caller_free(caller_t *caller)
{
    json_decref(caller->token);
    memset(caller, 0, sizeof(caller_t));
}
