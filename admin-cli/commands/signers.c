
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/output.h"
#include "cli/table.h"
#include "commands.h"
#include "context/signers_write.h"


#define SIGNERS_MAY  160               /* bytes for all actions */


static void signers_own(admin_t *a);
static void signers_warn(const admin_t *a);
static void signers_warn_own(const admin_t *a);
static int signers_none(admin_t *a);
static int signers_print(admin_t *a);
static int signers_row(const admin_t *a, table_t *c,
    const paylock_signer_t *signer);
static json_t *signers_json(const admin_t *a);
static json_t *signers_json_signer(const admin_t *a,
    const paylock_signer_t *signer);
static json_t *signers_json_entry(const paylock_pin_t *pin);
static json_t *signers_json_may(const paylock_signer_t *signer);
static int signers_you(const admin_t *a, const paylock_signer_t *signer);
static void signers_may(const paylock_signer_t *signer,
    char text[SIGNERS_MAY]);


int
cmd_signers(admin_t *a)
{
    signers_own(a);

    if (a->ctl->signers.path == NULL) {
        return signers_none(a);
    }

    signers_warn(a);

    if (output_is_text(a) && signers_print(a) != 0) {
        return control_no_memory(a->ctl);
    }

    return output_print_json(a, signers_json(a));
}


/* Who has a key with a passphrase is not asked for it only to list. */

static void
signers_own(admin_t *a)
{
    error_info_t  error;

    memset(&error, 0, sizeof(error_info_t));

    if (signer_load(&a->ctl->signer, &a->ctl->settings, NULL, NULL, &error)
        != STATUS_DONE)
    {
        control_warn(a->ctl, error.code, "", error.mend,
                     "your own line is not marked: %.1500s", error.message);
    }
}


static void
signers_warn(const admin_t *a)
{
    size_t                    i, counts, adopts;
    const paylock_signers_t  *list;

    list = &a->ctl->signers.list;
    counts = 0;
    adopts = 0;

    for (i = 0; i < list->n; i++) {
        if (list->signer[i].until.seq == 0) {
            counts++;
            adopts += paylock_signer_may(&list->signer[i],
                                         paylock_string("adopt")) != 0;
        }
    }

    if (counts == 0) {
        control_warn(a->ctl, "signers", "", "add a signer without \"until\"",
                     "everybody is revoked: nothing can be changed any more");

    } else if (adopts == 0) {
        control_warn(a->ctl, "signers", "", "add a signer without \"may\", or "
                     "add \"adopt\" to the \"may\" of one",
                     "nobody may adopt: after a loss of data nothing could "
                     "be changed any more");
    }

    signers_warn_own(a);
}


static void
signers_warn_own(const admin_t *a)
{
    char                     mend[PAYLOCK_KEY_LEN + 200];
    const char              *own;
    const paylock_signer_t  *signer;

    own = a->ctl->signer.public;

    if (a->ctl->signer.key == NULL) {
        return;
    }

    signer = paylock_signers_find(&a->ctl->signers.list, own);

    if (signer == NULL) {
        (void) snprintf(mend, sizeof(mend), "have a line with your name and "
                        "%s added, here and on every other machine", own);

        control_warn(a->ctl, "signers", "", mend,
                     "your key is not in \"%.1000s\": what you sign does not "
                     "count", a->ctl->signers.path);

    } else if (signer->until.seq) {
        control_warn(a->ctl, "signers", "", "make another key with "
                     "\"paylock-admin keygen FILE\", and have it added",
                     "your key is revoked: what you sign after entry %" PRIu64
                     " does not count", signer->until.seq);
    }
}


static int
signers_none(admin_t *a)
{
    control_warn(a->ctl, "signers", "", "\"paylock-admin keygen\" begins one "
                 "with your key; name one that is elsewhere with --signers",
                 "there is no signers file: what Redis says is in force, "
                 "whoever wrote it");

    return output_print_json(a, signers_json(a));
}


static int
signers_print(admin_t *a)
{
    int                       status;
    char                      pin[SIGNERS_PIN];
    size_t                    i;
    table_t                   c;
    const paylock_signers_t  *list;

    static const column_t  columns[] = {
        { "signer", 8, NULL },
        { "", 0, NULL },
        { "from", 0, NULL },
        { "until", 0, NULL },
        { "key", 9, NULL },
        { "may", 9, NULL }
    };

    memset(&c, 0, sizeof(table_t));
    c.column = columns;
    c.n = sizeof(columns) / sizeof(columns[0]);

    list = &a->ctl->signers.list;
    status = 0;

    for (i = 0; i < list->n && status == 0; i++) {
        status = signers_row(a, &c, &list->signer[i]);
    }

    if (status == 0) {
        text_print(stdout, a->ctl->signers.path,
                   strlen(a->ctl->signers.path));
        (void) printf(", realm %s\n\n", a->ctl->settings.realm);
        table_print(&c, stdout, output_colours());

        for (i = 0; i < list->n_pins; i++) {
            signers_pin_text(&list->pin[i], pin);
            (void) printf("%spin %s\n", i ? "" : "\n", pin);
        }
    }

    table_free(&c);

    return status;
}


static int
signers_row(const admin_t *a, table_t *c, const paylock_signer_t *signer)
{
    char  from[24], until[24], may[SIGNERS_MAY];

    from[0] = '\0';
    until[0] = '\0';

    if (signer->from) {
        (void) snprintf(from, sizeof(from), "%" PRIu64, signer->from);
    }

    if (signer->until.seq) {
        (void) snprintf(until, sizeof(until), "%" PRIu64, signer->until.seq);
    }

    signers_may(signer, may);

    return table_add(c, strdup(signer->name)) == 0
           && table_add(c, strdup(signers_you(a, signer) ? "you" : "")) == 0
           && table_add(c, strdup(from)) == 0
           && table_add(c, strdup(until)) == 0
           && table_add(c, strdup(signer->key)) == 0
           && table_add(c, strdup(may)) == 0 ? 0 : -1;
}


static json_t *
signers_json(const admin_t *a)
{
    size_t            i;
    json_t           *signers, *pins;
    const signers_t  *s;

    s = &a->ctl->signers;
    signers = json_array();
    pins = json_array();

    for (i = 0; i < s->list.n; i++) {
        (void) json_array_append_new(signers,
                                     signers_json_signer(a,
                                                    &s->list.signer[i]));
    }

    for (i = 0; i < s->list.n_pins; i++) {
        (void) json_array_append_new(pins,
                                     signers_json_entry(&s->list.pin[i]));
    }

    return json_pack("{s:o, s:s?, s:s, s:o, s:o}",
                     "file", s->path ? text_json(s->path, strlen(s->path))
                                     : json_null(),
                     "sha256", s->path ? s->digest : NULL,
                     "realm", a->ctl->settings.realm,
                     "signers", signers, "pins", pins);
}


static json_t *
signers_json_signer(const admin_t *a, const paylock_signer_t *signer)
{
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "name", signer->name,
                     "key", signer->key, "you", signers_you(a, signer),
                     "from", number_json(signer->from),
                     "until", signers_json_entry(&signer->until),
                     "may", signers_json_may(signer));
}


static json_t *
signers_json_entry(const paylock_pin_t *pin)
{
    return pin->seq ? json_pack("{s:I, s:s, s:s?}", "seq",
                                (json_int_t) pin->seq, "hash", pin->hash,
                                "chain", pin->chain[0] ? pin->chain : NULL)
                    : json_null();
}


/* JSON null: everything. */

static json_t *
signers_json_may(const paylock_signer_t *signer)
{
    size_t   i;
    json_t  *actions;

    if (signer->may == 0) {
        return json_null();
    }

    actions = json_array();

    for (i = 0; paylock_signer_actions[i]; i++) {
        if (signer->may & 1u << i) {
            (void) json_array_append_new(actions,
                                     json_string(paylock_signer_actions[i]));
        }
    }

    return actions;
}


static int
signers_you(const admin_t *a, const paylock_signer_t *signer)
{
    return a->ctl->signer.key
           && strcmp(signer->key, a->ctl->signer.public) == 0;
}


/* As it is written in the file; empty: everything. */

static void
signers_may(const paylock_signer_t *signer, char text[SIGNERS_MAY])
{
    size_t  i, len;

    text[0] = '\0';

    for (i = 0, len = 0; paylock_signer_actions[i]; i++) {
        if (signer->may & 1u << i) {
            len += (size_t) snprintf(text + len, SIGNERS_MAY - len, "%s%s",
                                     len ? "," : "",
                                     paylock_signer_actions[i]);
        }
    }
}
