
/*
 * Copyright (C) 2026 paylock contributors
 */


#ifndef _VERSION_H_INCLUDED_
#define _VERSION_H_INCLUDED_


#define PAYLOCK_VERSION  "0.1.0"


#endif /* _VERSION_H_INCLUDED_ */
