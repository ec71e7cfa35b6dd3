
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stddef.h>

#include "cli/options.h"


#define option_row(id, name, type, limit, flags, label, value, help)          \
    [OPT_##id] = { name, value, help },


const option_t  admin_options[OPT_N] = {
    [OPT_REDIS] = { "redis", "URL",
        "redis[s]://[user@]host[:port][/db], unix:/path[?db=N]" },
    [OPT_PREFIX] = { "prefix", "P", "prefix of the keys in Redis" },
    [OPT_PASSWORD_FILE] = { "password-file", "FILE",
        "its first line is the password of Redis" },
    [OPT_TLS_CA] = { "tls-ca", "FILE",
        "authorities for rediss://; the system's if not given" },
    [OPT_TLS_CERT] = { "tls-cert", "FILE", "certificate to show to Redis" },
    [OPT_TLS_KEY] = { "tls-key", "FILE", "its key, without a passphrase" },
    [OPT_TLS_NAME] = { "tls-name", "NAME",
        "name in the certificate of Redis, if not the host" },
    [OPT_KEY] = { "key", "FILE", "your private key, which signs" },
    [OPT_PASSPHRASE_FILE] = { "passphrase-file", "FILE",
        "its first line is the passphrase of that key" },
    [OPT_SIGNERS] = { "signers", "FILE", "it says whose signatures count" },
    [OPT_REALM] = { "realm", "NAME",
        "what you sign counts in this one only" },
    [OPT_CONFIG] = { "config", "FILE",
        "read this instead of the user's and the machine's" },
    [OPT_JSON] = { "json", NULL, "print JSON, errors as well" },
    [OPT_QUIET] = { "quiet", NULL, "print nothing but errors" },
    [OPT_DRY_RUN] = { "dry-run", NULL,
        "say what would change, change nothing" },
    [OPT_HELP] = { "help", NULL, "print help and do nothing" },
    [OPT_AT] = { "at", "TIME", "when to lock; now if not given" },
    [OPT_UNTIL] = { "until", "TIME", "when to open again; after the others" },
    [OPT_NOTICE] = { "notice", "TIME",
        "when $paylock_state becomes \"notice\"" },
    [OPT_READONLY] = { "readonly", "TIME",
        "when only GET, HEAD and OPTIONS begin to pass" },
    PAYLOCK_CASE_FIELDS(option_row)
    [OPT_REF] = { "ref", "TEXT",
        "shown in public, or made up; of a notice: its number" },
    [OPT_HELD] = { "held", NULL,
        "those closed by the audit trail, but open in Redis" },
    [OPT_REQUEST_ID] = { "request-id", "ID",
        "with the same ID nothing is done twice" },
    [OPT_STAGE] = { "stage", "STAGE",
        "open, notice, readonly, locked or default" },
    [OPT_MATCH] = { "match", "GLOB",
        "hosts that match a pattern such as \"*.fr\"" },
    [OPT_YES] = { "yes", NULL, "do not ask" },
    [OPT_ACL] = { "acl", NULL, "print the users for Redis, do nothing else" },
    [OPT_PASSPHRASE] = { "passphrase", NULL,
        "ask for a passphrase to protect the key" },
    [OPT_CHECKPOINT] = { "checkpoint", "FILE",
        "one that was kept; may be given more than once" },
    [OPT_TRUST] = { "trust", "KEY",
        "a public key that counts as well: digits, or a file" },
    [OPT_FULL] = { "full", NULL,
        "verify all, also what was verified here before" },
    [OPT_KNOWN] = { "known", "SEQ:HASH",
        "the last entry that a node of nginx knows" },
    [OPT_DROP] = { "drop", NULL, "remove the records that no entry wrote" },
    [OPT_HOST] = { "host", "HOST", "show the entries of this one only" },
    [OPT_OUTPUT] = { "output", "FILE", "write there; the same as -o" },
    PAYLOCK_NOTICE_FIELDS(option_row)
    [OPT_FILE] = { "file", "FILE", "the document sent: its SHA-256 is noted" },
    [OPT_SINCE] = { "since", "TIME", "leave out earlier entries" },
    [OPT_BEFORE] = { "before", "TIME", "the entries that are older" },
    [OPT_ARCHIVE] = { "archive", "FILE",
        "of older entries; once for each, the oldest first" },
    [OPT_ACTOR] = { "actor", "NAME", "only the entries of this actor" },
    [OPT_FOLLOW] = { "follow", NULL, "then go on with new entries" },
    [OPT_PROBE] = { "probe", "URL",
        "ask this URL what the site really answers" },
    [OPT_WAIT] = { "wait", "SECONDS",
        "wait until all nodes of nginx have it; 10 by default", 1 },
    [OPT_PASS] = { "pass", "FILE",
        "make or rotate keys of passes in this file instead" },
    [OPT_TTL] = { "ttl", "TIME", "how long the pass is good, such as 7d" },
    [OPT_PASS_KEY] = { "key", "FILE", "the file that \"keygen --pass\" made" },
    [OPT_PATH] = { "path", "PATH", "where the link leads; / if not given" },
    [OPT_UNDO] = { "undo", NULL,
        "undo it; records, trail, keys and signers stay" },
    [OPT_CONTACT] = { "contact", "TEXT",
        "whom the page names, such as mailto:billing@agency.example" },
    [OPT_NGINX] = { "nginx", "FILE", "the program of nginx, if not the usual" },
    [OPT_NGINX_CONF] = { "nginx-conf", "FILE",
        "for the directives; nginx must include it in http" },
    [OPT_ALLOW] = { "allow", "SCOPES",
        "what it may do, such as read,lock,unlock" },
    [OPT_HOLD] = { "hold", "HOLDS",
        "which holds it may set and lift; billing if not given" },
    [OPT_HOSTS] = { "hosts", "NAMES",
        "of which hosts, such as *.client.example; all if not given" },
    [OPT_IP] = { "ip", "ADDRESSES",
        "from these addresses and networks only" },
    [OPT_EXPIRES] = { "expires", "TIME", "until then, such as 1y" },
    [OPT_ROLE] = { "role", "ROLE", "viewer, or operator; viewer if not given" },
    [OPT_URL] = { "url", "URL",
        "where the panel is, such as https://panel.example/paylock/" }
};


int
option_is_taken(uint64_t options, option_e o)
{
    return o < OPT_AT ? o != OPT_KEY || !(options & OPT_BIT(OPT_PASS_KEY))
                      : (options & OPT_BIT(o)) != 0;
}
