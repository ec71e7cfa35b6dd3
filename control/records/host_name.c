
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include <idn2.h>

#include "records/host_name.h"
#include "paylock_host_candidates.h"


#define NAME_HOLDERS  (PAYLOCK_HOST_MAX + 2)


static int host_name_add(char **names, size_t *n, const char *prefix,
    const char *name);
static int host_name_refuse(error_info_t *error, const char *text,
    const char *name, const char *why);
static int host_name_convert(error_info_t *error, const char *text,
    char **name);


void
host_names_free(char **names, size_t n)
{
    while (n) {
        free(names[--n]);
    }

    free(names);
}


int
host_name_candidates(control_t *ctl, const char *host, char ***names, size_t *n)
{
    size_t                     suffix;
    paylock_host_candidate_t   c;

    static const char *const  prefixes[] = {
        [PAYLOCK_HOST_EXACT] = "", [PAYLOCK_HOST_BELOW] = "*.",
        [PAYLOCK_HOST_FROM] = "."
    };

    *n = 0;
    *names = calloc(NAME_HOLDERS, sizeof(char *));

    if (*names == NULL) {
        return error_no_memory(&ctl->error);
    }

    suffix = paylock_host_suffix(host, strlen(host));

    paylock_host_candidates(&c, host + suffix, strlen(host + suffix),
                            paylock_host_kind(host, strlen(host)), 1);

    /* the rest after "www." may not be a host name, such as "_" */

    while (paylock_host_next(&c)) {
        if ((c.kind != PAYLOCK_HOST_EXACT
             || paylock_host_check(c.name, c.len) == NULL)
            && !host_name_add(*names, n, prefixes[c.kind], c.name))
        {
            host_names_free(*names, *n);
            return error_no_memory(&ctl->error);
        }
    }

    return STATUS_DONE;
}


static int
host_name_add(char **names, size_t *n, const char *prefix, const char *name)
{
    names[*n] = malloc(strlen(prefix) + strlen(name) + 1);

    if (names[*n] == NULL) {
        return 0;
    }

    (void) stpcpy(stpcpy(names[*n], prefix), name);
    (*n)++;

    return 1;
}


int
host_name_read(error_info_t *error, const char *text, char **name)
{
    int          status;
    size_t       i, len;
    const char  *why;

    *name = NULL;
    status = host_name_convert(error, text, name);

    if (status != STATUS_DONE) {
        return status;
    }

    len = strlen(*name);

    if (len > 1 && (*name)[len - 1] == '.') {
        (*name)[--len] = '\0';
    }

    for (i = 0; i < len; i++) {
        if ((*name)[i] >= 'A' && (*name)[i] <= 'Z') {
            (*name)[i] |= 0x20;
        }
    }

    why = paylock_host_check(*name, len);

    if (why) {
        status = host_name_refuse(error, text, *name, why);
        free(*name);
        *name = NULL;
    }

    return status;
}


static int
host_name_refuse(error_info_t *error, const char *text, const char *name,
    const char *why)
{
    char         form[PAYLOCK_HOST_MAX + 1];
    char         mend[sizeof(form) + sizeof("give it as \"\"")];
    const char  *help;

    /* special help for empty names and for wildcards */

    help = "give a host name such as acme.example";

    if (paylock_host_right_form(name, strlen(name), form) != 0
        && strcmp(name, form) != 0)
    {
        (void) snprintf(mend, sizeof(mend), "give it as \"%s\"", form);
        help = mend;
    }

    (void) error_set(error, STATUS_USAGE, "host", help,
                     "host \"%.300s\" %s", text, why);

    return error_about(error, text);
}


/* Converts U-labels to A-labels (IDNA2008 with the mapping of UTS #46). */

static int
host_name_convert(error_info_t *error, const char *text, char **name)
{
    int          rc;
    size_t       len, suffix;
    char        *idn;
    const char  *c;

    for (c = text; (unsigned char) *c - 1u < 0x7f; c++) { /* void */ }

    if (*c == '\0') {
        *name = strdup(text);
        return *name ? STATUS_DONE : error_no_memory(error);
    }

    len = strlen(text);
    suffix = paylock_host_suffix(text, len);

    rc = idn2_to_ascii_8z(text + suffix, &idn, IDN2_NONTRANSITIONAL);

    if (rc == IDN2_MALLOC) {
        return error_no_memory(error);
    }

    if (rc != IDN2_OK) {
        (void) error_set(error, STATUS_USAGE, "host",
                         "give it in UTF-8, or its form that begins with "
                         "xn--",
                         "host \"%.300s\" is no internationalized name: %s",
                         text, idn2_strerror(rc));
        return error_about(error, text);
    }

    *name = malloc(suffix + strlen(idn) + 1);

    if (*name) {
        memcpy(*name, text, suffix);
        strcpy(*name + suffix, idn);
    }

    idn2_free(idn);

    return *name ? STATUS_DONE : error_no_memory(error);
}
