
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A reply to HSCAN (redis.io/commands/hscan), in RESP as it came, without an
 * object for each string: for a million of them that is what takes the time.
 */


#ifndef _RECORDS_PAGE_H_INCLUDED_
#define _RECORDS_PAGE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define RECORDS_CURSOR    24
#define RECORDS_PAGE_MAX  (1u << 30)   /* bytes */


/* A string of the reply. */

typedef struct {
    uint32_t          at;
    uint32_t          len;
} records_part_t;


typedef enum {
    RECORDS_PAGE_BEGIN = 0,
    RECORDS_PAGE_CURSOR,
    RECORDS_PAGE_PAIRS,
    RECORDS_PAGE_STRINGS
} records_page_e;


typedef struct records_page_s  records_page_t;


struct records_page_s {
    records_page_t   *next;            /* for the caller */

    char             *data;            /* the reply, as it came */
    size_t            len;
    size_t            size;

    records_part_t   *part;            /* host, record, host, … */
    size_t            n;

    /* while it is parsed */

    size_t            at;
    size_t            room;
    size_t            due;             /* parts of the reply */
    char              cursor[RECORDS_CURSOR];
    records_page_e    stage;
};


records_page_t *records_page_create(void);
void records_page_free(records_page_t *page);

/* Makes room for so many bytes.  Returns 0; -1: no memory. */

int records_page_reserve(records_page_t *page, size_t size);

/*
 * Goes on with what has come: [cursor, [host, record, …]].  Returns 1 at the
 * end of the reply, 0 if there is more to come, -1 if it is of another form.
 */

int records_page_parse(records_page_t *page);


#endif /* _RECORDS_PAGE_H_INCLUDED_ */
