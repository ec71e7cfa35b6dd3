
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <limits.h>
#include <stddef.h>

#include "commands.h"


const command_t  admin_commands[] = {
    { "init", "", 0, 0, OPT_BIT(OPT_YES)|OPT_BIT(OPT_ACL),
      "Make the audit trail, or remember the one that is there",
      cmd_init },
    { "lock", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_AT)|OPT_BIT(OPT_UNTIL)|OPT_BIT(OPT_NOTICE)
      |OPT_BIT(OPT_READONLY)|OPT_BIT(OPT_REASON)|OPT_BIT(OPT_INVOICE)
      |OPT_BIT(OPT_AMOUNT)|OPT_BIT(OPT_CURRENCY)|OPT_BIT(OPT_DUE)
      |OPT_BIT(OPT_REF)|OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)
      |OPT_BIT(OPT_YES),
      "Close sites, now or at a time", cmd_lock },
    { "unlock", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_UNTIL)|OPT_BIT(OPT_REASON)|OPT_BIT(OPT_REQUEST_ID)
      |OPT_BIT(OPT_WAIT)|OPT_BIT(OPT_YES),
      "Open sites, whatever their server's default", cmd_unlock },
    { "reset", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)|OPT_BIT(OPT_YES),
      "Remove records: back to the suffix or the server's default",
      cmd_reset },
    { "import", "FILE|-", 1, 1,
      OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)|OPT_BIT(OPT_YES),
      "Make many records what a file says, CSV or JSON lines", cmd_import },
    { "protect", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REASON)|OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)
      |OPT_BIT(OPT_YES),
      "Mark sites that are never to be locked", cmd_protect },
    { "unprotect", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REASON)|OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)
      |OPT_BIT(OPT_YES),
      "Take that mark away", cmd_unprotect },
    { "notice", "HOST", 1, 1,
      OPT_BIT(OPT_CHANNEL)|OPT_BIT(OPT_REF)|OPT_BIT(OPT_SENT)
      |OPT_BIT(OPT_FILE)|OPT_BIT(OPT_REASON)|OPT_BIT(OPT_INVOICE)
      |OPT_BIT(OPT_AMOUNT)|OPT_BIT(OPT_CURRENCY)|OPT_BIT(OPT_DUE)
      |OPT_BIT(OPT_REQUEST_ID),
      "Note that a notice was sent; no site changes", cmd_notice },
    { "status", "HOST...", 1, INT_MAX, OPT_BIT(OPT_PROBE),
      "What holds now, by which record, and what comes next",
      cmd_status },
    { "list", "", 0, 0,
      OPT_BIT(OPT_STAGE)|OPT_BIT(OPT_MATCH)|OPT_BIT(OPT_REF)
      |OPT_BIT(OPT_HELD),
      "All hosts that have a record", cmd_list },
    { "audit log", "[HOST]", 0, 1,
      OPT_BIT(OPT_SINCE)|OPT_BIT(OPT_UNTIL)|OPT_BIT(OPT_ACTOR)
      |OPT_BIT(OPT_FOLLOW),
      "Every change, the oldest first", cmd_audit_log },
    { "audit verify", "[FILE]", 0, 1,
      OPT_BIT(OPT_CHECKPOINT)|OPT_BIT(OPT_TRUST),
      "Verify the audit trail, or an export of it",
      cmd_audit_verify },
    { "audit checkpoint", "", 0, 0, OPT_BIT(OPT_OUTPUT)|OPT_BIT(OPT_YES),
      "Sign a note of the last entry, to keep elsewhere",
      cmd_audit_checkpoint },
    { "audit export", "", 0, 0,
      OPT_BIT(OPT_HOST)|OPT_BIT(OPT_OUTPUT)|OPT_BIT(OPT_YES),
      "Write the entries to a file, to verify them offline",
      cmd_audit_export },
    { "nodes forget", "NAME...", 1, INT_MAX, 0,
      "Remove the reports of nodes that are no more", cmd_nodes_forget },
    { "nodes", "", 0, 0, 0,
      "Which nodes of nginx have applied what", cmd_nodes },
    { "adopt", "", 0, 0, OPT_BIT(OPT_YES),
      "Take this Redis as the truth after a loss", cmd_adopt },
    { "doctor", "", 0, 0, 0,
      "What is wrong with this installation, and how to mend it",
      cmd_doctor },
    { "pass issue", "HOST", 1, 1,
      OPT_BIT(OPT_TTL)|OPT_BIT(OPT_PASS_KEY)|OPT_BIT(OPT_PATH)
      |OPT_BIT(OPT_REASON),
      "Print a link by which a client sees a locked site", cmd_pass_issue },
    { "pass revoke", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_YES),
      "Refuse the passes that were issued until now", cmd_pass_revoke },
    { "pass list", "[HOST]", 0, 1, 0,
      "Which passes were issued, and which are still good",
      cmd_pass_list },
    { "key add", "KEY", 1, 1, OPT_BIT(OPT_REASON),
      "Let another operator's key count from now on", cmd_key_add },
    { "key revoke", "KEY", 1, 1, OPT_BIT(OPT_REASON),
      "Let a key not count any more", cmd_key_revoke },
    { "key list", "", 0, 0, 0,
      "Which keys count, and which did", cmd_key_list },
    { "keygen", "[FILE]", 0, 1, OPT_BIT(OPT_PASSPHRASE)|OPT_BIT(OPT_PASS),
      "Make a key of your own, which signs what you do", cmd_keygen },
    { "version", "", 0, 0, 0, "Print the version", cmd_version },
    { "complete", "[WORD]...", 0, INT_MAX, 0,
      "Print how a command line can go on, which shells ask", cmd_complete },
    { "help", "[COMMAND]", 0, 2, OPT_BIT(OPT_MAN), "Print help", cmd_help },
    { NULL, NULL, 0, 0, 0, NULL, NULL }
};
