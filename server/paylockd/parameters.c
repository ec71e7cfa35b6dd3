
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A parameter that is not understood is refused: who asks for a trial run in
 * another spelling wants no change.
 */


#include <string.h>

#include "paylockd/http.h"


typedef struct {
    http_request_t  *request;
    uint64_t         seen;             /* by the place in route->query */
} parameters_t;


static enum MHD_Result parameters_one(void *data, enum MHD_ValueKind kind,
    const char *name, const char *value);
static int parameters_place(const char *query, const char *name);


int
parameters_check(http_request_t *r)
{
    parameters_t  p;

    p.request = r;
    p.seen = 0;

    (void) MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND,
                                     parameters_one, &p);

    return r->status ? r->error.status : STATUS_DONE;
}


static enum MHD_Result
parameters_one(void *data, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
    int             place;
    const char     *query;
    parameters_t   *p;

    (void) kind;

    p = data;
    query = p->request->route->query;
    place = parameters_place(query ? query : "", name);

    if (place == -1 || value == NULL || (p->seen & 1ull << place)) {
        (void) http_error(p->request, 422, "parameter",
                          "\"GET /v1/openapi.json\" says which there are",
                          place == -1 ? "there is no such parameter here"
                          : value ? "a parameter is given twice"
                                  : "a parameter has no value");
        return MHD_NO;
    }

    p->seen |= 1ull << place;

    return MHD_YES;
}


/* Which of the names is it?  -1: none. */

static int
parameters_place(const char *query, const char *name)
{
    int     place;
    size_t  len;

    len = strlen(name);

    for (place = 0; *query; place++) {

        if (strncmp(query, name, len) == 0
            && (query[len] == ' ' || query[len] == '\0'))
        {
            return place;
        }

        query += strcspn(query, " ");
        query += *query == ' ';
    }

    return -1;
}
