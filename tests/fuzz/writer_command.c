
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What paylockd sends to paylock-writer.  There is no Redis, so that nothing is
 * ever carried out; and whoever sends no token is told nothing.
 */


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "access/tokens.h"
#include "files/digest.h"
#include "writer/sessions.h"
#include "writer/writer.h"


/* stands for the token or the session, too long for a word of a fuzzer */

#define GOOD   "good"
#define TOKEN  "plk_0123456789abcdef0123456789abcdef"                         \
               "0123456789abcdef0123456789abcdef"


static char      folder[] = "/tmp/paylock-fuzz-XXXXXX";
static char      config[64], tokens[64], key[64];
static char      session[TOKEN_TEXT];  /* of a viewer */
static writer_t  writer;


static FILE *
create(char *path, size_t size, const char *name)
{
    FILE  *f;

    (void) snprintf(path, size, "%s/%s", folder, name);
    f = fopen(path, "w");

    if (f == NULL || chmod(path, 0600) != 0) {
        abort();
    }

    return f;
}


static void
end(void)
{
    (void) unlink(config);
    (void) unlink(tokens);
    (void) unlink(key);
    (void) rmdir(folder);
}


static void
make_key(void)
{
    FILE      *f;
    EVP_PKEY  *pkey;

    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    f = create(key, sizeof(key), "key");

    if (pkey == NULL
        || PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) != 1)
    {
        abort();
    }

    EVP_PKEY_free(pkey);
    (void) fclose(f);
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char   sha256[PAYLOCK_HASH_LEN + 1];
    FILE  *f;

    (void) argc;
    (void) argv;

    if (mkdtemp(folder) == NULL
        || digest_text(TOKEN, sizeof(TOKEN) - 1, sha256) != 0)
    {
        abort();
    }

    (void) atexit(end);
    (void) clearenv();
    make_key();

    f = create(config, sizeof(config), "config");
    (void) fprintf(f, "redis = unix:%s/redis.sock\nkey = %s\n", folder, key);
    (void) fclose(f);

    f = create(tokens, sizeof(tokens), "tokens");
    (void) fprintf(f, "{\"tokens\":[{\"name\":\"t\",\"sha256\":\"%s\","
                   "\"allow\":[\"read\",\"lock\",\"unlock\",\"reset\","
                   "\"import\",\"notice\",\"pass\"],\"holds\":[\"billing\"],"
                   "\"hosts\":[\".x\"],\"ip\":[\"192.0.2.0/24\"]}]}", sha256);
    (void) fclose(f);

    writer.config = config;
    writer.tokens = tokens;
    writer.budget = 1;

    return pthread_mutex_init(&writer.turn, NULL);
}


/* There is always a session. */

static void
begin_session(void)
{
    char       link[TOKEN_TEXT], sha256[PAYLOCK_HASH_LEN + 1];
    session_t  s;

    if (sessions_find(session, 1, &s)) {
        return;
    }

    memset(&s, 0, sizeof(session_t));
    s.role = role_named("viewer");
    s.entry = 1;

    if (token_make(link, sha256) != 0 || sessions_put(sha256, &s) != 0
        || sessions_begin(link, session, &s) != 1)
    {
        abort();
    }
}


/* Is it what a viewer may do? */

static int
is_viewed(const json_t *command, const char *name)
{
    const char  *secret, *scope;

    secret = json_string_value(json_object_get(command, "session"));
    scope = json_string_value(json_object_get(command, "scope"));

    return secret && strcmp(secret, session) == 0
           && (strcmp(name, "session end") == 0
               || (strcmp(name, "check") == 0
                   && (scope == NULL || strcmp(scope, "read") == 0
                       || strcmp(scope, "audit") == 0)));
}


/* Is it what a caller with that token, at that address, may do? */

static int
is_allowed(const json_t *command)
{
    const char  *token, *address;

    token = json_string_value(json_object_get(command, "token"));
    address = json_string_value(json_object_get(command, "address"));

    return token && strcmp(token, TOKEN) == 0 && address
           && strstr(address, "192.0.2.") != NULL;
}


static void
run(json_t *command)
{
    int          status;
    json_t      *answer;
    const char  *token, *name, *secret;

    begin_session();

    token = json_string_value(json_object_get(command, "token"));
    secret = json_string_value(json_object_get(command, "session"));
    name = json_string_value(json_object_get(command, "command"));

    if (secret && strcmp(secret, GOOD) == 0) {
        (void) json_object_set_new(command, "session", json_string(session));
    }

    if (token && strcmp(token, GOOD) == 0) {
        (void) json_object_set_new(command, "token", json_string(TOKEN));
    }

    answer = command_run(&writer, command, 0);
    status = (int) json_integer_value(json_object_get(answer, "status"));

    if (status < 200 || status > 599
        || (status != 200 && !json_is_string(json_object_get(json_object_get(
                                             answer, "error"), "message"))))
    {
        abort();
    }

    if (status == 200 && !is_viewed(command, name)
        && (!is_allowed(command) || strcmp(name, "check") != 0))
    {
        abort();
    }

    json_decref(answer);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t  *command;

    command = json_loadb((const char *) data, size, JSON_REJECT_DUPLICATES,
                         NULL);

    if (json_is_object(command)) {
        run(command);
    }

    json_decref(command);

    return 0;
}
