#!/bin/sh
#
# Copyright (C) 2026 paylock contributors
#
# debian_server.sh SUITE DIRECTORY PROGRAM PACKAGE...
#
# Puts a server of another Debian into DIRECTORY, and nothing into this system:
# the first PACKAGE with all that it needs, the others alone.  DIRECTORY/run runs
# the PROGRAM, such as usr/bin/valkey-server, with the loader and the libraries
# of that Debian.

set -eu

[ $# -ge 4 ] || {
    echo "usage: $0 SUITE DIRECTORY PROGRAM PACKAGE..." >&2
    exit 2
}

suite=$1 program=$3 package=$4
mkdir -p "$2/lists/partial" "$2/cache/archives/partial" "$2/root"
dir=$(cd "$2" && pwd)
shift 4

keys=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' \
             'Origin: Debian' 'Label: Debian' | head -n 1)

[ -n "$mirror" ] || {
    echo "$0: apt knows no repository of Debian: run apt-get update" >&2
    exit 1
}

echo "deb [signed-by=$keys] $mirror $suite main" > "$dir/sources.list"

# as on a system where nothing is installed: all dependencies come as well

apt() {
    apt-get -q -o Dir::Etc::SourceList="$dir/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/lists" \
        -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" \
        -o APT::Sandbox::User=root "$@"
}

apt update
apt install -y --no-install-recommends --download-only "$package"
cd "$dir/cache/archives"
[ $# -eq 0 ] || apt download "$@"

for deb in *.deb; do
    dpkg-deb -x "$deb" "$dir/root"
done

program=$dir/root/$program
loader=$(find "$dir/root" -name 'ld-linux*' | head -n 1)

[ -e "$program" ] && [ -n "$loader" ] || {
    echo "$0: $package of $suite does not have $program" >&2
    exit 1
}

cat > "$dir/run.new" <<END
#!/bin/sh
root=$dir/root
exec $loader --library-path "\$(printf '%s:' "\$root"/lib/*-linux-* \\
    "\$root"/usr/lib/*-linux-*)" $program "\$@"
END
chmod 755 "$dir/run.new"
mv "$dir/run.new" "$dir/run"
rm -rf "$dir/lists" "$dir/cache" "$dir/sources.list"
