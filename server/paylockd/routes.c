
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
      "Sites that have a record", "sites" },
    { "GET", "/v1/sites/{host}", "read", route_site, NULL, NULL,
      "What holds for a site, and by which record", "site" },
    { "POST", "/v1/lock", "lock", NULL, "lock", "dry_run",
      "Close sites, now or at a time", "change" },
    { "POST", "/v1/unlock", "unlock", NULL, "unlock", "dry_run",
      "Open sites, whatever their server's default", "change" },
    { "PUT", "/v1/sites/{host}/holds/{hold}", "lock", NULL, "lock", "dry_run",
      "Close a site for this reason, if it is not closed for it yet",
      "change" },
    { "DELETE", "/v1/sites/{host}/holds/{hold}", "unlock", NULL, "unlock",
      "dry_run", "Open a site that is closed for this reason only",
      "change" },
    { "POST", "/v1/reset", "reset", NULL, "reset", "dry_run",
      "Remove records: back to the suffix or the server's default", "change" },
    { "POST", "/v1/protect", "protect", NULL, "protect", "dry_run",
      "Mark sites that are never to be locked", "change" },
    { "POST", "/v1/unprotect", "unprotect", NULL, "unprotect", "dry_run",
      "Remove that mark", "change" },
    { "POST", "/v1/notice", "notice", NULL, "notice", "dry_run",
      "Record that a notice was sent; no site changes", "change" },
    { "POST", "/v1/import", "import", NULL, "import", "dry_run",
      "Give each site the record that a row has for it", "change" },
    { "GET", "/v1/passes", "pass", route_passes, NULL, "host",
      "Passes that were issued, and which are still good", "passes" },
    { "POST", "/v1/passes", "pass", NULL, "pass issue", "dry_run",
      "Issue a pass: a link that shows a locked site to a client", "pass" },
    { "POST", "/v1/passes/revoke", "pass", NULL, "pass revoke", "dry_run",
      "Refuse the passes that were issued until now", "change" },
    { "GET", "/v1/audit", "audit", route_audit, NULL,
      "host actor action since until after limit",
      "Entries of the audit trail", "audit" },
    { "GET", "/v1/audit/verify", "audit", route_verify, NULL, NULL,
      "Is the audit trail good, and are the records as it says?",
      "verification" },
    { "GET", "/v1/audit/export", "audit", route_export, NULL, "host",
      "The audit trail as JSON lines, to verify it elsewhere" },
    { "GET", "/v1/events", "read", NULL, NULL, NULL,
      "Changes as they come, as Server-Sent Events" },
    { "GET", "/v1/nodes", "read", route_nodes, NULL, NULL,
      "Which nodes of nginx have applied what", "nodes" },
    { "GET", "/v1/doctor", "read", route_doctor, NULL, NULL,
      "What is wrong with the installation, and how to mend it", "doctor" },
    { "GET", "/v1/tokens", "read", route_tokens, NULL, NULL,
      "Tokens that there are, and what each allows", "tokens" },
    { "POST", "/v1/session", NULL, route_login, NULL, NULL,
      "Begin a session, by a link of paylock-admin login",
      "session" },
    { "DELETE", "/v1/session", NULL, route_logout, NULL, NULL,
      "End the session", "session_end" },
    { "GET", "/v1/me", "read", route_me, NULL, NULL,
      "Who you are, what you may do, and until when", "me" },
    { "GET", "/v1/openapi.json", "read", route_openapi, NULL, NULL,
      "This document" },
    { "GET", "/v1/health", NULL, route_health, NULL, NULL,
      "Is Redis followed?", "health" },
    { .method = NULL }
};
