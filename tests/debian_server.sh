#!/bin/sh
#
# Copyright (C) 2026 paylock contributors
#
# debian_server.sh SUITE PACKAGE DIRECTORY
#
# Puts a server of another Debian, such as valkey-server of trixie, into
# DIRECTORY with all that it needs, and nothing into this system.  DIRECTORY/run
# runs it with the loader and the libraries of that Debian.

set -eu

[ $# -eq 3 ] || { echo "usage: $0 SUITE PACKAGE DIRECTORY" >&2; exit 2; }

suite=$1 package=$2
mkdir -p "$3/lists/partial" "$3/cache/archives/partial" "$3/root"
dir=$(cd "$3" && pwd)

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
    nice apt-get -q -o Dir::Etc::SourceList="$dir/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/lists" \
        -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" \
        -o APT::Sandbox::User=root "$@"
}

apt update
apt install -y --no-install-recommends --download-only "$package"

for deb in "$dir"/cache/archives/*.deb; do
    dpkg-deb -x "$deb" "$dir/root"
done

program=$dir/root/usr/bin/$package
loader=$(find "$dir/root" -name 'ld-linux*' | head -n 1)

[ -e "$program" ] && [ -n "$loader" ] || {
    echo "$0: $package of $suite has no $program" >&2
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
