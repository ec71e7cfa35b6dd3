
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "base/time_text.h"
#include "change/change_order.h"


#define PASS_TTL  30                   /* bytes; none is longer */


static int pass_host(const change_order_t *o);
static int pass_ttl(change_order_t *o);
static int pass_path(const change_order_t *o);


int
change_order_pass(change_order_t *o)
{
    o->issue.path = o->in.text[CHANGE_INPUT_PATH];
    o->issue.reason = o->in.text[CHANGE_INPUT_REASON];
    o->args = &o->issue;

    return pass_host(o) == STATUS_DONE && pass_ttl(o) == STATUS_DONE
           && change_input_reason(&o->ctl->error, &o->in) == STATUS_DONE
           ? pass_path(o) : o->ctl->error.status;
}


static int
pass_host(const change_order_t *o)
{
    if (o->n != 1) {
        return error_set(&o->ctl->error, STATUS_USAGE, "hosts",
                         "issue one for each", "a pass is for one host");
    }

    return o->host[0][0] != '.' && o->host[0][0] != '*'
           ? STATUS_DONE
           : error_set(&o->ctl->error, STATUS_USAGE, "host",
                       "give the name of the site",
                       "a pass is for one host, and \"%.100s\" stands for "
                       "many", o->host[0]);
}


static int
pass_ttl(change_order_t *o)
{
    char         text[PASS_TTL + 2];
    const char  *ttl;

    ttl = o->in.text[CHANGE_INPUT_TTL];

    if (ttl == NULL) {
        return error_set(&o->ctl->error, STATUS_USAGE, "option",
                         "give a time such as 7d",
                         "\"pass issue\" needs --ttl");
    }

    (void) snprintf(text, sizeof(text), "+%s", ttl + (*ttl == '+'));

    return strlen(ttl) <= PASS_TTL
           && time_parse(text, 0, &o->issue.ttl) == NULL && o->issue.ttl
           ? STATUS_DONE
           : error_set(&o->ctl->error, STATUS_USAGE, "time",
                       "give a number and one of s, m, h, d, w, such as "
                       "7d", "\"%.100s\" of --ttl is no length of time", ttl);
}


static int
pass_path(const change_order_t *o)
{
    size_t       i, len;
    const char  *path;

    path = o->issue.path;

    if (path == NULL) {
        return STATUS_DONE;
    }

    len = strlen(path);

    for (i = 0; i < len && path[i] > ' ' && path[i] < 0x7f
                && strchr("\"#<>\\^`{|}", path[i]) == NULL; i++)
    {
        /* void */
    }

    return path[0] != '/' || i < len || len > CHANGE_PASS_PATH
           ? error_set(&o->ctl->error, STATUS_USAGE, "path",
                       "give it as in an address, such as "
                       "/shop?page=2", "\"%.100s\" of --path is no path on "
                       "the site", path)
           : STATUS_DONE;
}
