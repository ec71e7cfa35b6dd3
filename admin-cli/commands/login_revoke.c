
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "login revoke": ends all sessions, and refuses all links.
 */


#include <inttypes.h>
#include <stdio.h>

#include "access/role.h"
#include "cli/output.h"
#include "cli/token_note.h"
#include "cli/writer_ask.h"
#include "commands.h"


#define REVOKE_REASON  80


static int revoke_note(admin_t *a, json_int_t ended, head_t *head);
static int revoke_print(admin_t *a, json_int_t ended, const head_t *head);


/* They end at once; a trail that cannot be written does not prevent it. */

int
cmd_login_revoke(admin_t *a)
{
    int          status;
    head_t       head;
    json_t      *said;
    json_int_t   ended;

    status = writer_ask(a, json_pack("{s:s, s:b}", "command",
                                     "session end all", "dry_run",
                                     a->ctl->dry_run), &said);
    if (status != STATUS_DONE) {
        return status;
    }

    ended = json_integer_value(json_object_get(said, "ended"));
    json_decref(said);

    a->done = a->ctl->dry_run ? NULL
              : "all sessions are ended, and this says what is left to do";

    status = revoke_note(a, ended, &head);

    if (status == STATUS_DONE) {
        a->done = a->ctl->dry_run ? NULL : "the entry is written";
        status = revoke_print(a, ended, &head);
    }

    return status;
}


static int
revoke_note(admin_t *a, json_int_t ended, head_t *head)
{
    char  reason[REVOKE_REASON];

    (void) snprintf(reason, sizeof(reason), "all sessions and links, %"
                    JSON_INTEGER_FORMAT, ended);

    return token_note(a, "token-revoke", ROLE_REFERENCE, reason, head);
}


static int
revoke_print(admin_t *a, json_int_t ended, const head_t *head)
{
    if (output_is_text(a)) {
        (void) printf("%" JSON_INTEGER_FORMAT " sessions and links: %s", ended,
                      a->ctl->dry_run ? "would be ended" : "ended");

        if (!a->ctl->dry_run) {
            (void) printf(", entry %" PRIu64, head->seq);
        }

        (void) putchar('\n');
    }

    return output_print_json(a, json_pack("{s:I, s:o}", "ended", ended, "seq",
                                          a->ctl->dry_run ? json_null()
                                          : json_integer((json_int_t)
                                                         head->seq)));
}
