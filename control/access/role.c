
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "access/role.h"
#include "access/tokens.h"


static const char *const  role_viewer[] = { "read", "audit", NULL };

const role_t  roles[] = {
    { "viewer", role_viewer },
    { "operator", token_scopes },
    { NULL, NULL }
};


const role_t *
role_named(const char *name)
{
    const role_t  *role;

    for (role = roles; role->name; role++) {
        if (strcmp(role->name, name) == 0) {
            return role;
        }
    }

    return NULL;
}


int
role_allows(const role_t *role, const char *scope)
{
    return token_is_listed(role->scopes, scope);
}


json_t *
role_scopes(const role_t *role)
{
    json_t             *list;
    const char *const  *scope;

    list = json_array();

    for (scope = role->scopes; list && *scope; scope++) {
        if (json_array_append_new(list, json_string(*scope)) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}
