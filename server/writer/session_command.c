
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The commands of the writer for links and sessions.
 */


#include <string.h>

#include "base/time_text.h"
#include "writer/sessions.h"
#include "writer/writer.h"


typedef int (*session_command_pt)(const json_t *command,
    error_info_t *error, json_t **body);


static int session_link(const json_t *command, error_info_t *error,
    json_t **body);
static int session_begin(const json_t *command, error_info_t *error,
    json_t **body);
static int session_end(const json_t *command, error_info_t *error,
    json_t **body);
static int session_end_all(const json_t *command, error_info_t *error,
    json_t **body);
static int session_many(error_info_t *error);
static json_t *session_json(const session_t *s);
static const char *session_text(const json_t *command, const char *name);


/* Only a person on this machine makes links, and ends what others began. */

static const struct {
    const char          *name;
    int                  trusted;
    session_command_pt   run;
} session_commands[] = {
    { "link", 1, session_link },
    { "begin", 0, session_begin },
    { "end", 0, session_end },
    { "end all", 1, session_end_all },
    { NULL, 0, NULL }
};


int
session_command(const json_t *command, const char *name, int trusted,
    error_info_t *error, json_t **body)
{
    size_t  i;

    for (i = 0; session_commands[i].name; i++) {

        if (strcmp(name, session_commands[i].name) != 0) {
            continue;
        }

        return trusted || !session_commands[i].trusted
               ? session_commands[i].run(command, error, body)
               : error_set(error, STATUS_FAILED, "forbidden",
                           "run \"paylock-admin login\" as root",
                           "paylockd may not \"session %s\"", name);
    }

    return error_set(error, STATUS_FAILED, "command", NULL,
                     "there is no command \"session %.40s\"", name);
}


/* The secret stays with the one who has made it: this is its SHA-256. */

static int
session_link(const json_t *command, error_info_t *error, json_t **body)
{
    session_t    s;
    json_int_t   entry;
    const char  *sha256;

    memset(&s, 0, sizeof(session_t));

    s.role = role_named(session_text(command, "role"));
    sha256 = session_text(command, "sha256");
    entry = json_integer_value(json_object_get(command, "entry"));
    s.entry = (uint64_t) entry;

    if (s.role == NULL) {
        return error_set(error, STATUS_USAGE, "role",
                         "there are viewer and operator",
                         "what a session is to allow is not said");
    }

    if (json_is_true(json_object_get(command, "dry_run"))) {
        *body = json_pack("{s:s}", "role", s.role->name);
        return sessions_room() ? STATUS_DONE : session_many(error);
    }

    if (strspn(sha256, "0123456789abcdef") != PAYLOCK_HASH_LEN
        || sha256[PAYLOCK_HASH_LEN] || entry < 1)
    {
        return error_set(error, STATUS_USAGE, "member", NULL,
                         "a link needs its \"sha256\", and the number of its "
                         "\"entry\"");
    }

    if (sessions_put(sha256, &s) != 0) {
        return session_many(error);
    }

    *body = session_json(&s);

    return STATUS_DONE;
}


static int
session_many(error_info_t *error)
{
    return error_set(error, STATUS_FAILED, "many",
                     "\"paylock-admin login revoke\" ends them all",
                     "there are too many links and sessions");
}


static int
session_begin(const json_t *command, error_info_t *error, json_t **body)
{
    int         rc;
    char        secret[TOKEN_TEXT];
    session_t   s;

    rc = sessions_begin(session_text(command, "link"), secret, &s);

    if (rc == 0) {
        return error_set(error, STATUS_FAILED, "unauthorized",
                         "\"paylock-admin login\" makes another one",
                         "the link was used, has expired or is not known");
    }

    if (rc == -1) {
        return error_set(error, STATUS_FAILED, "crypto",
                         "\"paylock-admin login\" makes another link",
                         "OpenSSL makes no random number");
    }

    *body = session_json(&s);

    if (*body) {
        (void) json_object_set_new(*body, "session", json_string(secret));
    }

    explicit_bzero(secret, sizeof(secret));

    return STATUS_DONE;
}


static int
session_end(const json_t *command, error_info_t *error, json_t **body)
{
    if (!sessions_end(session_text(command, "session"))) {
        return error_set(error, STATUS_FAILED, "unauthorized",
                         "there is nothing to do",
                         "the session has ended, or is not known");
    }

    *body = json_pack("{s:i}", "ended", 1);

    return STATUS_DONE;
}


static int
session_end_all(const json_t *command, error_info_t *error, json_t **body)
{
    int  dry_run;

    (void) error;
    dry_run = json_is_true(json_object_get(command, "dry_run"));

    *body = json_pack("{s:I}", "ended", (json_int_t) sessions_all(!dry_run));

    return STATUS_DONE;
}


static json_t *
session_json(const session_t *s)
{
    char  when[TIME_TEXT];

    time_utc(s->expires, when);

    return json_pack("{s:s, s:s}", "role", s->role->name, "expires", when);
}


static const char *
session_text(const json_t *command, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(command, name));

    return text ? text : "";
}
