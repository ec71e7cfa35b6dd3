
/*
 * Copyright (C) 2026 paylock contributors
 *
 * OpenSSL's BIOs connect, with and without TLS: it is linked already for
 * Redis, and takes no time to load.
 */


#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "paylock_version.h"
#include "probe/probe_ask.h"


#define PROBE_TIMEOUT  5               /* seconds, to connect and to answer */


static BIO *probe_open(const probe_url_t *u, const char *host, SSL_CTX **ctx);
static int probe_connect(BIO *bio);
static int probe_talk(BIO *bio, const probe_url_t *u, const char *host,
    probe_answer_t *answer);
static int probe_read(BIO *bio, probe_answer_t *answer, time_t deadline);
static int probe_whole(probe_answer_t *answer, size_t *len);
static const char *probe_refused(BIO *bio);


const char *
probe_url(const char *text, probe_url_t *u)
{
    size_t       n;
    const char  *p, *end;

    memset(u, 0, sizeof(probe_url_t));

    /* what is no printable ASCII would begin another header */

    for (p = text; *p; p++) {
        if (*p <= ' ' || *p > '~') {
            return "holds a character that no URL has";
        }
    }

    u->tls = strncasecmp(text, "https://", 8) == 0;

    if (!u->tls && strncasecmp(text, "http://", 7) != 0) {
        return "begins with neither http:// nor https://";
    }

    p = text + (u->tls ? 8 : 7);
    end = p + strcspn(p, "/?#");

    if (memchr(p, '@', (size_t) (end - p))) {
        return "holds a user";
    }

    n = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/?#");

    if (n == 0 || n >= PROBE_NAME || p + n > end) {
        return "names no host";
    }

    memcpy(u->name, p, n);
    p += n;

    if (p < end && (*p != ':' || end - p < 2 || end - p > 6
                    || strspn(p + 1, "0123456789") != (size_t) (end - p - 1)
                    || atoi(p + 1) < 1 || atoi(p + 1) > 65535))
    {
        return "has an invalid port";
    }

    (void) snprintf(u->port, sizeof(u->port), "%d",
                    p < end ? atoi(p + 1) : u->tls ? 443 : 80);

    u->path = end;
    u->path_len = strcspn(end, "#");

    return NULL;
}


int
probe_ask(const probe_url_t *u, const char *host, probe_answer_t *answer,
    error_info_t *p)
{
    int          rc;
    BIO         *bio;
    SSL_CTX     *ctx;
    const char  *why;

    rc = -1;
    ctx = NULL;
    memset(answer, 0, sizeof(probe_answer_t));
    ERR_clear_error();

    bio = probe_open(u, host, &ctx);

    if (bio && probe_connect(bio) == 0) {
        answer->certificate = u->tls ? probe_refused(bio) : NULL;
        rc = probe_talk(bio, u, host, answer);
        why = "it gave no answer of HTTP/1.1";

    } else {
        why = ERR_reason_error_string(ERR_peek_last_error());
        why = why ? why : "no connection";
    }

    if (rc != 0) {
        (void) error_set(p, STATUS_FAILED, "probe",
                         "is the web server running there, and is that the "
                         "right port?", "%s port %s could not be asked: %s",
                         u->name, u->port, why);
        (void) error_about(p, host);
    }

    BIO_free_all(bio);
    SSL_CTX_free(ctx);
    ERR_clear_error();

    return rc;
}


void
probe_header(const probe_answer_t *answer, const char *name,
    char value[PROBE_NAME])
{
    size_t       len, n;
    const char  *p;

    len = strlen(name);
    value[0] = '\0';

    for (p = strchr(answer->head, '\n'); p; p = strchr(p, '\n')) {
        p++;

        if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
            p += len + 1;
            p += strspn(p, " \t");
            n = strcspn(p, "\r\n");
            (void) snprintf(value, PROBE_NAME, "%.*s",
                            (int) (n < PROBE_NAME ? n : PROBE_NAME - 1), p);
            return;
        }
    }
}


/* The certificate is to be for the host, wherever we connect to. */

static BIO *
probe_open(const probe_url_t *u, const char *host, SSL_CTX **ctx)
{
    BIO  *bio;
    SSL  *ssl;

    if (u->tls) {
        *ctx = SSL_CTX_new(TLS_client_method());

        if (*ctx == NULL || SSL_CTX_set_default_verify_paths(*ctx) != 1) {
            return NULL;
        }

        bio = BIO_new_ssl_connect(*ctx);

        if (bio == NULL || BIO_get_ssl(bio, &ssl) != 1
            || SSL_set_tlsext_host_name(ssl, host) != 1
            || SSL_set1_host(ssl, host) != 1)
        {
            BIO_free_all(bio);
            return NULL;
        }

    } else {
        bio = BIO_new(BIO_s_connect());
    }

    if (bio) {
        (void) BIO_set_conn_hostname(bio, u->name);
        (void) BIO_set_conn_port(bio, u->port);
        (void) BIO_set_nbio(bio, 1);
    }

    return bio;
}


static int
probe_connect(BIO *bio)
{
    time_t  deadline;

    deadline = time(NULL) + PROBE_TIMEOUT;

    while (BIO_do_connect(bio) != 1) {

        if (!BIO_should_retry(bio)) {
            return -1;
        }

        if (BIO_wait(bio, deadline, 20) != 1) {
            ERR_clear_error();
            ERR_raise(ERR_LIB_BIO, BIO_R_CONNECT_TIMEOUT);
            return -1;
        }
    }

    return 0;
}


static const char *
probe_refused(BIO *bio)
{
    SSL   *ssl;
    long   result;

    result = BIO_get_ssl(bio, &ssl) == 1 ? SSL_get_verify_result(ssl)
                                         : X509_V_ERR_UNSPECIFIED;

    return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}


static int
probe_talk(BIO *bio, const probe_url_t *u, const char *host,
    probe_answer_t *answer)
{
    int      rc;
    char     port[16];
    time_t   deadline;

    deadline = time(NULL) + PROBE_TIMEOUT;
    port[0] = '\0';

    if (strcmp(u->port, u->tls ? "443" : "80") != 0) {
        (void) snprintf(port, sizeof(port), ":%s", u->port);
    }

    /* it fits into the buffers of any connection that was just made */

    rc = BIO_printf(bio, "GET %s%.*s HTTP/1.1\r\n"
                    "Host: %s%s\r\n"
                    "User-Agent: paylock-admin/" PAYLOCK_VERSION "\r\n"
                    "Accept: text/html\r\n"
                    "Cache-Control: no-cache\r\n"
                    "Connection: close\r\n\r\n",
                    *u->path == '/' ? "" : "/", (int) u->path_len, u->path,
                    host, port);

    return rc > 0 ? probe_read(bio, answer, deadline) : -1;
}


static int
probe_read(BIO *bio, probe_answer_t *answer, time_t deadline)
{
    int     n;
    size_t  len, left;

    len = 0;

    /* what is passed over counts, too: else it could go on for ever */

    for (left = PROBE_HEAD - 1; left; /* void */ ) {
        n = BIO_read(bio, answer->head + len, (int) left);

        if (n <= 0) {

            if (!BIO_should_retry(bio) || BIO_wait(bio, deadline, 20) != 1) {
                return -1;
            }

            continue;
        }

        len += (size_t) n;
        left -= (size_t) n;
        answer->head[len] = '\0';

        /* header lines hold no 0, and so the rest would not be seen */

        if (strlen(answer->head) != len && strstr(answer->head, "\r\n\r\n")
                                           == NULL)
        {
            return -1;
        }

        if (probe_whole(answer, &len)) {
            return 0;
        }
    }

    return -1;
}


/* Has the head come to its end?  Interim answers (1xx) are passed over. */

static int
probe_whole(probe_answer_t *answer, size_t *len)
{
    char    *end;
    size_t   gone;

    while ((end = strstr(answer->head, "\r\n\r\n")) != NULL) {

        if (strncmp(answer->head, "HTTP/1.", 7) != 0
            || !isdigit((unsigned char) answer->head[7])
            || answer->head[8] != ' ')
        {
            return 0;
        }

        answer->status = atoi(answer->head + 9);

        if (answer->status >= 200 && answer->status < 600) {
            end[2] = '\0';
            return 1;
        }

        gone = (size_t) (end + 4 - answer->head);
        *len -= gone;
        memmove(answer->head, end + 4, *len + 1);
    }

    return 0;
}
