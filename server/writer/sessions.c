
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <pthread.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "files/digest.h"
#include "writer/sessions.h"


#define SESSIONS_MANY  256


/* A link or a session. */

typedef struct {
    char           sha256[PAYLOCK_HASH_LEN + 1];   /* "": none */
    const role_t  *role;
    uint64_t       entry;
    uint64_t       end;                /* by sessions_clock() */
    uint64_t       idle;               /* ... if it is not used until then */
    int            link;
} slot_t;


static uint64_t sessions_clock(void);
static void sessions_expire(uint64_t now);
static slot_t *sessions_match(const char *text, int link, uint64_t now);
static void sessions_say(const slot_t *slot, uint64_t now, session_t *s);
static slot_t *sessions_free_slot(uint64_t now);


static pthread_mutex_t  sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static slot_t           sessions[SESSIONS_MANY];


int
sessions_room(void)
{
    int  room;

    (void) pthread_mutex_lock(&sessions_lock);
    room = sessions_free_slot(sessions_clock()) != NULL;
    (void) pthread_mutex_unlock(&sessions_lock);

    return room;
}


int
sessions_put(const char *sha256, session_t *s)
{
    slot_t    *slot;
    uint64_t   now;

    (void) pthread_mutex_lock(&sessions_lock);

    now = sessions_clock();
    slot = sessions_free_slot(now);

    if (slot) {
        strcpy(slot->sha256, sha256);
        slot->role = s->role;
        slot->entry = s->entry;
        slot->end = slot->idle = now + ROLE_LINK;
        slot->link = 1;
        sessions_say(slot, now, s);
    }

    (void) pthread_mutex_unlock(&sessions_lock);

    return slot ? 0 : -1;
}


int
sessions_begin(const char *link, char secret[TOKEN_TEXT], session_t *s)
{
    int        rc;
    slot_t    *slot;
    uint64_t   now;

    (void) pthread_mutex_lock(&sessions_lock);

    now = sessions_clock();
    slot = sessions_match(link, 1, now);
    rc = slot ? 1 : 0;

    if (slot) {

        if (token_make(secret, slot->sha256) == 0) {
            slot->end = now + ROLE_SESSION;
            slot->idle = now + ROLE_IDLE;
            slot->link = 0;
            sessions_say(slot, now, s);

        } else {
            slot->sha256[0] = '\0';
            rc = -1;
        }
    }

    (void) pthread_mutex_unlock(&sessions_lock);

    return rc;
}


int
sessions_find(const char *secret, int used, session_t *s)
{
    slot_t    *slot;
    uint64_t   now;

    (void) pthread_mutex_lock(&sessions_lock);

    now = sessions_clock();
    slot = sessions_match(secret, 0, now);

    if (slot) {
        slot->idle = used ? now + ROLE_IDLE : slot->idle;
        sessions_say(slot, now, s);
    }

    (void) pthread_mutex_unlock(&sessions_lock);

    return slot != NULL;
}


int
sessions_end(const char *secret)
{
    slot_t  *slot;

    (void) pthread_mutex_lock(&sessions_lock);

    slot = sessions_match(secret, 0, sessions_clock());

    if (slot) {
        slot->sha256[0] = '\0';
    }

    (void) pthread_mutex_unlock(&sessions_lock);

    return slot != NULL;
}


size_t
sessions_all(int end)
{
    size_t  i, n;

    (void) pthread_mutex_lock(&sessions_lock);

    sessions_expire(sessions_clock());

    for (i = 0, n = 0; i < SESSIONS_MANY; i++) {
        n += sessions[i].sha256[0] != '\0';
    }

    if (end) {
        memset(sessions, 0, sizeof(sessions));
    }

    (void) pthread_mutex_unlock(&sessions_lock);

    return n;
}


/* Nobody can set this one back, and it goes on while the machine sleeps. */

static uint64_t
sessions_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_BOOTTIME, &ts);

    return (uint64_t) ts.tv_sec;
}


static void
sessions_expire(uint64_t now)
{
    size_t  i;

    for (i = 0; i < SESSIONS_MANY; i++) {
        if (sessions[i].end <= now || sessions[i].idle <= now) {
            sessions[i].sha256[0] = '\0';
        }
    }
}


/* All are compared, so that the time does not tell which ones there are. */

static slot_t *
sessions_match(const char *text, int link, uint64_t now)
{
    char     sha256[PAYLOCK_HASH_LEN + 1];
    size_t   i;
    slot_t  *found;

    found = NULL;
    sessions_expire(now);

    if (strlen(text) != TOKEN_TEXT - 1
        || digest_text(text, TOKEN_TEXT - 1, sha256) != 0)
    {
        return NULL;
    }

    for (i = 0; i < SESSIONS_MANY; i++) {
        if (CRYPTO_memcmp(sessions[i].sha256, sha256, sizeof(sha256)) == 0
            && sessions[i].link == link)
        {
            found = &sessions[i];
        }
    }

    return found;
}


static void
sessions_say(const slot_t *slot, uint64_t now, session_t *s)
{
    s->role = slot->role;
    s->entry = slot->entry;
    s->expires = (uint32_t) ((uint64_t) time(NULL) + slot->end - now);
}


static slot_t *
sessions_free_slot(uint64_t now)
{
    size_t  i;

    sessions_expire(now);

    for (i = 0; i < SESSIONS_MANY; i++) {
        if (sessions[i].sha256[0] == '\0') {
            return &sessions[i];
        }
    }

    return NULL;
}
