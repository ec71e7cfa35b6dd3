
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/acl.h"
#include "cli/output.h"
#include "cli/prepare.h"
#include "cli/trail_init.h"
#include "commands.h"
#include "trail/trust.h"


static int init_report(admin_t *a, const head_t *head, int created);


int
cmd_init(admin_t *a)
{
    int     status, created;
    head_t  head;

    if (a->opt[OPT_ACL]) {
        return acl_print(a);
    }

    status = prepare(a, NEEDS_KNOWN|NEEDS_REDIS);

    if (status == STATUS_DONE) {
        status = trail_init(a, &head, &created);
    }

    if (status != STATUS_DONE) {
        return status;
    }

    trust_warn(a->ctl);

    return init_report(a, &head, created);
}


static int
init_report(admin_t *a, const head_t *head, int created)
{
    char  signers[TRUST_TEXT];

    if (head->seq == 0) {

        if (output_is_text(a)) {
            (void) printf("an audit trail would be made\n");
        }

        return output_print_json(a, json_pack("{s:n, s:n, s:n, s:n, s:b}",
                                              "chain",
                                              "seq", "hash", "signed",
                                              "created", 1));
    }

    if (output_is_text(a)) {
        trust_text(a->ctl, signers);
        (void) printf("%s: chain %s, entry %" PRIu64 ", hash %s, %s\n",
                      a->opt[OPT_DRY_RUN] ? "would be remembered"
                      : created ? "made" : "remembered",
                      head->chain, head->seq, head->hash, signers);
    }

    return output_print_json(a, json_pack("{s:s, s:o, s:s, s:b, s:b}",
                                          "chain", head->chain,
                                          "seq", number_json(head->seq),
                                          "hash", head->hash,
                                          "signed", a->ctl->trust.signers
                                                    != NULL,
                                          "created", created));
}
