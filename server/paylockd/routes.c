
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What can be asked for: the dispatcher and the OpenAPI document go by this
 * table, docs/api.md is compared with it.
 */


#include "paylockd/http.h"


const route_t  routes[] = {
    { "GET", "/v1/sites", "read", route_sites, NULL,
      "stage q match hold invoice ref planned_before sort limit cursor",
      "Sites that have a record" },
    { "GET", "/v1/sites/{host}", "read", route_site, NULL, NULL,
      "What holds for a site, and by which record" },
    { "POST", "/v1/lock", "lock", NULL, "lock", "dry_run",
      "Close sites, now or at a time" },
    { "POST", "/v1/unlock", "unlock", NULL, "unlock", "dry_run",
      "Open sites, whatever their server's default" },
    { "PUT", "/v1/sites/{host}/holds/{hold}", "lock", NULL, "lock", "dry_run",
      "Close a site for this reason, if it is not closed for it yet" },
    { "DELETE", "/v1/sites/{host}/holds/{hold}", "unlock", NULL, "unlock",
      "dry_run", "Open a site that is closed for this reason only" },
    { "POST", "/v1/reset", "reset", NULL, "reset", "dry_run",
      "Remove records: back to the suffix or the server's default" },
    { "POST", "/v1/protect", "protect", NULL, "protect", "dry_run",
      "Mark sites that are never to be locked" },
    { "POST", "/v1/unprotect", "unprotect", NULL, "unprotect", "dry_run",
      "Remove that mark" },
    { "POST", "/v1/notice", "notice", NULL, "notice", "dry_run",
      "Record that a notice was sent; no site changes" },
    { "POST", "/v1/passes/revoke", "pass", NULL, "pass revoke", "dry_run",
      "Refuse the passes that were issued until now" },
    { "GET", "/v1/audit", "audit", route_audit, NULL,
      "host actor action since until after limit",
      "Entries of the audit trail" },
    { "GET", "/v1/events", "read", NULL, NULL, NULL,
      "Changes as they come, as Server-Sent Events" },
    { "GET", "/v1/nodes", "read", route_nodes, NULL, NULL,
      "Which nodes of nginx have applied what" },
    { "POST", "/v1/session", NULL, route_login, NULL, NULL,
      "Begin a session, by a link of paylock-admin login" },
    { "DELETE", "/v1/session", NULL, route_logout, NULL, NULL,
      "End the session" },
    { "GET", "/v1/me", "read", route_me, NULL, NULL,
      "Who you are, what you may do, and until when" },
    { "GET", "/v1/openapi.json", "read", route_openapi, NULL, NULL,
      "This document" },
    { "GET", "/v1/health", NULL, route_health, NULL, NULL,
      "Is Redis followed?" },
    { .method = NULL }
};
