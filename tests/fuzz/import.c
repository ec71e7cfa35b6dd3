
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A file of desired records.  What was read is sound, and is read again from
 * what it is written to, as CSV and as JSON lines.
 */


#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/import_record.h"
#include "paylock_host.h"
#include "base/text.h"


static void
tell(void *data, const error_info_t *p)
{
    size_t  *told;

    told = data;
    (*told)++;

    if (p->status != STATUS_USAGE || strncmp(p->message, "line ", 5) != 0) {
        abort();
    }
}


/* Reads from memory of its own, without a zero behind it. */

static int
read_text(const char *text, size_t len, import_list_t *ds, size_t *bad)
{
    int           status;
    char         *copy;
    size_t        told;
    error_info_t  p;

    copy = malloc(len ? len : 1);

    if (copy == NULL) {
        abort();
    }

    memcpy(copy, text, len);
    memset(ds, 0, sizeof(*ds));
    memset(&p, 0, sizeof(p));

    *bad = 0;
    told = 0;
    status = import_list_read(ds, copy, len, bad, tell, &told, &p);

    free(copy);

    if (told != *bad || (status != STATUS_DONE && p.message[0] == '\0')) {
        abort();
    }

    return status;
}


#define CASE_FIELDS  (PAYLOCK_CASE_END - PAYLOCK_CASE_FIRST)


/* The n-th text of a case, as it is called. */

static const paylock_field_t *
field_of(size_t n)
{
    return &paylock_entry_fields[PAYLOCK_CASE_FIRST + n];
}


static void
sound(const import_list_t *ds, size_t i)
{
    size_t                  n;
    const char             *text;
    const change_import_t  *d;

    d = &ds->record[i];

    for (n = 0; n < CASE_FIELDS; n++) {
        text = d->text[n];

        if (text && (*text == '\0'
                     || !(field_of(n)->flags & PAYLOCK_FIELD_IMPORT)
                     || text_check(text, strlen(text), field_of(n)->limit)))
        {
            abort();
        }
    }

    if (paylock_host_check(ds->host[i], strlen(ds->host[i])) != NULL
        || d->set == 0 || d->line == 0
        || (d->ref && !paylock_ref_check(d->ref, strlen(d->ref))))
    {
        abort();
    }
}


static void
csv_text(FILE *f, const char *text)
{
    fputs(",\"", f);

    for ( /* void */ ; text && *text; text++) {
        fputs(*text == '"' ? "\"\"" : (char[]) { *text, '\0' }, f);
    }

    fputc('"', f);
}


static void
write_csv(FILE *f, const char *host, const change_import_t *d)
{
    size_t          n;
    paylock_time_e  t;

    fputs(host, f);

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {
        fputc(',', f);

        if (import_has(d, t)) {
            fprintf(f, "%" PRIu32, d->time[t]);
        }
    }

    csv_text(f, d->ref);

    for (n = 0; n < CASE_FIELDS; n++) {
        if (field_of(n)->flags & PAYLOCK_FIELD_IMPORT) {
            csv_text(f, d->text[n]);
        }
    }

    fputs("\r\n", f);
}


static void
write_json(FILE *f, const char *host, const change_import_t *d)
{
    size_t           n;
    json_t          *o;
    paylock_time_e   t;

    o = json_pack("{s:s, s:s?}", "host", host, "ref", d->ref);

    for (n = 0; n < CASE_FIELDS; n++) {
        if (d->text[n]) {
            json_object_set_new(o, field_of(n)->name, json_string(d->text[n]));
        }
    }

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {
        if (import_has(d, t)) {
            json_object_set_new(o, paylock_time_names[t],
                                json_integer(d->time[t]));
        }
    }

    if (o == NULL || json_dumpf(o, f, JSON_COMPACT) != 0) {
        abort();
    }

    json_decref(o);
    fputc('\n', f);
}


static int
differ(const char *one, const char *two)
{
    return one == NULL || two == NULL ? one != two : strcmp(one, two) != 0;
}


static void
again(const import_list_t *ds, int json)
{
    char                   *text;
    FILE                   *f;
    size_t                  i, n, len, bad;
    import_list_t           same;
    const change_import_t  *d, *e;

    f = open_memstream(&text, &len);

    if (f == NULL) {
        abort();
    }

    if (!json) {
        fputs("host,open_at,notice_at,readonly_at,lock_at,ref", f);

        for (n = 0; n < CASE_FIELDS; n++) {
            if (field_of(n)->flags & PAYLOCK_FIELD_IMPORT) {
                fprintf(f, ",%s", field_of(n)->name);
            }
        }

        fputs("\r\n", f);
    }

    for (i = 0; i < ds->n; i++) {
        (json ? write_json : write_csv)(f, ds->host[i], &ds->record[i]);
    }

    fclose(f);

    if (read_text(text, len, &same, &bad) != STATUS_DONE || bad
        || same.n != ds->n)
    {
        abort();
    }

    for (i = 0; i < ds->n; i++) {
        d = &ds->record[i];
        e = &same.record[i];

        if (strcmp(ds->host[i], same.host[i]) != 0 || d->set != e->set
            || memcmp(d->time, e->time, sizeof(d->time)) != 0
            || differ(d->ref, e->ref))
        {
            abort();
        }

        for (n = 0; n < CASE_FIELDS; n++) {
            if (differ(d->text[n], e->text[n])) {
                abort();
            }
        }
    }

    import_list_free(&same);
    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int            status;
    size_t         i, bad;
    import_list_t  ds;

    status = read_text((const char *) data, size, &ds, &bad);

    for (i = 0; i < ds.n; i++) {
        sound(&ds, i);
    }

    if (status == STATUS_DONE && bad == 0 && ds.n) {
        again(&ds, 0);
        again(&ds, 1);
    }

    import_list_free(&ds);

    return 0;
}
