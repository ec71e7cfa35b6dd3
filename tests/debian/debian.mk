# Copyright (C) 2026 paylock contributors
#
# The Debian packages, built and tested in chroots of their own.  This needs
# root and Debian's mirrors; build/chroots/SUITE is kept as it was made.

SUITES    ?= bookworm trixie sid

# more options of mmdebstrap; for a mirror that is some weeks behind:
# DEBSTRAP="--aptopt='Acquire::Check-Valid-Until \"false\"'"

DEBSTRAP  ?=

# what debian/control asks for, and what a machine has that is to be tested

deb_build := $(shell sed -n '/^Build-Depends/,/^Standards/ \
                 s/^ \([a-z0-9-]*\).*,$$/\1/p' debian/control)
deb_test  := nginx redis-server systemd-sysv curl iproute2 procps adduser mount \
             libjansson4 libidn2-0 ~n^libmicrohttpd12 openssl \
             apt-utils

comma     := ,
empty     :=
deb_list   = $(subst $(empty) ,$(comma),$(strip $1))
chroot     = @rm -rf $@.new && mkdir -p $(@D) && \
             mmdebstrap --quiet --mode=root --format=directory --variant=$1 \
                 --aptopt='APT::Install-Recommends "false"' \
                 --aptopt='Acquire::Languages "none"' \
                 --dpkgopt=force-unsafe-io \
                 --dpkgopt='path-exclude=/usr/share/man/*' $(DEBSTRAP) \
                 --include=$(call deb_list,$2) $3 $@.new && \
             touch $@.new && mv $@.new $@

# nginx is installed once more, without a network

keep_debs := --skip=cleanup/apt

packages-deb test-packages: | build/packages-deb

build/chroots/%: debian/control | build/packages-deb
	$(call chroot,buildd,$(deb_build),$*)

build/chroots/test-%: | build/packages-deb
	$(call chroot,apt $(keep_debs),$(deb_test),$*)

deb_made  := $(SUITES:%=packages-deb-%)

packages-deb: $(deb_made) ## Debian packages, in build/packages/: SUITES="bookworm trixie sid"

$(deb_made): packages-deb-%: FORCE | build/chroots/%
	tests/debian/build build/chroots/$* build/packages/$*

# each suite is upgraded to the next one

test-packages: packages-deb $(SUITES:%=build/chroots/test-%) ## these: lintian, piuparts, installed to purged, nginx upgraded
	tests/debian/test $(SUITES)

.PHONY: packages-deb test-packages
