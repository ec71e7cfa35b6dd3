
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Keeps keys from leaving the memory of the process by accident.
 */


#ifndef _SECRET_MEMORY_H_INCLUDED_
#define _SECRET_MEMORY_H_INCLUDED_


/*
 * No core is dumped, no other process of the user may look at this one, and
 * private keys live in memory that is never written to swap, as far as the
 * system allows.  To be called before a key is read.
 */

void secret_memory_begin(void);


#endif /* _SECRET_MEMORY_H_INCLUDED_ */
