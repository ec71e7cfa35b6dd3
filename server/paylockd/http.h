
/*
 * Copyright (C) 2026 paylock contributors
 *
 * HTTP, on a unix socket behind nginx: a request is matched with the table of
 * routes, its credential is checked by paylock-writer, and a function answers.
 */


#ifndef _HTTP_H_INCLUDED_
#define _HTTP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <microhttpd.h>

#include "base/error.h"
#include "base/time_text.h"
#include "change/request.h"
#include "paylockd/events.h"
#include "paylockd/follow.h"
#include "paylockd/store.h"


#define HTTP_BODY   (1024u * 1024)     /* bytes of a request, at most */
#define HTTP_CONNECTIONS  512          /* at once */
#define HTTP_SMALL  4096               /* of one that anybody may send */
#define HTTP_PARTS  4                  /* of a path that are variable */


typedef struct {
    const char  *config;               /* path of the settings */
    const char  *writer;               /* socket of paylock-writer */
    store_t      store;
    events_t     events;
    follow_t     follow;
} server_t;


typedef struct route_s  route_t;


typedef struct {
    server_t               *server;
    struct MHD_Connection  *connection;
    const route_t          *route;
    char                   *part[HTTP_PARTS];   /* decoded */
    char                   *raw;       /* the body */
    size_t                  raw_len;
    size_t                  raw_room;
    int                     too_large;
    int                     zero;      /* in the path or the query */
    int                     long_read; /* it has begun one */
    json_t                 *body;      /* of the request; NULL: none */
    json_t                 *caller;    /* what the writer says of them */
    uint32_t                now;

    /* the answer */

    unsigned                status;
    json_t                 *answer;
    struct MHD_Response    *response;  /* instead of answer */
    char                    etag[2 + 64 + 1];   /* in quotes; "": none */
    char                    stale[TIME_TEXT];   /* since then; "": it is not */
    char                    cookie[192];        /* Set-Cookie; "": none */
    int                     replayed;
    int                     retry;     /* Retry-After, in seconds; 0: none */
    error_info_t            error;     /* if answer is NULL */
    char                    code[32];  /* of an error of the writer */
    char                    request[REQUEST_ID + 1];   /* ... or empty */
} http_request_t;


/*
 * Sets status and answer, or returns a status and sets the error and perhaps
 * the status of HTTP.
 */

typedef int (*route_run_pt)(http_request_t *r);


struct route_s {
    const char    *method;
    const char    *path;               /* a "{name}" is any one part */
    const char    *scope;              /* NULL: whoever asks */
    route_run_pt   run;                /* NULL: a change, by the writer */
    const char    *action;             /* of the change */
    const char    *query;              /* names of parameters, or NULL */
    const char    *summary;
    const char    *answer;             /* its schema; NULL: any object */
};


/* routes.c; a method NULL ends them */

extern const route_t  routes[];


/*
 * Listens; descriptor is a socket that listens.  Returns the daemon, or NULL.
 */

struct MHD_Daemon *http_start(server_t *server, int descriptor);

/* A parameter of the query, or a header; NULL: it is not there. */

const char *http_query(const http_request_t *r, const char *name);
const char *http_header(const http_request_t *r, const char *name);

/* The token of "Authorization: Bearer", RFC 6750; NULL: there is none. */

const char *http_bearer(const http_request_t *r);

/* Sets an error and the status of HTTP; returns a status. */

int http_error(http_request_t *r, unsigned status, const char *code,
    const char *mend, const char *message);


/*
 * origin.c: nothing says that a page of another site asks; returns a status.
 * The browser says that a page of this site does: returns 1, or 0.
 */

int origin_check(http_request_t *r);
int origin_is_own(const http_request_t *r);


/*
 * caller.c: is the caller allowed that?  While paylock-writer cannot be reached
 * those may read who were allowed CALLER_KEPT seconds ago or less, and were not
 * refused since.  Returns a status.
 */

#define CALLER_KEPT  600

int caller_check(http_request_t *r);

/*
 * Is the caller of this command of writer_command("check") still allowed it?
 * 1, 0, or -1: the writer cannot be reached.
 */

int caller_still(const server_t *s, const json_t *command);

/*
 * The host of the query, as in Redis; NULL: all.  A token for some hosts has to
 * name one of them.  Returns a status; the caller frees it.
 */

int caller_host(http_request_t *r, char **host);


/* Tells what is of all hosts: is the token for all?  Returns a status. */

int caller_of_all(http_request_t *r);


/*
 * long_read.c: begins to read the whole trail, which few may do at once: until
 * the request has ended.  Returns a status.
 */

int long_read_begin(http_request_t *r);
void long_read_end(const http_request_t *r);


/* Its credential is not good any more. */

void caller_forget(const json_t *command);


/*
 * session.c: the secret in the cookie; NULL: there is none.  Is a cookie what
 * may be believed here?  Returns a status.
 */

#define SESSION_COOKIE  "__Host-paylock"

const char *session_cookie(const http_request_t *r);
int session_check(http_request_t *r);


/*
 * writer_call.c: sends a command; NULL: no answer came.  If *sent is 1 then,
 * the writer may carry it out.
 */

json_t *writer_call(const server_t *s, const json_t *command, int *sent);

/* A command with the credential of the request; NULL: no memory. */

json_t *writer_command(const http_request_t *r, const char *name);

/* Take the writer's error over; and say that it is away.  Return a status. */

int writer_refused(http_request_t *r, const json_t *answer);
int writer_away(http_request_t *r);


/* change.c: carries out the change of the route.  Returns a status. */

int change_run(http_request_t *r);


/*
 * The routes: sites.c, audit.c, verify.c, passes.c, doctor.c, about.c,
 * openapi.c, session.c.
 */

int route_sites(http_request_t *r);
int route_site(http_request_t *r);
int route_audit(http_request_t *r);
int route_verify(http_request_t *r);
int route_export(http_request_t *r);
int route_passes(http_request_t *r);
int route_nodes(http_request_t *r);
int route_doctor(http_request_t *r);
int route_me(http_request_t *r);
int route_tokens(http_request_t *r);
int route_health(http_request_t *r);
int route_openapi(http_request_t *r);
int route_login(http_request_t *r);
int route_logout(http_request_t *r);

/*
 * parameters.c: does the route know each parameter of the query, and is it
 * given once, with a value?  Returns a status.
 */

int parameters_check(http_request_t *r);

/*
 * The answer of GET /v1/events, after stream_begin(), which returns a status:
 * connections have to be left for others.
 */

int stream_begin(http_request_t *r);

struct MHD_Response *stream_response(http_request_t *r);


#endif /* _HTTP_H_INCLUDED_ */
