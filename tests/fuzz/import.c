
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


static void
sound(const import_list_t *ds, size_t i)
{
    const change_import_t  *d;

    d = &ds->record[i];

    if (paylock_host_check(ds->host[i], strlen(ds->host[i])) != NULL
        || d->set == 0 || d->line == 0
        || (d->reason && (*d->reason == '\0'
                          || text_check(d->reason, strlen(d->reason), 1000)))
        || (d->invoice && text_check(d->invoice, strlen(d->invoice), 200))
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
    paylock_time_e  t;

    fputs(host, f);

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {
        fputc(',', f);

        if (import_has(d, t)) {
            fprintf(f, "%" PRIu32, d->time[t]);
        }
    }

    csv_text(f, d->reason);
    csv_text(f, d->invoice);
    csv_text(f, d->ref);
    fputs("\r\n", f);
}


static void
write_json(FILE *f, const char *host, const change_import_t *d)
{
    json_t          *o;
    paylock_time_e   t;

    o = json_pack("{s:s, s:s?, s:s?, s:s?}", "host", host, "reason",
                  d->reason, "invoice", d->invoice, "ref", d->ref);

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
    size_t                  i, len, bad;
    import_list_t           same;
    const change_import_t  *d, *e;

    f = open_memstream(&text, &len);

    if (f == NULL) {
        abort();
    }

    if (!json) {
        fputs("host,open_at,notice_at,readonly_at,lock_at,reason,invoice,ref"
              "\r\n", f);
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
            || differ(d->reason, e->reason) || differ(d->invoice, e->invoice)
            || differ(d->ref, e->ref))
        {
            abort();
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
