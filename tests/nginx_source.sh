#!/bin/sh
#
# Copyright (C) 2026 paylock contributors
#
# Puts the source of the installed nginx into DIRECTORY, which must not be
# there: a copy of NGINX_SOURCE, or Debian's source package.  nginx-dev ships
# nothing but headers.

set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }

if [ -n "${NGINX_SOURCE-}" ]; then
    cp -R "$NGINX_SOURCE" "$1"
    exit
fi

# most machines have no deb-src lines: apt gets its own lists, made of those
# that are there, and the machine's stay as they are

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chmod 755 "$dir"
mkdir -p "$dir/lists/partial"

apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Identifier: Packages' 'Origin: Debian' | sort -u > "$dir/sources.list"

[ -s "$dir/sources.list" ] || {
    echo "$0: apt knows no repository of Debian: run apt-get update, or give" \
         "a source tree of nginx in NGINX_SOURCE" >&2
    exit 1
}

apt() {
    command=$1
    shift
    "$command" -q -o Dir::Etc::SourceList="$dir/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/lists" \
        -o Dir::Cache="$dir" -o APT::Sandbox::User=root "$@"
}

apt apt-get update

# a version may have left the archive while it is still in the list

version=$(dpkg-query -W -f '${source:Version}' nginx)
others=$(apt apt-cache showsrc nginx | sed -n 's/^Version: //p' | sort -rV |
         grep "^${version%%-*}-" || true)

cd "$dir"
for v in $version $others; do
    if apt apt-get source --download-only "nginx=$v"; then
        dpkg-source --no-check -x nginx_*.dsc nginx-source
        cd - >/dev/null
        mv "$dir/nginx-source" "$1"
        exit
    fi
    rm -f nginx_*.dsc
done

echo "$0: apt has no source of nginx $version: give a source tree in" \
     "NGINX_SOURCE" >&2
exit 1
