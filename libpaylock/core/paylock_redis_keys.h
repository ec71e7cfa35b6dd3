
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The names of the keys in Redis, behind the prefix.
 */


#ifndef _PAYLOCK_REDIS_KEYS_H_INCLUDED_
#define _PAYLOCK_REDIS_KEYS_H_INCLUDED_


#define PAYLOCK_PREFIX        "{paylock}:"

#define PAYLOCK_KEY_LOCKS     "locks"
#define PAYLOCK_KEY_AUDIT     "audit"
#define PAYLOCK_KEY_NODES     "nodes"
#define PAYLOCK_KEY_REQUESTS  "requests"
#define PAYLOCK_KEY_ROOT      "root"


#endif /* _PAYLOCK_REDIS_KEYS_H_INCLUDED_ */
