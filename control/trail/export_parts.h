
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the files of the export share.
 */


#ifndef _EXPORT_PARTS_H_INCLUDED_
#define _EXPORT_PARTS_H_INCLUDED_


#include "trail/archives.h"
#include "trail/export.h"
#include "trail/path.h"


typedef struct {
    control_t  *ctl;
    verify_t   *verify;
    export_t   *export;
    FILE       *f;
    path_t      path;                  /* of one host */
    archives_t  archives;
    int         status;
    unsigned    pending:1;             /* entry in full, signature to come */
} export_run_t;


/* All return a status, where nothing else is said. */

int export_line(export_run_t *r, json_t *json);

/*
 * export_host.c: the first verifies the trail up to its head, and finds the
 * way; the second writes it, and verifies what is written.
 */

int export_host_begin(export_run_t *r);
int export_host_lines(export_run_t *r);

/* export_find.c: finds the entries of x->host up to x->head, and who signs. */

int export_find(export_run_t *r);

/* Does an entry of this host concern x->host?  A suffix: all names below. */

int export_concerns(const export_t *x, const paylock_str_t *host);


#endif /* _EXPORT_PARTS_H_INCLUDED_ */
