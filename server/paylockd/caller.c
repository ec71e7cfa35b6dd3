
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Who asks, and may they?  paylock-writer knows.
 */


#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens.h"
#include "base/time_text.h"
#include "files/digest.h"
#include "paylockd/http.h"
#include "records/host_name.h"


#define CALLER_KEYS  256


/* Who was allowed what: the SHA-256 of the command, and of its credential. */

typedef struct {
    char       key[PAYLOCK_HASH_LEN + 1];
    char       who[PAYLOCK_HASH_LEN + 1];
    uint32_t   when;
    json_t    *caller;
} caller_kept_t;


static int caller_key(const json_t *command, char key[PAYLOCK_HASH_LEN + 1]);
static void caller_who(const json_t *command,
    char who[PAYLOCK_HASH_LEN + 1]);
static void caller_keep(const http_request_t *r, const json_t *command,
    const char *key);
static int caller_known(http_request_t *r, const char *key);
static int caller_expired(const json_t *caller, uint32_t now);


static pthread_mutex_t  caller_lock = PTHREAD_MUTEX_INITIALIZER;
static caller_kept_t    caller_kept[CALLER_KEYS];


int
caller_check(http_request_t *r)
{
    int      status, sent;
    char     key[PAYLOCK_HASH_LEN + 1];
    json_t  *command, *answer;

    command = writer_command(r, "check");

    if (command == NULL || caller_key(command, key) != 0) {
        json_decref(command);
        return http_error(r, 500, "memory", NULL, "out of memory");
    }

    answer = writer_call(r->server, command, &sent);

    /* a change would wait for the writer in vain */

    if (answer == NULL) {
        json_decref(command);
        return r->route->action ? writer_away(r) : caller_known(r, key);
    }

    status = writer_refused(r, answer);

    if (status == STATUS_DONE) {
        r->caller = json_incref(json_object_get(answer, "body"));
        caller_keep(r, command, key);

    } else if (r->status == 401) {
        caller_forget(command);
    }

    json_decref(command);
    json_decref(answer);

    return status;
}


int
caller_still(const server_t *s, const json_t *command)
{
    int      rc, sent;
    json_t  *answer;

    answer = writer_call(s, command, &sent);
    rc = answer == NULL ? -1 : json_object_get(answer, "error") == NULL;
    json_decref(answer);

    return rc;
}


int
caller_of_all(http_request_t *r)
{
    return json_array_size(json_object_get(r->caller, "hosts")) == 0
           ? STATUS_DONE
           : http_error(r, 403, "forbidden", "create one without --hosts",
                        "the token is not for all hosts");
}


int
caller_host(http_request_t *r, char **host)
{
    const char    *text;
    const json_t  *hosts;

    *host = NULL;
    text = http_query(r, "host");
    hosts = json_object_get(r->caller, "hosts");

    if (text && host_name_read(&r->error, text, host) != STATUS_DONE) {
        *host = NULL;
        r->status = 422;
        return r->error.status;
    }

    if (json_array_size(hosts) == 0 || (*host && token_covers(hosts, *host))) {
        return STATUS_DONE;
    }

    free(*host);
    *host = NULL;

    return http_error(r, 403, "forbidden", "name one of its hosts with "
                      "\"host\"", "the token is not for all hosts");
}


static int
caller_key(const json_t *command, char key[PAYLOCK_HASH_LEN + 1])
{
    int    rc;
    char  *text;

    text = json_dumps(command, JSON_COMPACT|JSON_SORT_KEYS);
    rc = text ? digest_text(text, strlen(text), key) : -1;

    if (text) {
        explicit_bzero(text, strlen(text));
    }

    free(text);

    return rc;
}


static void
caller_who(const json_t *command, char who[PAYLOCK_HASH_LEN + 1])
{
    const char  *text;

    text = json_string_value(json_object_get(command, "token"));

    if (text == NULL) {
        text = json_string_value(json_object_get(command, "session"));
    }

    if (text == NULL || digest_text(text, strlen(text), who) != 0) {
        who[0] = '\0';
    }
}


static void
caller_keep(const http_request_t *r, const json_t *command, const char *key)
{
    size_t          i;
    caller_kept_t  *oldest;

    (void) pthread_mutex_lock(&caller_lock);

    oldest = &caller_kept[0];

    for (i = 0; i < CALLER_KEYS; i++) {

        if (strcmp(caller_kept[i].key, key) == 0) {
            oldest = &caller_kept[i];
            break;
        }

        if (caller_kept[i].when < oldest->when) {
            oldest = &caller_kept[i];
        }
    }

    json_decref(oldest->caller);
    strcpy(oldest->key, key);
    caller_who(command, oldest->who);
    oldest->when = r->now;
    oldest->caller = json_deep_copy(r->caller);

    (void) pthread_mutex_unlock(&caller_lock);
}


void
caller_forget(const json_t *command)
{
    char    who[PAYLOCK_HASH_LEN + 1];
    size_t  i;

    caller_who(command, who);

    (void) pthread_mutex_lock(&caller_lock);

    for (i = 0; i < CALLER_KEYS; i++) {
        if (strcmp(caller_kept[i].who, who) == 0) {
            caller_kept[i].key[0] = '\0';
            caller_kept[i].when = 0;
        }
    }

    (void) pthread_mutex_unlock(&caller_lock);
}


static int
caller_known(http_request_t *r, const char *key)
{
    size_t  i;

    (void) pthread_mutex_lock(&caller_lock);

    for (i = 0; i < CALLER_KEYS; i++) {
        if (strcmp(caller_kept[i].key, key) == 0
            && caller_kept[i].when + CALLER_KEPT > r->now
            && !caller_expired(caller_kept[i].caller, r->now))
        {
            r->caller = json_deep_copy(caller_kept[i].caller);
        }
    }

    (void) pthread_mutex_unlock(&caller_lock);

    return r->caller ? STATUS_DONE : writer_away(r);
}


/* Texts of UTC are in the order of their times. */

static int
caller_expired(const json_t *caller, uint32_t now)
{
    char         text[TIME_TEXT];
    const char  *expires;

    time_utc(now, text);
    expires = json_string_value(json_object_get(caller, "expires"));

    return expires && strcmp(expires, text) <= 0;
}
