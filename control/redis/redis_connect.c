
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/socket.h"
#include "redis/redis_connect.h"
#include "redis/settings.h"


#define CONNECT_TIMEOUT  3000          /* milliseconds, per address */
#define TLS_TIMEOUT      3000          /* milliseconds, of the handshake */


static int redis_tls(net_conn_t *conn, const settings_t *s,
    error_info_t *error);
static int redis_tls_files(SSL_CTX *ctx, const settings_t *s,
    error_info_t *error);
static int redis_tls_bad_file(const char *what, const char *path,
    error_info_t *error);
static int redis_tls_passphrase(char *buf, int size, int rwflag, void *data);


/* What to do about known reasons of OpenSSL. */

static const struct {
    int          reason;
    const char  *mend;
} redis_tls_mends[] = {
    { SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
      "give one that Redis accepts with --tls-cert and --tls-key" },
    { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
      "does Redis want a certificate? --tls-cert and --tls-key give one" },
    { SSL_R_TLSV1_ALERT_UNKNOWN_CA,
      "give a certificate that Redis accepts with --tls-cert" },
    { 0, "is this the port that Redis has for TLS? see its log" }
};


int
redis_connect(net_conn_t *conn, const settings_t *s, error_info_t *error)
{
    char         port[16];
    const char  *why;

    (void) snprintf(port, sizeof(port), "%u", s->url.port);

    conn->fd = s->url.path
                 ? socket_connect_unix(s->url.path, CONNECT_TIMEOUT, &why)
                 : socket_connect_tcp(s->url.host, port, CONNECT_TIMEOUT,
                                      &why);

    if (conn->fd == -1) {
        (void) error_set(error, STATUS_FAILED, "connect",
                         "is Redis running there? --redis names another",
                         "cannot connect to Redis at %s: %s", s->where, why);
        return -1;
    }

    return s->url.tls ? redis_tls(conn, s, error) : 0;
}


int
redis_tls_failed(const net_conn_t *conn, const char *where,
    error_info_t *error)
{
    int     reason;
    long    refused;
    size_t  i;

    refused = conn->ssl && errno == EPROTO
              ? SSL_get_verify_result(conn->ssl) : X509_V_OK;

    if (refused == X509_V_ERR_HOSTNAME_MISMATCH
        || refused == X509_V_ERR_IP_ADDRESS_MISMATCH)
    {
        (void) error_set(error, STATUS_FAILED, "tls",
                         "--tls-name gives the name that is in it",
                         "the certificate of Redis at %s is not for \"%s\"",
                         where, conn->name);
        return -1;
    }

    if (refused != X509_V_OK) {
        (void) error_set(error, STATUS_FAILED, "tls",
                         refused == X509_V_ERR_CERT_HAS_EXPIRED
                         ? "give Redis a new one"
                         : "--tls-ca names the file of its authority",
                         "the certificate of Redis at %s is refused: %s",
                         where, X509_verify_cert_error_string(refused));
        return -1;
    }

    reason = errno == EPROTO ? ERR_GET_REASON(conn->error) : 0;

    for (i = 0; redis_tls_mends[i].reason; i++) {
        if (redis_tls_mends[i].reason == reason) {
            break;
        }
    }

    (void) error_set(error, STATUS_FAILED, "tls", redis_tls_mends[i].mend,
                     "no TLS with Redis at %s: %s", where,
                     net_error(conn));
    return -1;
}


static int
redis_tls(net_conn_t *conn, const settings_t *s, error_info_t *error)
{
    int          rc;
    SSL_CTX     *ctx;
    const char  *name;

    ctx = net_context();

    if (ctx == NULL) {
        conn->error = ERR_peek_last_error();
        errno = EPROTO;
        return redis_tls_failed(conn, s->where, error);
    }

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, redis_tls_passphrase);

    rc = redis_tls_files(ctx, s, error);

    if (rc == 0) {
        name = s->value[SET_TLS_NAME] ? s->value[SET_TLS_NAME] : s->url.host;

        rc = net_tls(conn, ctx, name, clock_ms() + TLS_TIMEOUT) == 0
             ? 0 : redis_tls_failed(conn, s->where, error);
    }

    SSL_CTX_free(ctx);

    return rc;
}


static int
redis_tls_files(SSL_CTX *ctx, const settings_t *s, error_info_t *error)
{
    const char  *ca, *cert, *key;

    ca = s->value[SET_TLS_CA];
    cert = s->value[SET_TLS_CERT];
    key = s->value[SET_TLS_KEY];

    if (ca ? SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1
           : SSL_CTX_set_default_verify_paths(ctx) != 1)
    {
        return redis_tls_bad_file("tls_ca", ca ? ca : "of the system", error);
    }

    if (cert && SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
        return redis_tls_bad_file("tls_cert", cert, error);
    }

    if (key && SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        return redis_tls_bad_file("tls_key", key, error);
    }

    ERR_clear_error();

    return 0;
}


static int
redis_tls_bad_file(const char *what, const char *path, error_info_t *error)
{
    const char  *why;

    why = ERR_reason_error_string(ERR_peek_last_error());

    (void) error_set(error, STATUS_FAILED, what,
                     "give a PEM file; a key must have no passphrase and "
                     "belong to its certificate",
                     "cannot use the file \"%s\" of the setting \"%s\": %s",
                     path, what, why ? why : "unknown error");
    return -1;
}


/* Gives no passphrase: OpenSSL would ask on the terminal, even in scripts. */

static int
redis_tls_passphrase(char *buf, int size, int rwflag, void *data)
{
    (void) buf;
    (void) size;
    (void) rwflag;
    (void) data;

    return -1;
}
