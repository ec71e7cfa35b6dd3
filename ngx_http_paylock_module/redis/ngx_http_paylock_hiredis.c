
/*
 * Copyright (C) 2026 paylock contributors
 *
 * hiredis where there is no libhiredis.a.  What a module is linked with, nginx
 * lets all modules see, and some have a hiredis of another version: a shared
 * one would take the place of theirs, or theirs of ours.  So the library is
 * loaded here, for this module alone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <dlfcn.h>

#include "ngx_http_paylock_redis.h"


#ifdef NGX_HTTP_PAYLOCK_HIREDIS


/* what others must not see either, where nginx has this module built in */

#define hidden  __attribute__((visibility("hidden")))

#define NGX_HTTP_PAYLOCK_HIREDIS_FUNCTIONS(F)                                 \
    F(redisReaderCreate)                                                      \
    F(redisReaderFree)                                                        \
    F(redisReaderFeed)                                                        \
    F(redisReaderGetReply)                                                    \
    F(redisFormatCommandArgv)                                                 \
    F(redisFreeCommand)                                                       \
    F(freeReplyObject)

#define NGX_HTTP_PAYLOCK_HIREDIS_POINTER(name)  __typeof__(name)  *name;

#define NGX_HTTP_PAYLOCK_HIREDIS_FIND(name)                                   \
    *(void **) &hiredis.name = dlsym(handle, #name);                          \
    if (hiredis.name == NULL) {                                               \
        goto failed;                                                          \
    }


/* a process loads a library once, not each of its cycles */

static struct {
    NGX_HTTP_PAYLOCK_HIREDIS_FUNCTIONS(NGX_HTTP_PAYLOCK_HIREDIS_POINTER)
} hiredis;


ngx_int_t
ngx_http_paylock_hiredis_load(ngx_conf_t *cf)
{
    void  *handle;

    if (hiredis.freeReplyObject) {
        return NGX_OK;
    }

    handle = dlopen(NGX_HTTP_PAYLOCK_HIREDIS,
                    RTLD_NOW|RTLD_LOCAL|RTLD_DEEPBIND);

    if (handle == NULL) {
        goto failed;
    }

    NGX_HTTP_PAYLOCK_HIREDIS_FUNCTIONS(NGX_HTTP_PAYLOCK_HIREDIS_FIND)

    return NGX_OK;

failed:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "paylock cannot load hiredis (%s): install the version "
                       "that it was built with, or build it again", dlerror());
    return NGX_ERROR;
}


hidden redisReader *
redisReaderCreate(void)
{
    return hiredis.redisReaderCreate();
}


hidden void
redisReaderFree(redisReader *reader)
{
    hiredis.redisReaderFree(reader);
}


hidden int
redisReaderFeed(redisReader *reader, const char *buf, size_t len)
{
    return hiredis.redisReaderFeed(reader, buf, len);
}


hidden int
redisReaderGetReply(redisReader *reader, void **reply)
{
    return hiredis.redisReaderGetReply(reader, reply);
}


/* an int, or a long long since hiredis 1.1 */

hidden __typeof__(redisFormatCommandArgv(NULL, 0, NULL, NULL))
redisFormatCommandArgv(char **target, int argc, const char **argv,
    const size_t *argvlen)
{
    return hiredis.redisFormatCommandArgv(target, argc, argv, argvlen);
}


hidden void
redisFreeCommand(char *cmd)
{
    hiredis.redisFreeCommand(cmd);
}


hidden void
freeReplyObject(void *reply)
{
    hiredis.freeReplyObject(reply);
}


#else


ngx_int_t
ngx_http_paylock_hiredis_load(ngx_conf_t *cf)
{
    return NGX_OK;
}


#endif
