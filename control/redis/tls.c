
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "redis/settings.h"
#include "redis/redis_connect.h"
#include "redis/tls.h"


#define TLS_TIMEOUT  3000              /* milliseconds, of the handshake */
#define TLS_MEND     "is this the port that Redis has for TLS? see its log"


struct tls_s {
    SSL_CTX        *ctx;
    SSL            *ssl;
    const char     *name;              /* that the certificate is to have */
    const char     *where;
    short           events;
    unsigned long   error;             /* OpenSSL's */
};


static int tls_certificates(tls_t *t, const settings_t *s, error_info_t *p);
static int tls_bad_file(error_info_t *p, const char *what, const char *path);
static int tls_passphrase(char *buf, int size, int rwflag, void *data);
static int tls_name(tls_t *t, int fd, error_info_t *p);
static int tls_handshake(tls_t *t, int fd, error_info_t *p);
static void tls_quiet(struct sigaction *old);
static ssize_t tls_result(tls_t *t, int n, const struct sigaction *old);


/* What to do about reasons that are known. */

static const struct {
    int          reason;
    const char  *mend;
} tls_mends[] = {
    { SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
      "give one that Redis accepts with --tls-cert and --tls-key" },
    { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
      "does Redis want a certificate? --tls-cert and --tls-key give one" },
    { SSL_R_TLSV1_ALERT_UNKNOWN_CA,
      "give a certificate that Redis accepts with --tls-cert" },
    { 0, TLS_MEND }
};


tls_t *
tls_open(const settings_t *s, int fd, error_info_t *p)
{
    tls_t  *t;

    t = calloc(1, sizeof(tls_t));

    if (t == NULL) {
        (void) error_set(p, STATUS_FAILED, "memory", NULL, "out of memory");
        return NULL;
    }

    t->where = s->where;
    t->name = s->value[SET_TLS_NAME] ? s->value[SET_TLS_NAME] : s->url.host;
    t->ctx = SSL_CTX_new(TLS_client_method());

    if (t->ctx == NULL
        || SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1)
    {
        t->error = ERR_peek_last_error();
        (void) tls_problem(t, p);
        goto failed;
    }

    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                             |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_default_passwd_cb(t->ctx, tls_passphrase);

#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
    /* a reply says itself where it ends */
    SSL_CTX_set_options(t->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif

    if (tls_certificates(t, s, p) == 0 && tls_name(t, fd, p) == 0
        && tls_handshake(t, fd, p) == 0)
    {
        return t;
    }

failed:

    tls_close(t);

    return NULL;
}


void
tls_close(tls_t *t)
{
    if (t) {
        SSL_free(t->ssl);
        SSL_CTX_free(t->ctx);
        free(t);
    }
}


ssize_t
tls_send(tls_t *t, const void *data, size_t len)
{
    int               n, error;
    char              c;
    ssize_t           sent;
    struct sigaction  old;

    tls_quiet(&old);

    n = SSL_write(t->ssl, data, len > INT_MAX ? INT_MAX : (int) len);

    sent = tls_result(t, n, &old);

    /* why Redis has hung up may still be there to be read */

    if (sent <= 0 && errno != EAGAIN) {
        error = errno;

        if (tls_recv(t, &c, 1) >= 0 || errno != EPROTO) {
            errno = error;
        }
    }

    return sent;
}


ssize_t
tls_recv(tls_t *t, void *buf, size_t size)
{
    int               n;
    struct sigaction  old;

    tls_quiet(&old);

    n = SSL_read(t->ssl, buf, size > INT_MAX ? INT_MAX : (int) size);

    return tls_result(t, n, &old);
}


short
tls_events(const tls_t *t)
{
    return t->events;
}


int
tls_problem(const tls_t *t, error_info_t *p)
{
    int          reason;
    long         refused;
    size_t       i;
    const char  *text;

    refused = t->ssl ? SSL_get_verify_result(t->ssl) : X509_V_OK;

    if (refused == X509_V_ERR_HOSTNAME_MISMATCH
        || refused == X509_V_ERR_IP_ADDRESS_MISMATCH)
    {
        (void) error_set(p, STATUS_FAILED, "tls",
                         "--tls-name gives the name that is in it",
                         "the certificate of Redis at %s is not for \"%s\"",
                         t->where, t->name);
        return -1;
    }

    if (refused != X509_V_OK) {
        (void) error_set(p, STATUS_FAILED, "tls",
                         refused == X509_V_ERR_CERT_HAS_EXPIRED
                         ? "give Redis a new one"
                         : "--tls-ca names the file of its authority",
                         "the certificate of Redis at %s is refused: %s",
                         t->where, X509_verify_cert_error_string(refused));
        return -1;
    }

    reason = ERR_GET_REASON(t->error);
    text = ERR_reason_error_string(t->error);

    for (i = 0; tls_mends[i].reason && tls_mends[i].reason != reason; i++) {
        /* void */
    }

    (void) error_set(p, STATUS_FAILED, "tls", tls_mends[i].mend,
                     "no TLS with Redis at %s: %s", t->where,
                     text ? text : "unknown error");
    return -1;
}


static int
tls_certificates(tls_t *t, const settings_t *s, error_info_t *p)
{
    const char  *ca, *cert, *key;

    ca = s->value[SET_TLS_CA];
    cert = s->value[SET_TLS_CERT];
    key = s->value[SET_TLS_KEY];

    if (ca ? SSL_CTX_load_verify_locations(t->ctx, ca, NULL) != 1
           : SSL_CTX_set_default_verify_paths(t->ctx) != 1)
    {
        return tls_bad_file(p, "tls_ca", ca ? ca : "of the system");
    }

    if (cert && SSL_CTX_use_certificate_chain_file(t->ctx, cert) != 1) {
        return tls_bad_file(p, "tls_cert", cert);
    }

    if (key && SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1)
    {
        return tls_bad_file(p, "tls_key", key);
    }

    ERR_clear_error();

    return 0;
}


static int
tls_bad_file(error_info_t *p, const char *what, const char *path)
{
    const char  *why;

    why = ERR_reason_error_string(ERR_peek_last_error());

    (void) error_set(p, STATUS_FAILED, what,
                     "give a PEM file; a key must have no passphrase and "
                     "belong to its certificate",
                     "cannot use the file \"%s\" of the setting \"%s\": %s",
                     path, what, why ? why : "unknown error");
    return -1;
}


/* A script would wait for ever for somebody to type one. */

static int
tls_passphrase(char *buf, int size, int rwflag, void *data)
{
    (void) buf;
    (void) size;
    (void) rwflag;
    (void) data;

    return -1;
}


static int
tls_name(tls_t *t, int fd, error_info_t *p)
{
    int            ok;
    unsigned char  addr[16];

    t->ssl = SSL_new(t->ctx);
    ok = t->ssl && SSL_set_fd(t->ssl, fd) == 1;

    if (ok && (inet_pton(AF_INET, t->name, addr) == 1
               || inet_pton(AF_INET6, t->name, addr) == 1))
    {
        ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->name);

    } else if (ok) {
        ok = SSL_set1_host(t->ssl, t->name) == 1
             && SSL_set_tlsext_host_name(t->ssl, t->name) == 1;
    }

    if (!ok) {
        t->error = ERR_peek_last_error();
        return tls_problem(t, p);
    }

    return 0;
}


static int
tls_handshake(tls_t *t, int fd, error_info_t *p)
{
    long long         deadline;
    struct sigaction  old;

    deadline = clock_ms() + TLS_TIMEOUT;

    for ( ;; ) {
        tls_quiet(&old);

        if (tls_result(t, SSL_connect(t->ssl), &old) > 0) {
            return 0;
        }

        if (errno == EPROTO) {
            return tls_problem(t, p);
        }

        if (errno != EAGAIN || socket_wait(fd, t->events, deadline) != 0) {
            (void) error_set(p, STATUS_FAILED, "tls", TLS_MEND,
                             "no TLS with Redis at %s: %s", t->where,
                             strerror(errno));
            return -1;
        }
    }
}


/* OpenSSL has no MSG_NOSIGNAL. */

static void
tls_quiet(struct sigaction *old)
{
    struct sigaction  ignore;

    memset(&ignore, 0, sizeof(ignore));
    ignore.sa_handler = SIG_IGN;

    (void) sigaction(SIGPIPE, &ignore, old);

    ERR_clear_error();
    errno = 0;
}


static ssize_t
tls_result(tls_t *t, int n, const struct sigaction *old)
{
    int  error;

    error = errno;
    (void) sigaction(SIGPIPE, old, NULL);

    if (n > 0) {
        return n;
    }

    switch (SSL_get_error(t->ssl, n)) {

    case SSL_ERROR_WANT_READ:
        t->events = POLLIN;
        errno = EAGAIN;
        return -1;

    case SSL_ERROR_WANT_WRITE:
        t->events = POLLOUT;
        errno = EAGAIN;
        return -1;

    case SSL_ERROR_ZERO_RETURN:
        errno = ECONNRESET;
        return 0;

    case SSL_ERROR_SYSCALL:
        errno = error ? error : ECONNRESET;
        return error ? -1 : 0;

    default:
        t->error = ERR_peek_error();
        errno = EPROTO;
        return -1;
    }
}
