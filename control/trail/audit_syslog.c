
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "trail/audit_syslog.h"


#define SYSLOG_TEXT  1024              /* for 200 bytes, each as \xHH */


static const char *syslog_text(const char *text, char safe[SYSLOG_TEXT]);


/* Texts that users choose come last, and in quotes. */

void
audit_syslog(const control_t *ctl, const head_t *at, const char *action,
    const char *host, const char *actor, const char *request)
{
    char  name[SYSLOG_TEXT], by[SYSLOG_TEXT], id[SYSLOG_TEXT];

    /* without a syslog each call would be a refused connection */

    if (access(_PATH_LOG, F_OK) != 0) {
        return;
    }

    openlog(ctl->program, LOG_PID, LOG_AUTHPRIV);

    syslog(LOG_NOTICE, "action=%s host=\"%s\" chain=%s seq=%" PRIu64
           " hash=%s key=%s actor=\"%s\" request=\"%s\"", action,
           syslog_text(host, name), at->chain, at->seq, at->hash,
           ctl->signer.key ? ctl->signer.public : "unsigned",
           syslog_text(actor, by), syslog_text(request, id));
}


static const char *
syslog_text(const char *text, char safe[SYSLOG_TEXT])
{
    char                 *p;
    const unsigned char  *c;

    p = safe;

    for (c = (const unsigned char *) text;
         *c && p < safe + SYSLOG_TEXT - sizeof("\\xHH"); c++)
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
