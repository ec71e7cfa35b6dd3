
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "change/request.h"
#include "files/digest.h"


static int request_text(const json_t *json, const char *name, char *text,
    size_t size);
static int request_number(const json_t *json, const char *name, uint64_t max,
    uint64_t *n);
static const char *request_members(request_t *r, const json_t *json);
static const char *request_entries(const request_t *r);
static int request_order(const void *a, const void *b);
static int request_write(FILE *f, const char *text);


const char *
request_load(request_t *r, const char *text)
{
    json_t      *json;
    const char  *why;

    memset(r, 0, sizeof(request_t));

    json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    why = json_is_object(json) ? request_members(r, json)
                               : "is no JSON object";
    json_decref(json);

    return why;
}


static const char *
request_members(request_t *r, const json_t *json)
{
    uint64_t       at;
    const json_t  *done;

    if (!request_number(json, "at", UINT32_MAX, &at)) {
        return "has no time \"at\"";
    }

    r->at = (uint32_t) at;

    if (!request_text(json, "action", r->action, REQUEST_ACTION)
        || !request_text(json, "host", r->host, REQUEST_HOST)
        || !request_number(json, "hosts", INT64_MAX, &r->hosts))
    {
        return "does not say what the id was used for";
    }

    if (!request_text(json, "digest", r->digest, sizeof(r->digest))
        || strspn(r->digest, "0123456789abcdef") != PAYLOCK_HASH_LEN)
    {
        return "has no SHA-256 \"digest\"";
    }

    done = json_object_get(json, "done");

    if (!request_number(json, "seq", INT64_MAX, &r->seq)
        || !request_number(json, "last", INT64_MAX, &r->last)
        || !request_number(json, "changed", INT64_MAX, &r->changed)
        || !json_is_boolean(done))
    {
        return "does not say what was done";
    }

    r->done = json_is_true(done);

    return request_entries(r);
}


static const char *
request_entries(const request_t *r)
{
    if (r->changed == 0) {
        return r->seq || r->last ? "has entries and no changes" : NULL;
    }

    return r->seq == 0 || r->last < r->seq || r->changed > r->hosts
           || r->changed - 1 > r->last - r->seq
           ? "has fewer entries than changes" : NULL;
}


static int
request_text(const json_t *json, const char *name, char *text, size_t size)
{
    size_t       len;
    const char  *s;

    s = json_string_value(json_object_get(json, name));
    len = s ? strlen(s) : 0;

    if (len == 0 || text_check(s, len, size - 1) != NULL) {
        return 0;
    }

    memcpy(text, s, len + 1);

    return 1;
}


static int
request_number(const json_t *json, const char *name, uint64_t max, uint64_t *n)
{
    json_int_t     value;
    const json_t  *member;

    member = json_object_get(json, name);
    value = json_integer_value(member);

    if (!json_is_integer(member) || value < 0 || (uint64_t) value > max) {
        return 0;
    }

    *n = (uint64_t) value;

    return 1;
}


char *
request_dump(const request_t *r)
{
    char    *text;
    json_t  *json;

    json = json_pack("{s:I, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:b}",
                     "at", (json_int_t) r->at,
                     "action", r->action,
                     "host", r->host,
                     "hosts", (json_int_t) r->hosts,
                     "digest", r->digest,
                     "seq", (json_int_t) r->seq,
                     "last", (json_int_t) r->last,
                     "changed", (json_int_t) r->changed,
                     "done", r->done);

    text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);

    return text;
}


int
request_expired(const request_t *r, uint32_t now)
{
    return now > r->at && now - r->at > REQUEST_KEPT;
}


/* Each part is preceded by its length, so that no two requests look alike. */

int
request_describe(request_t *r, const char *action, const char *arguments,
    char **host, size_t n)
{
    int      ok;
    char    *text, **sorted;
    FILE    *f;
    size_t   i, size;

    text = NULL;
    f = open_memstream(&text, &size);
    sorted = malloc((n + 1) * sizeof(char *));
    ok = f && sorted && request_write(f, action)
         && request_write(f, arguments ? arguments : "");

    if (ok) {
        memcpy(sorted, host, n * sizeof(char *));
        qsort(sorted, n, sizeof(char *), request_order);

        (void) snprintf(r->action, REQUEST_ACTION, "%s", action);
        (void) snprintf(r->host, REQUEST_HOST, "%s", n ? sorted[0] : "");
        r->hosts = n;
    }

    for (i = 0; ok && i < n; i++) {
        ok = request_write(f, sorted[i]);
    }

    ok = (f == NULL || fclose(f) == 0) && ok
         && digest_text(text, size, r->digest) == 0;

    free(text);
    free(sorted);

    return ok ? 0 : -1;
}


static int
request_order(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}


static int
request_write(FILE *f, const char *text)
{
    return fprintf(f, "%zu:%s,", strlen(text), text) > 0;
}
