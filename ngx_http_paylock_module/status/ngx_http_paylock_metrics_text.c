
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The metrics as text.  docs/monitoring.md says what each means.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_metrics.h"
#include "paylock_escape.h"
#include "paylock_version.h"


#define NGX_HTTP_PAYLOCK_METRICS_SIZE  16384   /* twice what there is */

#define m_offset(field)  offsetof(ngx_http_paylock_metrics_t, field)
#define m_counted(column)                                                     \
    (m_offset(counted) + NGX_HTTP_PAYLOCK_COUNTER_##column * sizeof(int64_t))


typedef struct {
    const char  *name;
    const char  *type;
    const char  *help;
    size_t       offset;                       /* of the first value */
    ngx_uint_t   digits;                       /* after the decimal point */
    ngx_uint_t   n;
    const char  *label;                        /* NULL: one value, without */
    const char  *(*value)(ngx_uint_t i);       /* ... of the label */
} ngx_http_paylock_family_t;


static u_char *ngx_http_paylock_metrics_text_info(u_char *p, u_char *last,
    ngx_str_t *name, ngx_uint_t json);
static u_char *ngx_http_paylock_metrics_text_prometheus(u_char *p, u_char *last,
    const ngx_http_paylock_family_t *family, const int64_t *value);
static u_char *ngx_http_paylock_metrics_text_json(u_char *p, u_char *last,
    const ngx_http_paylock_family_t *family, const int64_t *value);
static u_char *ngx_http_paylock_metrics_text_number(u_char *p, u_char *last,
    int64_t value, ngx_uint_t digits);
static const char *ngx_http_paylock_metrics_text_state(ngx_uint_t i);
static const char *ngx_http_paylock_metrics_text_stage(ngx_uint_t i);
static const char *ngx_http_paylock_metrics_text_request(ngx_uint_t i);
static const char *ngx_http_paylock_metrics_text_answer(ngx_uint_t i);


static const ngx_http_paylock_family_t  ngx_http_paylock_families[] = {

    { "paylock_node_state", "gauge",
      "1 for the state in which this nginx is.",
      m_offset(state), 0, NGX_HTTP_PAYLOCK_NODE_DIVERGED + 1,
      "state", ngx_http_paylock_metrics_text_state },

    { "paylock_answer_age_seconds", "gauge",
      "Time since the last good answer of Redis.",
      m_offset(age), 3, 1, NULL, NULL },

    { "paylock_clock_ahead_seconds", "gauge",
      "The clock of this machine less that of Redis.",
      m_offset(ahead), 3, 1, NULL, NULL },

    { "paylock_entry_seq", "gauge",
      "Number of the last entry of the audit trail that is in force.",
      m_offset(seq), 0, 1, NULL, NULL },

    { "paylock_records", "gauge",
      "Records by the stage that they put their host in now.",
      m_offset(records), 0, PAYLOCK_LOCKED + 1,
      "stage", ngx_http_paylock_metrics_text_stage },

    { "paylock_held_hosts", "gauge",
      "Hosts that stay as they were against what Redis shows.",
      m_offset(held), 0, 1, NULL, NULL },

    { "paylock_rejected_records", "gauge",
      "Fields in Redis that are no records, when all were read last.",
      m_offset(rejected), 0, 1, NULL, NULL },

    { "paylock_zone_capacity_records", "gauge",
      "Records for which the zone has room.",
      m_offset(capacity), 0, 1, NULL, NULL },

    { "paylock_zone_size_bytes", "gauge",
      "Size of the zone.",
      m_offset(bytes), 0, 1, NULL, NULL },

    { "paylock_requests_total", "counter",
      "Requests by the state of their host, or by why they were let through.",
      m_counted(REQUESTS), 0, NGX_HTTP_PAYLOCK_COUNTER_ANSWERS,
      "state", ngx_http_paylock_metrics_text_request },

    { "paylock_answers_total", "counter",
      "Answers instead of the site's, by their type.",
      m_counted(ANSWERS), 0,
      NGX_HTTP_PAYLOCK_COUNTER_PREFLIGHTS
      - NGX_HTTP_PAYLOCK_COUNTER_ANSWERS + 1,
      "type", ngx_http_paylock_metrics_text_answer },

    { "paylock_redis_connections_total", "counter",
      "Connections to Redis that were made.",
      m_counted(CONNECTIONS), 0, 1, NULL, NULL },

    { "paylock_unaudited_changes_total", "counter",
      "Records that were changed in Redis without an entry.",
      m_counted(UNAUDITED), 0, 1, NULL, NULL },

    { "paylock_refused_reports_total", "counter",
      "Reports of this nginx that Redis has refused.",
      m_counted(REFUSED), 0, 1, NULL, NULL },

    { "paylock_feed_longest_turn_seconds", "gauge",
      "The longest that following Redis has kept a worker at once.",
      m_counted(LONGEST), 9, 1, NULL, NULL }
};


ngx_buf_t *
ngx_http_paylock_metrics_text(ngx_pool_t *pool, ngx_str_t *name,
    ngx_http_paylock_metrics_t *m, ngx_uint_t json)
{
    u_char                           *p, *last;
    ngx_buf_t                        *b;
    ngx_uint_t                        i;
    const int64_t                    *value;
    const ngx_http_paylock_family_t  *family;

    b = ngx_create_temp_buf(pool, NGX_HTTP_PAYLOCK_METRICS_SIZE);
    if (b == NULL) {
        return NULL;
    }

    last = b->end;
    p = ngx_http_paylock_metrics_text_info(b->last, last, name, json);

    for (i = 0; i < sizeof(ngx_http_paylock_families)
                    / sizeof(ngx_http_paylock_families[0]); i++)
    {
        family = &ngx_http_paylock_families[i];
        value = (const int64_t *) ((const u_char *) m + family->offset);

        p = json
            ? ngx_http_paylock_metrics_text_json(p, last, family, value)
            : ngx_http_paylock_metrics_text_prometheus(p, last, family, value);
    }

    b->last = json ? ngx_slprintf(p, last, "}\n") : p;

    return b;
}


static u_char *
ngx_http_paylock_metrics_text_info(u_char *p, u_char *last, ngx_str_t *name,
    ngx_uint_t json)
{
    char           safe[6 * 256];
    paylock_str_t  text;

    /* escaped for JSON it is a valid label value, too */

    text.data = (char *) name->data;
    text.len = ngx_min(name->len, sizeof(safe) / 6);
    text.len = paylock_escape(safe, PAYLOCK_FORMAT_JSON, text);

    if (json) {
        return ngx_slprintf(p, last, "{\"paylock_info\":{\"node\":\"%*s\","
                            "\"version\":\"" PAYLOCK_VERSION "\"}",
                            text.len, safe);
    }

    return ngx_slprintf(p, last,
                        "# HELP paylock_info Which nginx this is.\n"
                        "# TYPE paylock_info gauge\n"
                        "paylock_info{node=\"%*s\",version=\""
                        PAYLOCK_VERSION "\"} 1\n", text.len, safe);
}


static u_char *
ngx_http_paylock_metrics_text_prometheus(u_char *p, u_char *last,
    const ngx_http_paylock_family_t *family, const int64_t *value)
{
    ngx_uint_t  i;

    p = ngx_slprintf(p, last, "# HELP %s %s\n# TYPE %s %s\n", family->name,
                     family->help, family->name, family->type);

    for (i = 0; i < family->n; i++) {

        if (value[i] == NGX_HTTP_PAYLOCK_METRICS_NONE) {
            continue;
        }

        p = ngx_slprintf(p, last, "%s", family->name);

        if (family->label) {
            p = ngx_slprintf(p, last, "{%s=\"%s\"}", family->label,
                             family->value(i));
        }

        p = ngx_slprintf(p, last, " ");
        p = ngx_http_paylock_metrics_text_number(p, last, value[i],
                                                 family->digits);
        p = ngx_slprintf(p, last, "\n");
    }

    return p;
}


static u_char *
ngx_http_paylock_metrics_text_json(u_char *p, u_char *last,
    const ngx_http_paylock_family_t *family, const int64_t *value)
{
    ngx_uint_t  i;

    p = ngx_slprintf(p, last, ",\"%s\":%s", family->name,
                     family->label ? "{" : "");

    for (i = 0; i < family->n; i++) {

        if (family->label) {
            p = ngx_slprintf(p, last, "%s\"%s\":", i ? "," : "",
                             family->value(i));
        }

        p = value[i] == NGX_HTTP_PAYLOCK_METRICS_NONE
            ? ngx_slprintf(p, last, "null")
            : ngx_http_paylock_metrics_text_number(p, last, value[i],
                                                   family->digits);
    }

    return ngx_slprintf(p, last, "%s", family->label ? "}" : "");
}


static u_char *
ngx_http_paylock_metrics_text_number(u_char *p, u_char *last, int64_t value,
    ngx_uint_t digits)
{
    int64_t     unit;
    ngx_uint_t  i;

    for (unit = 1, i = 0; i < digits; i++) {
        unit *= 10;
    }

    if (value < 0) {
        p = ngx_slprintf(p, last, "-");
        value = -value;
    }

    p = ngx_slprintf(p, last, "%L", value / unit);

    if (digits) {
        p = ngx_slprintf(p, last, ".");
    }

    for (value %= unit; unit > 1; value %= unit) {
        unit /= 10;
        p = ngx_slprintf(p, last, "%L", value / unit);
    }

    return p;
}


static const char *
ngx_http_paylock_metrics_text_state(ngx_uint_t i)
{
    return ngx_http_paylock_node_states[i];
}


static const char *
ngx_http_paylock_metrics_text_stage(ngx_uint_t i)
{
    return paylock_stage_names[i];
}


static const char *
ngx_http_paylock_metrics_text_request(ngx_uint_t i)
{
    return i <= PAYLOCK_LOCKED
           ? paylock_stage_names[i]
           : ngx_http_paylock_let_through_names[i - PAYLOCK_LOCKED];
}


static const char *
ngx_http_paylock_metrics_text_answer(ngx_uint_t i)
{
    static const char *const  types[] = {
        "html", "problem+json", "text", "empty", "preflight"
    };

    return types[i];
}
