#!/bin/sh
#
# Copyright (C) 2026 paylock contributors
#
# Installs the Debian packages that the given tasks (build, run, test, asan,
# suite, versions, bench, deb, builds) need and that are missing, and enables
# none of them; who is not root is told which they are.

set -eu

build="gcc make libc6-dev nginx-dev libhiredis-dev libjansson-dev
    libxxhash-dev libidn2-dev libssl-dev libmicrohttpd-dev"
run="nginx redis-server curl"
test="libcmocka-dev python3 python3-pytest python3-pytest-xdist
    python3-redis python3-h2 python3-cryptography python3-jsonschema
    libnginx-mod-nchan openssl
    valgrind certbot pebble clang libclang-rt-dev chromium npm wrk
    zsh fish mandoc groff-base faketime strace gdb sudo systemd man-db"

# modules that are loaded beside ours
test="$test libnginx-mod-http-lua lua-resty-core lua-resty-lrucache
    libnginx-mod-http-echo libnginx-mod-http-headers-more-filter
    libnginx-mod-http-srcache-filter libnginx-mod-http-image-filter
    libnginx-mod-http-xslt-filter libnginx-mod-http-subs-filter
    libnginx-mod-http-dav-ext libnginx-mod-http-js"

bench="python3 python3-redis valgrind wrk libnginx-mod-http-lua
    lua-resty-core lua-resty-lrucache lua-nginx-redis"

# where apt has them: from Debian 13 on, without it HTTP/3 is not tested; and
# up to Debian 12, for nginx before 1.21.5

test_wish="python3-aioquic"
versions_wish="libpcre3-dev"

# nginx's own tests load all that their nginx was built with
suite="perl libio-socket-ssl-perl libcryptx-perl libfcgi-perl libscgi-perl
    libgd-perl libnginx-mod-http-geoip libnginx-mod-http-image-filter
    libnginx-mod-http-perl libnginx-mod-http-xslt-filter libnginx-mod-mail
    libnginx-mod-stream libnginx-mod-stream-geoip"

# paylock-build-module, RPMs, a container, other architectures
builds="mmdebstrap dpkg-dev rpm buildah libpcre2-dev zlib1g-dev musl-tools
    qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gcc-i686-linux-gnu
    libc6-dev-i386-cross"

# packages for Debian, built and tested
deb="mmdebstrap lintian piuparts autopkgtest dpkg-dev iproute2"

policy=/usr/sbin/policy-rc.d


# other builds of nodejs bring npm along and conflict with Debian's

installed() {
    [ "$1" != npm ] || ! command -v npm >/dev/null || return 0

    case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) in
        installed) return 0 ;;
        *)         return 1 ;;
    esac
}


wish() {
    for package in "$@"; do
        ! apt-cache policy "$package" 2>/dev/null \
            | grep -q "Candidate: [^(]" || wanted="$wanted $package"
    done
}


wanted=
for task in "$@"; do
    case $task in
        build) wanted="$wanted $build" ;;
        run)   wanted="$wanted $run" ;;
        test)  wanted="$wanted $run $test"
               wish $test_wish ;;
        asan)  wanted="$wanted $build dpkg-dev" ;;
        suite) wanted="$wanted $run $suite" ;;
        bench) wanted="$wanted $run $bench" ;;
        versions) wish $versions_wish ;;
        deb)   wanted="$wanted $deb" ;;
        builds) wanted="$wanted $build $run $builds" ;;
        *)     echo "usage: $0" \
                    "build|run|test|asan|suite|versions|bench|deb|builds..." >&2
               exit 2 ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    echo "$0: not a Debian system, cannot tell whether these are there:" \
         $wanted >&2
    exit 0
fi

missing=
for package in $wanted; do
    case " $missing " in *" $package "*) continue ;; esac
    installed "$package" || missing="$missing $package"
done

[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "$0: missing packages:$missing" >&2
    echo "$0: install them with: sudo $0 $*" >&2
    exit 1
fi

echo "installing:$missing"

# these are wanted as programs and nginx's modules as files: none is to run on
# this machine, or to be loaded by its nginx, that did not before.  A policy of
# ours, if there is none, keeps services from being started or reloaded now;
# what the packages enabled is disabled again

enabled() {
    for name in nginx redis-server certbot; do
        find /etc/rc[2-5].d /etc/cron.d /etc/systemd/system -name "S??$name" \
            -o -name "$name" -o -path "*.wants/$name.*" || true
    done 2>/dev/null
    find /etc/nginx/modules-enabled -type l 2>/dev/null || true
}

disable() {
    enabled | grep -vxF -f "$before" | while read -r path; do
        echo "disabled: $path"
        case $path in
            /etc/rc*)   update-rc.d "${path##*/S??}" disable || true ;;
            /etc/cron*) mv "$path" "$path.disabled" ;;
            *)          rm -f "$path" ;;
        esac
    done
}

ours=
before=$(mktemp)
enabled > "$before"

cleanup() {
    disable
    [ -z "$ours" ] || rm -f "$policy"
    rm -f "$before"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive

install() {
    apt-get install -y -q --no-install-recommends $missing
}

install || { apt-get update -q && install; } || {
    echo "$0: apt-get could not install:$missing" >&2
    exit 1
}
