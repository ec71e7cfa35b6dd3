
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/socket.h"
#include "net/net_conn.h"
#include "paylock_version.h"
#include "probe/probe_ask.h"


#define PROBE_TIMEOUT  5000            /* milliseconds, per step */


static int probe_tls(net_conn_t *conn, const char *host,
    probe_answer_t *answer, const char **why);
static int probe_talk(net_conn_t *conn, const probe_url_t *u,
    const char *host, probe_answer_t *answer);
static int probe_read(net_conn_t *conn, probe_answer_t *answer,
    long long deadline);
static int probe_whole(probe_answer_t *answer, size_t *len);


const char *
probe_url(const char *text, probe_url_t *u)
{
    size_t       n;
    const char  *p, *end;

    memset(u, 0, sizeof(probe_url_t));

    /* printable ASCII only: a line feed would begin another header */

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

    /* remove the brackets of an IPv6 address */

    if (*p == '[') {
        memcpy(u->name, p + 1, n - 2);

    } else {
        memcpy(u->name, p, n);
    }

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
    net_conn_t   conn;
    const char  *why;

    memset(answer, 0, sizeof(probe_answer_t));
    memset(&conn, 0, sizeof(net_conn_t));

    rc = -1;
    conn.fd = socket_connect_tcp(u->name, u->port, PROBE_TIMEOUT, &why);

    if (conn.fd != -1
        && (!u->tls || probe_tls(&conn, host, answer, &why) == 0))
    {
        rc = probe_talk(&conn, u, host, answer);
        why = "it gave no answer of HTTP/1.1";
    }

    if (rc != 0) {
        (void) error_set(p, STATUS_FAILED, "probe",
                         "is the web server running there, and is that the "
                         "right port?", "%s port %s could not be asked: %s",
                         u->name, u->port, why);
        (void) error_about(p, host);
    }

    net_close(&conn);
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


/* The certificate must be for the host, wherever we connect to. */

static int
probe_tls(net_conn_t *conn, const char *host, probe_answer_t *answer,
    const char **why)
{
    int       rc;
    long      refused;
    SSL_CTX  *ctx;

    rc = -1;
    ctx = net_context();

    if (ctx == NULL || SSL_CTX_set_default_verify_paths(ctx) != 1) {
        *why = "OpenSSL cannot be used";

    } else if (net_tls(conn, ctx, host, clock_ms() + PROBE_TIMEOUT)
               != 0)
    {
        *why = net_error(conn);

    } else {
        rc = 0;
        refused = SSL_get_verify_result(conn->ssl);
        answer->certificate = refused == X509_V_OK ? NULL
                              : X509_verify_cert_error_string(refused);
    }

    SSL_CTX_free(ctx);

    return rc;
}


static int
probe_talk(net_conn_t *conn, const probe_url_t *u, const char *host,
    probe_answer_t *answer)
{
    int         rc, len;
    char        port[16], *request;
    long long   deadline;

    deadline = clock_ms() + PROBE_TIMEOUT;
    port[0] = '\0';

    if (strcmp(u->port, u->tls ? "443" : "80") != 0) {
        (void) snprintf(port, sizeof(port), ":%s", u->port);
    }

    len = asprintf(&request, "GET %s%.*s HTTP/1.1\r\n"
                   "Host: %s%s\r\n"
                   "User-Agent: paylock-admin/" PAYLOCK_VERSION "\r\n"
                   "Accept: text/html\r\n"
                   "Cache-Control: no-cache\r\n"
                   "Connection: close\r\n\r\n",
                   *u->path == '/' ? "" : "/", (int) u->path_len, u->path,
                   host, port);
    if (len < 0) {
        return -1;
    }

    rc = net_send(conn, request, (size_t) len, deadline);
    free(request);

    return rc == 0 ? probe_read(conn, answer, deadline) : -1;
}


static int
probe_read(net_conn_t *conn, probe_answer_t *answer, long long deadline)
{
    size_t   len, left;
    ssize_t  n;

    len = 0;

    /* interim answers count, too, or this might never end */

    for (left = PROBE_HEAD - 1; left; left -= (size_t) n) {
        n = net_recv(conn, answer->head + len, left, deadline);

        if (n <= 0) {
            return -1;
        }

        len += (size_t) n;
        answer->head[len] = '\0';

        /* a 0 in the head would hide the rest of it */

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


/* Is the head complete?  Interim answers (1xx) are skipped. */

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
