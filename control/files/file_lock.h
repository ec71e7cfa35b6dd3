
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Lets one process at a time change a file that is replaced as a whole.
 */


#ifndef _FILE_LOCK_H_INCLUDED_
#define _FILE_LOCK_H_INCLUDED_


/*
 * Locks the directory of the path, as the file is another one after each
 * change.  Anybody who may read the directory can hold that lock, so it is
 * waited for 5 s at most.  Returns a descriptor, which unlocks when it is
 * closed, or -1 and sets errno: EWOULDBLOCK if another one holds it.
 */

int file_lock(const char *path);


#endif /* _FILE_LOCK_H_INCLUDED_ */
