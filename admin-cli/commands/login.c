
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "login": a link for a session, which paylock-writer has.
 */


#include <stdio.h>
#include <string.h>

#include "access/role.h"
#include "access/tokens.h"
#include "cli/output.h"
#include "cli/token_note.h"
#include "cli/writer_ask.h"
#include "commands.h"
#include "paylock_audit.h"


#define LOGIN_URL     1000             /* bytes */
#define LOGIN_REASON  200


static int login_url(admin_t *a);
static int login_is_local(const char *url);
static const char *login_role(const admin_t *a);
static json_t *login_command(admin_t *a, const char *sha256, uint64_t entry);
static int login_link(admin_t *a, char secret[TOKEN_TEXT]);
static int login_print(admin_t *a, const char *secret, const head_t *head,
    const json_t *said);


int
login_check(admin_t *a)
{
    if (role_named(login_role(a)) == NULL) {
        return error_set(&a->ctl->error, STATUS_USAGE, "role",
                         "give viewer, who may look at all, or operator, who "
                         "may change all",
                         "\"%.100s\" of --role is no role", login_role(a));
    }

    return a->opt[OPT_QUIET]
           ? error_set(&a->ctl->error, STATUS_USAGE, "option", "leave it out",
                       "with --quiet nobody would see the link")
           : STATUS_DONE;
}


/* That there is a writer is known before the entry is written. */

int
cmd_login(admin_t *a)
{
    int      status;
    char     secret[TOKEN_TEXT];
    json_t  *said;

    if (login_url(a) != STATUS_DONE
        || writer_ask(a, login_command(a, NULL, 0), &said) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    json_decref(said);
    status = login_link(a, secret);
    explicit_bzero(secret, sizeof(secret));

    return status;
}


/* The cookie of a session is sent with https only, or to this machine. */

static int
login_url(admin_t *a)
{
    size_t       i, len;
    const char  *url;

    url = a->ctl->settings.value[SET_PANEL];

    if (url == NULL) {
        return error_set(&a->ctl->error, STATUS_USAGE, "url",
                         "give --url https://panel.example/paylock/, or put it "
                         "into the settings as \"panel\"",
                         "where the panel is, is not known");
    }

    len = strlen(url);

    for (i = 0; i < len && url[i] > ' ' && url[i] < 0x7f
                && strchr("\"#<>\\^`{|}", url[i]) == NULL; i++)
    {
        /* void */
    }

    return i == len && len <= LOGIN_URL
           && ((strncmp(url, "https://", 8) == 0 && len > 8)
               || login_is_local(url))
           ? STATUS_DONE
           : error_set(&a->ctl->error, STATUS_USAGE, "url",
                       "give it as https://panel.example/paylock/",
                       "\"%.200s\" is no address of a panel", url);
}


static int
login_is_local(const char *url)
{
    size_t       len;
    const char  *host;

    if (strncmp(url, "http://", 7) != 0) {
        return 0;
    }

    host = url + 7;
    len = strcspn(host, ":/?");

    return len >= 9 && memcmp(host + len - 9, "localhost", 9) == 0
           && (len == 9 || host[len - 10] == '.');
}


static const char *
login_role(const admin_t *a)
{
    return a->opt[OPT_ROLE] ? a->opt[OPT_ROLE] : "viewer";
}


static json_t *
login_command(admin_t *a, const char *sha256, uint64_t entry)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:b}", "command", "session link",
                     "role", login_role(a), "sha256", sha256 ? sha256 : "",
                     "entry", (json_int_t) entry, "dry_run", sha256 == NULL);
}


static int
login_link(admin_t *a, char secret[TOKEN_TEXT])
{
    int      status;
    char     sha256[PAYLOCK_HASH_LEN + 1], reason[LOGIN_REASON];
    head_t   head;
    json_t  *said;

    if (token_make(secret, sha256) != 0) {
        return control_no_crypto(a->ctl);
    }

    (void) snprintf(reason, sizeof(reason), "a link for one session of the "
                    "role %s; the link is good for %d minutes, the session "
                    "for %d hours",
                    login_role(a), ROLE_LINK / 60, ROLE_SESSION / 3600);

    status = token_note(a, "token-create", ROLE_REFERENCE, reason, &head);

    if (status != STATUS_DONE) {
        return status;
    }

    if (a->ctl->dry_run) {
        return login_print(a, NULL, &head, NULL);
    }

    a->done = "the entry is written";
    status = writer_ask(a, login_command(a, sha256, head.seq), &said);

    if (status == STATUS_DONE) {
        status = login_print(a, secret, &head, said);
        json_decref(said);
    }

    return status;
}


static int
login_print(admin_t *a, const char *secret, const head_t *head,
    const json_t *said)
{
    int      status;
    char     url[LOGIN_URL + TOKEN_TEXT + sizeof("#login=")];
    json_t  *expires;

    if (secret == NULL) {

        if (output_is_text(a)) {
            (void) printf("a link for the role %s would be made\n",
                          login_role(a));
        }

        return output_print_json(a, json_pack("{s:s, s:b}", "role",
                                              login_role(a), "dry_run", 1));
    }

    (void) snprintf(url, sizeof(url), "%s#login=%s",
                    a->ctl->settings.value[SET_PANEL], secret);

    if (output_is_text(a)) {
        (void) puts(url);
    }

    expires = json_object_get(said, "expires");
    status = output_print_json(a, json_pack("{s:s, s:s, s:O, s:I}",
                                            "url", url, "role", login_role(a),
                                            "expires", expires,
                                            "seq", (json_int_t) head->seq));
    explicit_bzero(url, sizeof(url));

    return status;
}
