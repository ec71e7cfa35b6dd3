
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>

#include "change/audit_syslog.h"


#define JOURNAL_TEXT  1024             /* 200 bytes, each as \xHH, and more */


static const char *journal_text(const char *text, char safe[JOURNAL_TEXT]);


/* What anybody may have chosen comes last, and in quotes. */

void
journal(const admin_t *a, const head_t *at, const char *action,
    const char *host, const char *actor, const char *request)
{
    char  name[JOURNAL_TEXT], who[JOURNAL_TEXT], id[JOURNAL_TEXT];

    openlog("paylock-admin", LOG_PID, LOG_AUTHPRIV);

    syslog(LOG_NOTICE, "action=%s host=\"%s\" chain=%s seq=%" PRIu64
           " hash=%s key=%s actor=\"%s\" request=\"%s\"", action,
           journal_text(host, name), at->chain, at->seq, at->hash,
           a->signer.key ? a->signer.public : "unsigned",
           journal_text(actor, who), journal_text(request, id));
}


static const char *
journal_text(const char *text, char safe[JOURNAL_TEXT])
{
    char                 *p;
    const unsigned char  *c;

    p = safe;

    for (c = (const unsigned char *) text;
         *c && p < safe + JOURNAL_TEXT - sizeof("\\xHH"); c++)
    {
        if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\') {
            p += sprintf(p, "\\x%02x", *c);

        } else {
            *p++ = (char) *c;
        }
    }

    *p = '\0';

    return safe;
}
