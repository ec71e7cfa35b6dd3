# Copyright (C) 2026 paylock contributors
#
# Other ways to close a site, as their users write them: nginx looks up the
# host in a map, a file, Lua or Redis.  If that fails they let the request
# through.

import dataclasses
import typing

from bench.rig import PAGE
from bench.writer import LOCKED
from support.chain import AUDIT, LOCKS
from support.servers import wait_for

LUA = tuple(f"/usr/lib/nginx/modules/{name}_module.so"
            for name in ("ndk_http", "ngx_http_lua"))

# milliseconds for which a request waits for Redis
TIMEOUT = 1000

ASK = """
local function locked(host)
    local redis = require("nginx.redis"):new()
    redis:set_timeout(%d)
    local ok, err = redis:connect("unix:@SOCKET@")
    if not ok then
        return nil, err
    end
    local there, err = redis:hexists("%s", host)
    if not there then
        return nil, err
    end
    redis:set_keepalive(60000, 64)
    return there == 1
end
""" % (TIMEOUT, LOCKS)

EACH = ASK + """
if locked(ngx.var.host) then
    return ngx.exit(503)
end
"""

# what is known of a host counts for a second
CACHED = ASK + """
local cache = package.loaded.paylock_bench_cache
if not cache then
    cache = require("resty.lrucache").new(10000)
    package.loaded.paylock_bench_cache = cache
end
local host = ngx.var.host
local found = cache:get(host)
if found == nil then
    found = locked(host) or false
    cache:set(host, found, 1)
end
if found then
    return ngx.exit(503)
end
"""

DICT = """
if ngx.shared.locks:get(ngx.var.host) then
    return ngx.exit(503)
end
"""

# one worker looks every second whether there are new entries, and then reads
# all records
COPY = """
if ngx.worker.id() ~= 0 then
    return
end
local known
local before = {}
local function copy()
    local redis = require("nginx.redis"):new()
    redis:set_timeout(%d)
    if not redis:connect("unix:@SOCKET@") then
        return
    end
    local entries = redis:xlen("%s")
    if not entries or entries == known then
        redis:set_keepalive(60000, 1)
        return
    end
    local cursor = "0"
    local now = {}
    while cursor do
        local reply = redis:hscan("%s", cursor, "COUNT", 1000)
        if not reply then
            return
        end
        for i = 1, #reply[2], 2 do
            ngx.shared.locks:set(reply[2][i], true)
            now[reply[2][i]] = true
        end
        cursor = reply[1] ~= "0" and reply[1]
    end
    for host in pairs(before) do
        if not now[host] then
            ngx.shared.locks:delete(host)
        end
    end
    known = entries
    before = now
    redis:set_keepalive(60000, 1)
end
ngx.timer.at(0, copy)
ngx.timer.every(1, copy)
""" % (TIMEOUT, AUDIT, LOCKS)

CHECK = ASK + """
return ngx.exit(locked(ngx.var.host) and 403 or 204)
"""


@dataclasses.dataclass
class Variant:
    name: str
    http: str = ""
    server: str = ""
    location: str = ""
    lua: bool = False
    prepare: typing.Callable = None     # (directory, records)

    def start(self, rig, redis, records, **kw):
        """An nginx that closes LOCKED this way."""
        directory = rig.directory()
        if self.prepare:
            self.prepare(directory, records)
        sites = rig.sites(self.http, self.server, self.location)
        sites = sites.replace("@DATA@", str(directory)).replace(
            "@SOCKET@", redis.socket)
        return rig.nginx(sites, **{"redis": None, "load":
                                   LUA if self.lua else (), **kw})


def closes(nginx):
    """Waits until what is locked is."""
    wait_for("a lock in force", lambda: nginx.get(
        PAGE, LOCKED % 7, timeout=60).status in (403, 503), 120)


def mapped(directory, records):
    with open(directory / "map.conf", "w") as out:
        out.writelines(f"{LOCKED % i} 1;\n" for i in range(records))


def files(directory, records):
    for i in range(records):
        (directory / (LOCKED % i)).touch()


def map_of(records):
    return Variant(
        "map, included file",
        f"map_hash_max_size {4 * records}; map_hash_bucket_size 128;"
        "map $host $locked { default 0; include @DATA@/map.conf; }",
        "if ($locked) { return 503; }", prepare=mapped)


def lua(name, code, http=""):
    return Variant(name, http, location=f"access_by_lua_block {{ {code} }}",
                   lua=True)


def variants(records):
    return [
        map_of(records),
        Variant("if (-f lockfile)", server="if (-f @DATA@/$host) "
                "{ return 503; }", prepare=files),
        lua("Lua, shared dict", DICT,
            f"lua_shared_dict locks {16 + records // 5000}m;"
            f"init_worker_by_lua_block {{ {COPY} }}"),
        lua("Lua, Redis, 1 s TTL cache", CACHED),
        lua("Lua, Redis per request", EACH),
        Variant("auth_request, Lua, Redis", location="auth_request /check;",
                server="location = /check { internal; "
                f"content_by_lua_block {{ {CHECK} }} }}", lua=True),
    ]
