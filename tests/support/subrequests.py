# Copyright (C) 2026 paylock contributors
#
# The ways in which one location of nginx calls another: by nginx itself and by
# other modules.

import re

from support import modules

# name: (the modules it needs, what is in the location; @TO@ is the other)

LUA = {
    "capture": """content_by_lua_block {
        local r = ngx.location.capture("@TO@")
        ngx.print(r.status, " ", r.body)
    }""",
    "capture with vars": """set $x ""; content_by_lua_block {
        local r = ngx.location.capture("@TO@", { vars = { x = "y" } })
        ngx.print(r.status, " ", r.body)
    }""",
    "capture with copied vars": """content_by_lua_block {
        local r = ngx.location.capture("@TO@", { copy_all_vars = true })
        ngx.print(r.status, " ", r.body)
    }""",
    "capture with shared vars": """content_by_lua_block {
        local r = ngx.location.capture("@TO@", { share_all_vars = true })
        ngx.print(r.status, " ", r.body)
    }""",
    "capture by POST": """content_by_lua_block {
        local r = ngx.location.capture("@TO@",
            { method = ngx.HTTP_POST, body = "x", args = { a = "b" } })
        ngx.print(r.status, " ", r.body)
    }""",
    "capture of many": """content_by_lua_block {
        local a, b, c = ngx.location.capture_multi{
            { "@TO@" }, { "@TO@", { share_all_vars = true } },
            { "@TO@", { method = ngx.HTTP_HEAD } } }
        ngx.print(a.status, b.status, c.status, " ", a.body, b.body)
    }""",
    "capture in threads": """content_by_lua_block {
        local function ask() return ngx.location.capture("@TO@") end
        local t = { ngx.thread.spawn(ask), ngx.thread.spawn(ask) }
        for i = 1, 2 do
            local ok, r = ngx.thread.wait(t[i])
            ngx.print(r.status, " ", r.body)
        end
    }""",
    "capture in rewrite": """rewrite_by_lua_block {
        local r = ngx.location.capture("@TO@")
        ngx.ctx.got = r.status .. " " .. r.body
    }
    content_by_lua_block { ngx.print(ngx.ctx.got) }""",
    "capture in access": """access_by_lua_block {
        local r = ngx.location.capture("@TO@")
        ngx.ctx.got = r.status .. " " .. r.body
    }
    content_by_lua_block { ngx.print(ngx.ctx.got) }""",
    "filters by lua": """set_by_lua_block $y { return ngx.var.host }
    header_filter_by_lua_block {
        ngx.header["X-Lua"] = ngx.var.host
        ngx.header.content_length = nil
    }
    body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1] .. "." }
    content_by_lua_block {
        local r = ngx.location.capture("@TO@")
        ngx.print(r.status, " ", r.body)
    }""",
    "ngx.exec": 'content_by_lua_block { ngx.exec("@TO@") }',
    "ngx.exec in rewrite": 'rewrite_by_lua_block { ngx.exec("@TO@") }',
    "ngx.exec in access": 'access_by_lua_block { ngx.exec("@TO@") }',
    "ngx.req.set_uri": """rewrite_by_lua_block {
        ngx.req.set_uri("@TO@", true)
    }""",
}

ECHO = {
    "echo_location": "echo_location @TO@;",
    "echo_location_async": "echo_location_async @TO@;",
    "echo_subrequest": "echo_subrequest GET @TO@;",
    "echo_subrequest by POST":
        "echo_subrequest POST @TO@ -q a=b -b body;",
    "echo_subrequest_async": "echo_subrequest_async GET @TO@;",
    "echo_exec": "echo_exec @TO@;",
    "echo around": """echo_before_body before; echo_after_body after;
        echo_sleep 0.001; echo_location @TO@; echo_flush;
        echo_location_async @TO@;""",
}

NGINX = {
    "auth_request": "auth_request @TO@; alias @SITE@/file.txt;",
    "mirror": "mirror @TO@; alias @SITE@/file.txt;",
    "addition": """addition_types *; add_before_body @TO@;
        add_after_body @TO@; alias @SITE@/file.txt;""",
    "SSI": """ssi on; ssi_types *; alias @SITE@/to.html;""",
    "slice": """slice 1k; proxy_set_header Range $slice_range;
        proxy_pass http://unix:@DIR@/back.sock:/big;""",
    "post_action": "post_action @TO@; alias @SITE@/file.txt;",
    "error_page": "error_page 404 = @TO@; alias @SITE@/none;",
    "try_files": "try_files /none @TO@;",
    "rewrite": "rewrite ^ @TO@ last;",
    "X-Accel-Redirect":
        "proxy_pass http://unix:@DIR@/back.sock:/accel?@TO@;",
}

SRCACHE = {
    "srcache": """srcache_fetch GET @TO@; srcache_store PUT @TO@;
        alias @SITE@/file.txt;""",
}

JS = {
    "r.subrequest": "js_content js.subrequest;",
    "r.subrequest, two": "js_content js.two;",
    "r.internalRedirect": "js_content js.redirect;",
    "js_header_filter":
        "js_header_filter js.header; proxy_pass http://unix:@DIR@/back.sock;",
}

NCHAN = {
    "nchan, told by upstream":
        "nchan_publisher; nchan_channel_id $request_id;"
        "nchan_publisher_upstream_request @TO@;",
    "nchan, authorized":
        "nchan_publisher; nchan_channel_id $request_id;"
        "nchan_authorize_request @TO@;",
}

# a subscriber's answer waits for a message
NCHAN_WAITS = {
    "nchan subscriber, authorized":
        "nchan_subscriber eventsource; nchan_channel_id $arg_id;"
        "nchan_authorize_request @TO@; nchan_subscribe_request @TO@;"
        "nchan_unsubscribe_request @TO@;",
}

KINDS = {name: (module, text)
         for module, kinds in (("lua", LUA), ("echo", ECHO), (None, NGINX),
                               ("srcache", SRCACHE), ("js", JS),
                               ("nchan", NCHAN))
         if module is None or modules.there(module)
         for name, text in kinds.items()}

MODULES = ["lua", "echo", "srcache", "js", "nchan", "headers", "subs",
           "image", "dav"]

# of these the answer of the one that asks holds what the other says
INSIDE = [name for name in KINDS if name not in (
    "auth_request", "mirror", "slice", "post_action", "srcache",
    "js_header_filter") and not name.startswith("nchan")]

# these do not ask but go on: what they go on to may do whatever it likes.
# What another location asks for may go on by nginx alone, and ask nobody: the
# modules of others do not bear each other's subrequests.
GOES_ON_BY_NGINX = {"error_page", "try_files", "rewrite", "X-Accel-Redirect"}
GOES_ON = GOES_ON_BY_NGINX | {
    "ngx.exec", "ngx.exec in rewrite", "ngx.exec in access",
    "ngx.req.set_uri", "echo_exec", "r.internalRedirect"}

FILES = {
    "to.html": '<!--#include virtual="$to" -->|'
               '<!--#include virtual="$to" wait="yes" -->\n',
    "big": "THE-SITE big\n" * 300,
    "sub.js": """
        function subrequest(r) {
            r.subrequest(r.variables.to, { method: 'POST', body: 'x' },
                function (reply) {
                    r.return(200, reply.status + ' ' + reply.responseText);
                });
        }
        function two(r) {
            var left = 2, got = '';
            function done(reply) {
                got += reply.status + ' ' + reply.responseText;
                if (--left == 0) {
                    r.return(200, got);
                }
            }
            r.subrequest(r.variables.to, done);
            r.subrequest(r.variables.to, 'a=b', done);
        }
        function redirect(r) {
            r.internalRedirect(r.variables.to);
        }
        function header(r) {
            r.headersOut['X-Js'] = r.variables.host;
        }
        export default { subrequest, two, redirect, header };
    """,
}


def http():
    """What is above all servers: how much the modules may take."""
    text = "variables_hash_max_size 2048;"
    if modules.there("js"):
        text += "js_import js from @SITE@/sub.js;"
    if modules.there("nchan"):
        text += "nchan_max_reserved_memory 4m;"
    return text


# what the locations lead to is asked here, and noted

BACK = """
    log_format seen '$http_x_site $uri';
    server {
        listen unix:@DIR@/back.sock;
        paylock off;
        access_log @DIR@/back.log seen;
        add_header X-Backend yes;
        location / { return 200 "THE-SITE back $uri\\n"; }
        location /big { alias @SITE@/big; }
        location /accel { add_header X-Accel-Redirect $args;
                          return 200 "THE-SITE accel"; }
    }
"""


def write(site):
    for name, content in FILES.items():
        (site / name).write_text(content)


def location(path, kind, to, more=""):
    return f"location = {path} {{ {more} {KINDS[kind][1]} }}\n" \
        .replace("@TO@", to)


def map_of(ways):
    """$to: where a location leads, for those that ask for it by its name; a
    subrequest shares all variables of its parent, but for such ones."""
    return "map_hash_bucket_size 256; map $uri $to { volatile; " + "".join(
        f'"{path}" "{to}"; ' for path, to in ways) + "}"


def leaf(path, more=""):
    return (f"location {path} {{ {more} proxy_set_header X-Site $host;"
            f" proxy_pass http://unix:@DIR@/back.sock; }}\n")


def without(conf):
    """The configuration for an nginx that has not our module."""
    return re.sub(r"(?<![/\w])paylock\w* [^;]*;", "", conf)


def backend(nginx):
    """What has been asked: (site, path)."""
    log = nginx.dir / "back.log"
    return [tuple(line.split(" ", 1))
            for line in log.read_text().splitlines()] if log.exists() else []
