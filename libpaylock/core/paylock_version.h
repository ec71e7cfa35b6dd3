
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The version of both sides, and its day.
 */


#ifndef _PAYLOCK_VERSION_H_INCLUDED_
#define _PAYLOCK_VERSION_H_INCLUDED_


#define PAYLOCK_VERSION  "0.1.0"
#define PAYLOCK_DATE     "2026-11-22"


#endif /* _PAYLOCK_VERSION_H_INCLUDED_ */
