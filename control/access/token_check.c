
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens.h"


/* An address or network; IPv4 as IPv6 has it, ::ffff:192.0.2.7. */

typedef struct {
    unsigned char  address[16];
    unsigned       bits;
} network_t;


static int token_is_in(const json_t *token, const char *list,
    const char *value);
static int token_is_of(const json_t *token, const token_use_t *use,
    error_info_t *error);
static int token_is_from(const json_t *token, const char *address);
static int network_parse(const char *text, network_t *network);
static int network_has(const network_t *network, const network_t *address);
static uint32_t token_time(const json_t *token, const char *name);


const char *const  token_scopes[] = {
    "read", "audit", "lock", "unlock", "reset", "protect", "unprotect",
    "notice", "import", "pass", "payment", NULL
};

static const char *const  token_holds[] = {
    "billing", "abuse", "legal", "admin", NULL
};

const char  token_scopes_text[] =
    "read, audit, lock, unlock, reset, protect, unprotect, notice, import, "
    "pass and payment";


int
token_check(const json_t *token, const token_use_t *use, error_info_t *error)
{
    uint32_t     expires;
    const char  *name;

    name = json_string_value(json_object_get(token, "name"));
    expires = token_time(token, "expires");

    if (token_time(token, "revoked")) {
        return error_set(error, STATUS_FAILED, "unauthorized",
                         "create another one",
                         "the token \"%.64s\" is revoked", name);
    }

    if (expires && expires <= use->now) {
        return error_set(error, STATUS_FAILED, "unauthorized",
                         "create another one",
                         "the token \"%.64s\" has expired", name);
    }

    if (!token_is_from(token, use->address)) {
        return error_set(error, STATUS_FAILED, "forbidden",
                         "create one with --ip for this address",
                         "the token \"%.64s\" is not for the address "
                         "\"%.60s\"", name, use->address);
    }

    if (!token_is_in(token, "allow", use->scope)) {
        return error_set(error, STATUS_FAILED, "forbidden",
                         "create one with --allow for it",
                         "the token \"%.64s\" does not allow \"%.20s\"", name,
                         use->scope);
    }

    if (use->hold && !token_is_in(token, "holds", use->hold)) {
        return error_set(error, STATUS_FAILED, "forbidden",
                         "create one with --hold for it",
                         "the token \"%.64s\" does not allow the hold "
                         "\"%.20s\"", name, use->hold);
    }

    return token_is_of(token, use, error);
}


static int
token_is_in(const json_t *token, const char *list, const char *value)
{
    size_t         i;
    const json_t  *member;

    json_array_foreach(json_object_get(token, list), i, member) {
        if (json_is_string(member)
            && strcmp(json_string_value(member), value) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Are all the hosts those of the token? */

static int
token_is_of(const json_t *token, const token_use_t *use, error_info_t *error)
{
    size_t         i;
    const json_t  *hosts;

    hosts = json_object_get(token, "hosts");

    for (i = 0; i < use->n && json_array_size(hosts); i++) {

        if (!token_covers(hosts, use->host[i])) {
            (void) error_set(error, STATUS_FAILED, "forbidden",
                             "create one with --hosts for it",
                             "the token \"%.64s\" is not for \"%.255s\"",
                             json_string_value(json_object_get(token, "name")),
                             use->host[i]);
            return error_about(error, use->host[i]);
        }
    }

    return STATUS_DONE;
}


/*
 * Is the host one of these, or, as records have it, below one: *.x is for names
 * below x, and .x for x too?  So *.a.x is below *.x, and x is not.
 */

int
token_covers(const json_t *hosts, const char *host)
{
    size_t         i, len, n;
    const char    *name, *below;
    const json_t  *member;

    n = strlen(host);

    json_array_foreach(hosts, i, member) {
        name = json_string_value(member);

        if (name == NULL || strcmp(name, host) == 0) {
            return name != NULL;
        }

        below = *name == '*' ? name + 1 : name;
        len = strlen(below);

        if (*below == '.'
            && ((n > len && strcmp(host + n - len, below) == 0)
                || (*name == '.' && strcmp(host, below + 1) == 0)))
        {
            return 1;
        }
    }

    return 0;
}


static int
token_is_from(const json_t *token, const char *address)
{
    size_t         i;
    network_t      network, client;
    const json_t  *member, *list;

    list = json_object_get(token, "ip");

    if (json_array_size(list) == 0) {
        return 1;
    }

    if (network_parse(address, &client) != 0 || client.bits != 128) {
        return 0;
    }

    json_array_foreach(list, i, member) {
        if (json_is_string(member)
            && network_parse(json_string_value(member), &network) == 0
            && network_has(&network, &client))
        {
            return 1;
        }
    }

    return 0;
}


static int
network_parse(const char *text, network_t *network)
{
    char            copy[INET6_ADDRSTRLEN + 4], *slash, *end;
    unsigned        most;
    unsigned long   bits;

    static const unsigned char  mapped[12] = { [10] = 0xff, [11] = 0xff };

    if (strlen(text) >= sizeof(copy)) {
        return -1;
    }

    strcpy(copy, text);
    slash = strchr(copy, '/');

    if (slash) {
        *slash++ = '\0';
    }

    memcpy(network->address, mapped, sizeof(mapped));

    if (inet_pton(AF_INET, copy, network->address + sizeof(mapped)) == 1) {
        most = 32;

    } else if (inet_pton(AF_INET6, copy, network->address) == 1) {
        most = 128;

    } else {
        return -1;
    }

    network->bits = 128;

    if (slash == NULL) {
        return 0;
    }

    bits = strtoul(slash, &end, 10);

    if (*slash < '0' || *slash > '9' || *end || bits > most) {
        return -1;
    }

    network->bits = 128 - most + (unsigned) bits;

    return 0;
}


static int
network_has(const network_t *network, const network_t *address)
{
    unsigned  bytes, bits;

    bytes = network->bits / 8;
    bits = network->bits % 8;

    return memcmp(network->address, address->address, bytes) == 0
           && (bits == 0
               || ((network->address[bytes] ^ address->address[bytes])
                   >> (8 - bits)) == 0);
}


static uint32_t
token_time(const json_t *token, const char *name)
{
    return (uint32_t) json_integer_value(json_object_get(token, name));
}


int
token_is_scope(const char *text)
{
    return token_is_listed(token_scopes, text);
}


int
token_is_hold(const char *text)
{
    return token_is_listed(token_holds, text);
}


int
token_is_listed(const char *const *list, const char *text)
{
    for ( ; *list; list++) {
        if (strcmp(*list, text) == 0) {
            return 1;
        }
    }

    return 0;
}


int
token_is_network(const char *text)
{
    network_t  network;

    return network_parse(text, &network) == 0;
}
