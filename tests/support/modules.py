# Copyright (C) 2026 paylock contributors
#
# Other modules that are loaded beside ours: Debian's, or for another nginx
# those that lie beside our module.  Missing ones are left out.

import pathlib

import pytest

from support import servers

DEBIAN = pathlib.Path("/usr/lib/nginx/modules")
WHERE = DEBIAN if servers.ASAN or servers.NGINX == "/usr/sbin/nginx" \
    else pathlib.Path(servers.NGINX if servers.BUILTIN
                      else servers.MODULE).parent

FILES = {
    "ndk": "ndk_http_module.so",
    "lua": "ngx_http_lua_module.so",
    "echo": "ngx_http_echo_module.so",
    "headers": "ngx_http_headers_more_filter_module.so",
    "srcache": "ngx_http_srcache_filter_module.so",
    "image": "ngx_http_image_filter_module.so",
    "xslt": "ngx_http_xslt_filter_module.so",
    "subs": "ngx_http_subs_filter_module.so",
    "dav": "ngx_http_dav_ext_module.so",
    "js": "ngx_http_js_module.so",
    "nchan": "ngx_nchan_module.so",
}

NEEDS = {"lua": ["ndk"]}

# ours among the others, in the order of "load_module"
ORDERS = ["first", "last"]

# what they say that is no fault
TALK = {"nchan": "nchan_max_reserved_memory 8m;",
        "lua": "lua_load_resty_core on;"}


def there(*names):
    return all((WHERE / FILES[name]).exists()
               for wanted in names for name in (*NEEDS.get(wanted, ()), wanted))


def needs(*names):
    if not there(*names):
        pytest.skip("needs " + " ".join(names))


def load(names, order="first"):
    """For Nginx(load=...): ours and those of names that are there."""
    wanted = []
    for name in names:
        if there(name):
            wanted += [n for n in (*NEEDS.get(name, ()), name)
                       if n not in wanted]
    others = [WHERE / FILES[name] for name in wanted]
    if order == "none":
        return others
    return [*servers.LOAD, *others] if order == "first" \
        else [*others, *servers.LOAD]
