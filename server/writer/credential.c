
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>
#include <time.h>

#include "access/tokens.h"
#include "writer/writer.h"


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

    text = json_string_value(json_object_get(command, "token"));
    address = json_string_value(json_object_get(command, "address"));

    memset(&use, 0, sizeof(token_use_t));
    use.scope = scope;
    use.hold = json_string_value(json_object_get(command, "hold"));
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
        caller->token = json_incref((json_t *) token);
        caller->allow = json_object_get(token, "allow");
        caller->hosts = json_object_get(token, "hosts");
        (void) snprintf(caller->actor, sizeof(caller->actor), "token:%s",
                        json_string_value(json_object_get(token, "name")));
    }

    tokens_free(&t);

    return status;
}


void
caller_free(caller_t *caller)
{
    json_decref(caller->token);
    memset(caller, 0, sizeof(caller_t));
}
