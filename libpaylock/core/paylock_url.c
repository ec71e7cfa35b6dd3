
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "paylock_str.h"
#include "paylock_url.h"


#define PAYLOCK_URL_PORT  6379
#define PAYLOCK_URL_HOST  253

#define PAYLOCK_URL_NAME  "abcdefghijklmnopqrstuvwxyz"                         \
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."


static const char *paylock_url_dispatch(paylock_str_t rest,
    paylock_url_t *url);
static const char *paylock_url_unix(paylock_str_t rest, paylock_url_t *url);
static const char *paylock_url_tcp(paylock_str_t rest, paylock_url_t *url);
static const char *paylock_url_user(paylock_str_t user, paylock_url_t *url);
static const char *paylock_url_host(paylock_str_t host, paylock_url_t *url);
static const char *paylock_url_port(paylock_str_t *host, paylock_str_t *port);
static const char *paylock_url_db(paylock_str_t db, paylock_url_t *url);
static const char *paylock_url_decode(paylock_str_t s, char **decoded);
static int paylock_url_hex(char c);
static int paylock_url_number(paylock_str_t s, unsigned max, unsigned *n);
static int paylock_url_scheme(paylock_str_t *text, const char *scheme);
static int paylock_url_cut(paylock_str_t *s, char c, paylock_str_t *rest);


const char *
paylock_url_parse(const char *text, size_t len, paylock_url_t *url)
{
    size_t       i;
    const char  *why;

    memset(url, 0, sizeof(paylock_url_t));

    if (len == 0) {
        return "is empty";
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) text[i] <= ' ' || text[i] == 0x7f) {
            return "has a space or a control character: percent-encode it";
        }
    }

    if (memchr(text, '#', len)) {
        return "has a \"#\": write it as %23";
    }

    why = paylock_url_dispatch((paylock_str_t) { text, len }, url);

    if (why) {
        paylock_url_free(url);
    }

    return why;
}


void
paylock_url_free(paylock_url_t *url)
{
    if (url->password) {
        explicit_bzero(url->password, strlen(url->password));
    }

    free(url->host);
    free(url->path);
    free(url->user);
    free(url->password);

    memset(url, 0, sizeof(paylock_url_t));
}


static const char *
paylock_url_dispatch(paylock_str_t rest, paylock_url_t *url)
{
    if (paylock_url_scheme(&rest, "unix:")) {
        return paylock_url_unix(rest, url);
    }

    if (paylock_url_scheme(&rest, "redis://")) {
        return paylock_url_tcp(rest, url);
    }

    if (paylock_url_scheme(&rest, "rediss://")) {
        url->tls = 1;
        return paylock_url_tcp(rest, url);
    }

    if (paylock_url_scheme(&rest, "sentinel://")) {
        return "names a Sentinel, which is not supported yet: name the "
               "Redis itself";
    }

    return "begins neither with redis://, nor rediss://, nor unix:";
}


static const char *
paylock_url_unix(paylock_str_t rest, paylock_url_t *url)
{
    const char     *why;
    paylock_str_t   query;

    if (rest.len >= 3 && memcmp(rest.data, "///", 3) == 0) {
        rest.data += 2;
        rest.len -= 2;
    }

    if (paylock_url_cut(&rest, '?', &query)) {

        if (!paylock_url_scheme(&query, "db=")) {
            return "has something other than db=N after the \"?\"";
        }

        why = paylock_url_db(query, url);

        if (why) {
            return why;
        }
    }

    if (rest.len < 2 || rest.data[0] != '/' || rest.data[1] == '/') {
        return "has no absolute path, as unix:/path has";
    }

    why = paylock_url_decode(rest, &url->path);

    if (why) {
        return why;
    }

    if (strlen(url->path) >= sizeof(((struct sockaddr_un *) 0)->sun_path)) {
        return "has a path of more than 107 bytes, the most that a socket "
               "can have";
    }

    return NULL;
}


static const char *
paylock_url_tcp(paylock_str_t rest, paylock_url_t *url)
{
    const char     *why;
    paylock_str_t   user, db;

    if (memchr(rest.data, '?', rest.len)) {
        return "has a \"?\": write it as %3F, and the database as /N";
    }

    user = rest;

    if (paylock_url_cut(&user, '@', &rest)) {

        if (memchr(user.data, '/', user.len)) {
            return "has a \"/\" before the \"@\": write it as %2F";
        }

        if (memchr(rest.data, '@', rest.len)) {
            return "has an \"@\" too many: write it as %40 in user and "
                   "password";
        }

        why = paylock_url_user(user, url);

        if (why) {
            return why;
        }

    } else {
        rest = user;
    }

    if (paylock_url_cut(&rest, '/', &db) && db.len) {
        why = paylock_url_db(db, url);

        if (why) {
            return why;
        }
    }

    return paylock_url_host(rest, url);
}


static const char *
paylock_url_user(paylock_str_t user, paylock_url_t *url)
{
    const char     *why;
    paylock_str_t   password;

    if (paylock_url_cut(&user, ':', &password)) {

        if (password.len == 0) {
            return "has an empty password";
        }

        why = paylock_url_decode(password, &url->password);

        if (why) {
            return why;
        }

    } else if (user.len == 0) {
        return "has nothing before the \"@\"";
    }

    return user.len ? paylock_url_decode(user, &url->user) : NULL;
}


static const char *
paylock_url_host(paylock_str_t host, paylock_url_t *url)
{
    int               ipv6;
    const char       *why;
    paylock_str_t     port;
    struct in6_addr   addr;

    ipv6 = host.len && host.data[0] == '[';

    why = paylock_url_port(&host, &port);

    if (why) {
        return why;
    }

    url->port = PAYLOCK_URL_PORT;

    if (port.data && (!paylock_url_number(port, 65535, &url->port)
                      || url->port == 0))
    {
        return "has a port that is not a number from 1 to 65535";
    }

    if (host.len == 0 || host.len > PAYLOCK_URL_HOST) {
        return host.len ? "has a host of more than 253 characters"
                        : "has no host";
    }

    if (memchr(host.data, '%', host.len)) {
        return "has a \"%\" in its host";
    }

    why = paylock_url_decode(host, &url->host);

    if (why) {
        return why;
    }

    if (ipv6) {
        return inet_pton(AF_INET6, url->host, &addr) == 1 ? NULL
               : "has no IPv6 address between \"[\" and \"]\"";
    }

    return url->host[strspn(url->host, PAYLOCK_URL_NAME)] == '\0' ? NULL
           : "has a host with a character other than letters, digits, "
             "\"-\", \"_\" and \".\"";
}


/* Parts host and port; the port's data is NULL if there is none. */

static const char *
paylock_url_port(paylock_str_t *host, paylock_str_t *port)
{
    port->data = NULL;

    if (host->len == 0 || host->data[0] != '[') {

        if (paylock_url_cut(host, ':', port)
            && memchr(port->data, ':', port->len))
        {
            return "has more than one \":\" in host and port: an IPv6 "
                   "address is put in \"[\" and \"]\"";
        }

        return NULL;
    }

    host->data++;
    host->len--;

    if (!paylock_url_cut(host, ']', port)) {
        return "has a \"[\" without a \"]\"";
    }

    if (port->len == 0) {
        port->data = NULL;
        return NULL;
    }

    if (*port->data++ != ':') {
        return "has something other than a port after the \"]\"";
    }

    port->len--;

    return NULL;
}


static const char *
paylock_url_db(paylock_str_t db, paylock_url_t *url)
{
    if (!paylock_url_number(db, INT_MAX, &url->db)) {
        return "has a database that is not a number";
    }

    return NULL;
}


/* Decodes the percent-encoding to a new string. */

static const char *
paylock_url_decode(paylock_str_t s, char **decoded)
{
    int     high, low;
    char   *p;
    size_t  i;

    p = malloc(s.len + 1);

    if (p == NULL) {
        return "does not fit into the memory there is";
    }

    *decoded = p;
    *p = '\0';

    for (i = 0; i < s.len; i++) {

        if (s.data[i] != '%') {
            *p++ = s.data[i];
            *p = '\0';
            continue;
        }

        high = i + 2 < s.len ? paylock_url_hex(s.data[i + 1]) : -1;
        low = i + 2 < s.len ? paylock_url_hex(s.data[i + 2]) : -1;

        if (high < 0 || low < 0) {
            return "has a \"%\" without two hex digits: write it as %25";
        }

        if (high == 0 && low == 0) {
            return "has a %00";
        }

        *p++ = (char) (high << 4 | low);
        *p = '\0';
        i += 2;
    }

    return NULL;
}


static int
paylock_url_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static int
paylock_url_number(paylock_str_t s, unsigned max, unsigned *n)
{
    size_t    i;
    unsigned  digit;

    *n = 0;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] < '0' || s.data[i] > '9') {
            return 0;
        }

        digit = s.data[i] - '0';

        if (*n > (max - digit) / 10) {
            return 0;
        }

        *n = *n * 10 + digit;
    }

    return s.len != 0;
}


/* Takes the scheme off, if text begins with it in any case of letters. */

static int
paylock_url_scheme(paylock_str_t *text, const char *scheme)
{
    size_t  len;

    len = strlen(scheme);

    if (text->len < len || strncasecmp(text->data, scheme, len) != 0) {
        return 0;
    }

    text->data += len;
    text->len -= len;

    return 1;
}


/* Cuts s at the first c; *rest is what follows that. */

static int
paylock_url_cut(paylock_str_t *s, char c, paylock_str_t *rest)
{
    const char  *p;

    p = memchr(s->data, c, s->len);

    if (p == NULL) {
        return 0;
    }

    rest->data = p + 1;
    rest->len = s->data + s->len - rest->data;
    s->len = p - s->data;

    return 1;
}
