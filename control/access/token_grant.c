
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/token_grant.h"
#include "base/time_text.h"
#include "records/host_name.h"


#define GRANT_LIST  100                /* members, at most */


/* Adds a member of a list, in its right form.  Returns a status. */

typedef int (*grant_add_pt)(json_t *list, const char *text,
    error_info_t *error);


static int grant_list(json_t *token, const char *name, const char *text,
    grant_add_pt add, error_info_t *error);
static int grant_scope(json_t *list, const char *text, error_info_t *error);
static int grant_hold(json_t *list, const char *text, error_info_t *error);
static int grant_host(json_t *list, const char *text, error_info_t *error);
static int grant_network(json_t *list, const char *text, error_info_t *error);
static int grant_put(json_t *list, const char *text, error_info_t *error);
static void token_text_list(FILE *f, const json_t *token, const char *name,
    const char *label);


int
token_grant(const token_grant_t *grant, json_t **token, error_info_t *error)
{
    json_t      *t;
    const char  *why;

    why = token_name_check(grant->name);

    if (why) {
        return error_set(error, STATUS_USAGE, "token",
                         "give a short one, such as whmcs",
                         "the name \"%.100s\" %s", grant->name, why);
    }

    if (grant->expires && grant->expires <= grant->now) {
        return error_set(error, STATUS_USAGE, "time",
                         "give --expires a later time than now",
                         "the time of --expires has passed");
    }

    t = json_pack("{s:s, s:I}", "name", grant->name, "created",
                  (json_int_t) grant->now);

    if (t && grant->expires) {
        (void) json_object_set_new(t, "expires",
                                   json_integer((json_int_t) grant->expires));
    }

    if (t == NULL) {
        return error_no_memory(error);
    }

    if (grant_list(t, "allow", grant->allow, grant_scope, error) != STATUS_DONE
        || grant_list(t, "holds", grant->holds ? grant->holds : "billing",
                      grant_hold, error) != STATUS_DONE
        || grant_list(t, "hosts", grant->hosts, grant_host, error)
           != STATUS_DONE
        || grant_list(t, "ip", grant->ip, grant_network, error) != STATUS_DONE)
    {
        json_decref(t);
        return error->status;
    }

    if (json_array_size(json_object_get(t, "allow")) == 0) {
        json_decref(t);
        return error_set(error, STATUS_USAGE, "scope",
                         "give --allow, such as read,lock,unlock",
                         "what the token is to allow is not said");
    }

    *token = t;

    return STATUS_DONE;
}


static int
grant_list(json_t *token, const char *name, const char *text,
    grant_add_pt add, error_info_t *error)
{
    int      status;
    char    *copy, *p, *member;
    json_t  *list;

    list = json_array();
    copy = strdup(text ? text : "");
    status = list && copy && json_object_set_new(token, name, list) == 0
             ? STATUS_DONE : error_no_memory(error);

    for (p = copy; text && status == STATUS_DONE
                   && (member = strsep(&p, ",")) != NULL; )
    {
        status = json_array_size(list) < GRANT_LIST
                 ? add(list, member, error)
                 : error_set(error, STATUS_USAGE, "token",
                             "make several tokens",
                             "a list has more than %d members", GRANT_LIST);
    }

    free(copy);

    return status;
}


static int
grant_scope(json_t *list, const char *text, error_info_t *error)
{
    char  mend[200];

    if (token_is_scope(text)) {
        return grant_put(list, text, error);
    }

    (void) snprintf(mend, sizeof(mend), "there are %s", token_scopes_text);

    return error_set(error, STATUS_USAGE, "scope", mend,
                     "\"%.100s\" of --allow is nothing that a token can allow",
                     text);
}


static int
grant_hold(json_t *list, const char *text, error_info_t *error)
{
    return token_is_hold(text)
           ? grant_put(list, text, error)
           : error_set(error, STATUS_USAGE, "hold",
                       "there are billing, abuse, legal and admin",
                       "\"%.100s\" of --hold is no hold", text);
}


static int
grant_host(json_t *list, const char *text, error_info_t *error)
{
    int    status;
    char  *name;

    status = host_name_read(error, text, &name);

    if (status == STATUS_DONE) {
        status = grant_put(list, name, error);
        free(name);
    }

    return status;
}


static int
grant_network(json_t *list, const char *text, error_info_t *error)
{
    return token_is_network(text)
           ? grant_put(list, text, error)
           : error_set(error, STATUS_USAGE, "address",
                       "give it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32",
                       "\"%.100s\" of --ip is no address", text);
}


static int
grant_put(json_t *list, const char *text, error_info_t *error)
{
    return json_array_append_new(list, json_string(text)) == 0
           ? STATUS_DONE : error_no_memory(error);
}


char *
token_text(const json_t *token)
{
    char      *text, when[TIME_TEXT];
    FILE      *f;
    size_t     size;
    uint32_t   expires;

    f = open_memstream(&text, &size);

    if (f == NULL) {
        return NULL;
    }

    token_text_list(f, token, "allow", "allows ");
    token_text_list(f, token, "holds", "; holds ");
    token_text_list(f, token, "hosts", "; hosts ");
    token_text_list(f, token, "ip", "; from ");

    expires = (uint32_t) json_integer_value(json_object_get(token, "expires"));

    if (expires) {
        time_utc(expires, when);
        (void) fprintf(f, "; until %s", when);
    }

    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }

    return text;
}


static void
token_text_list(FILE *f, const json_t *token, const char *name,
    const char *label)
{
    size_t         i;
    const json_t  *member;

    json_array_foreach(json_object_get(token, name), i, member) {
        (void) fprintf(f, "%s%s", i ? "," : label, json_string_value(member));
    }
}
