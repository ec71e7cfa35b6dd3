# Copyright (C) 2026 paylock contributors
#
# make help tells what there is to make.

# as many at once as there are processors, unless -j says otherwise

MAKEFLAGS  += -j$(shell nproc)

CC         ?= cc
CFLAGS     ?= -O2 -g -fstack-protector-strong
CPPFLAGS   ?= -D_FORTIFY_SOURCE=2
LDFLAGS    ?= -Wl,-z,relro -Wl,-z,now
PYTHON     ?= /usr/bin/python3
INSTALL    ?= install
PREFIX     ?= /usr/local
MODULESDIR ?= $(or $(shell PATH="$$PATH:/usr/sbin" nginx -V 2>&1 \
                  | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p'), \
                  /usr/lib/nginx/modules)

# below $(PREFIX)/share; zsh looks into vendor-completions only below /usr

ZSHDIR     ?= zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR    ?= fish/vendor_completions.d

# what the module is built against: by default where nginx-dev keeps it, which
# has nginx's flags with it; any other source of nginx is configured with these

NGINX_SRC  ?= /usr/share/nginx/src
NGINX_FLAGS ?= --with-compat --with-http_ssl_module

strict     := -std=gnu11 -Wall -Wextra -Wno-missing-field-initializers -Werror

# the times of records are beyond what 32 bits with a sign hold
strict     += -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64

hiredis    := $(if $(findstring /,$(shell $(CC) \
                  -print-file-name=libhiredis.a)),-l:libhiredis.a,-lhiredis)
libs       := $(hiredis) -ljansson -lcrypto -pthread
cli_libs   := $(libs) -lssl -lidn2

module     := build/ngx_http_paylock_module.so
control    := build/libpaylock-control.a
cli        := build/paylock-admin
writer     := build/paylock-writer
daemon     := build/paylockd
manuals    := build/paylock-admin.1 build/paylock-build-module.1 \
              build/ngx_http_paylock_module.8 build/paylockd.8 \
              build/paylock-writer.8

# what paylock-build-module builds, and itself
builder    := config libpaylock ngx_http_paylock_module tools

# libpaylock: what nginx and paylock-admin share, what nginx alone uses, and
# signatures, of which nginx takes what verifies entries

lib_core   := $(patsubst %,libpaylock/core/paylock_%.c, \
                 audit audit_hash base64 escape field hex host \
                 host_candidates lattice messages node pass pass_key position \
                 record record_plain resp resp_scan skip str template \
                 timeline url utf8)
lib_http   := $(patsubst %,libpaylock/http/paylock_%.c, \
                 contact exempt http_list negotiate page page_date pass_strip \
                 state)
lib_audit  := $(patsubst %,libpaylock/audit/paylock_%.c, \
                 adopt archive checkpoint export key_check keyring pem rule \
                 sign signers signers_limit signers_unique verify verify_adopt \
                 verify_archive verify_head verify_path verify_pin verify_sign \
                 verify_witness vouch words)

lib_src    := $(lib_core) $(lib_http) $(lib_audit)
lib_incs   := -Ilibpaylock/core -Ilibpaylock/http -Ilibpaylock/audit \
              -Ibuild/embed

# the rest, folder by folder

module_dir  := ngx_http_paylock_module \
               $(addprefix ngx_http_paylock_module/, conf feed redis request \
                   state status table)
control_dir := control/*
cli_dir     := admin-cli admin-cli/*
wire_dir    := server/wire
writer_dir  := server/writer
daemon_dir  := server/paylockd

module_src  := $(wildcard $(module_dir:%=%/*.c))
control_src := $(wildcard $(control_dir:%=%/*.c))
cli_src     := $(wildcard $(cli_dir:%=%/*.c))
wire_src    := $(wildcard $(wire_dir:%=%/*.c))
writer_src  := $(wildcard $(writer_dir:%=%/*.c))
daemon_src  := $(wildcard $(daemon_dir:%=%/*.c))
sources     := $(module_src) $(lib_src) $(control_src) $(cli_src) \
               $(wire_src) $(writer_src) $(daemon_src)

page        := $(wildcard libpaylock/http/page/*)
evidence    := $(wildcard admin-cli/evidence/files/*)

# what the module is made of

module_on   := $(module_src) $(lib_core) $(lib_http) $(lib_audit) $(page) \
               $(wildcard $(module_dir:%=%/*.h) libpaylock/*/*.h) \
               ngx_http_paylock_module/exports.map

# headers of libpaylock and of the module are included by their bare names,
# those of control/ and admin-cli/ with their folder: "trail/head.h"

cli_incs    := $(lib_incs) -iquote control -iquote admin-cli -iquote server

lib_obj     := $(patsubst %.c,build/obj/%.o,$(lib_core) $(lib_audit))
control_obj := $(control_src:%.c=build/obj/%.o)
cli_obj     := $(cli_src:%.c=build/obj/%.o)
wire_obj    := $(wire_src:%.c=build/obj/%.o)
writer_obj  := $(writer_src:%.c=build/obj/%.o)
daemon_obj  := $(daemon_src:%.c=build/obj/%.o)



.PHONY: all module cli server install install-server clean help FORCE
.PHONY: packages-build packages-run packages-test run
.DELETE_ON_ERROR:

all: module cli server $(manuals)  ## build everything (the default)

module: $(module)       ## build/ngx_http_paylock_module.so

cli: $(cli)             ## build/paylock-admin

server: $(writer) $(daemon)  ## build/paylock-writer and build/paylockd

install: all module-is-ours install-server  ## install all and the docs: DESTDIR= PREFIX= MODULESDIR=
	$(INSTALL) -d $(DESTDIR)$(MODULESDIR) $(DESTDIR)$(PREFIX)/bin \
	    $(addprefix $(DESTDIR)$(PREFIX)/share/, paylock \
	        doc/paylock/docs/performance \
	        man/man1 man/man8 bash-completion/completions $(ZSHDIR) \
	        $(FISHDIR))
	$(INSTALL) -m 644 $(module) $(DESTDIR)$(MODULESDIR)
	$(INSTALL) -m 755 $(cli) $(DESTDIR)$(PREFIX)/bin
	tar -cf - --mode=go=rX $(builder) \
	    | tar -C $(DESTDIR)$(PREFIX)/share/paylock -xf - \
	        --no-same-owner
	ln -sf ../share/paylock/tools/build-module \
	    $(DESTDIR)$(PREFIX)/bin/paylock-build-module
	$(INSTALL) -m 644 README.md CHANGES LICENSE \
	    $(DESTDIR)$(PREFIX)/share/doc/paylock
	$(INSTALL) -m 644 $(wildcard docs/*.md) docs/page.png \
	    $(DESTDIR)$(PREFIX)/share/doc/paylock/docs
	$(INSTALL) -m 644 $(wildcard docs/performance/*) \
	    $(DESTDIR)$(PREFIX)/share/doc/paylock/docs/performance
	$(INSTALL) -m 644 $(filter %.1,$(manuals)) \
	    $(DESTDIR)$(PREFIX)/share/man/man1
	$(INSTALL) -m 644 build/ngx_http_paylock_module.8 \
	    $(DESTDIR)$(PREFIX)/share/man/man8
	$(INSTALL) -m 644 admin-cli/cli/completion/paylock-admin.bash \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/paylock-admin
	$(INSTALL) -m 644 admin-cli/cli/completion/_paylock-admin \
	    $(DESTDIR)$(PREFIX)/share/$(ZSHDIR)
	$(INSTALL) -m 644 admin-cli/cli/completion/paylock-admin.fish \
	    $(DESTDIR)$(PREFIX)/share/$(FISHDIR)

module-is-ours: FORCE
	@test -n "$(DESTDIR)" \
	    || ! dpkg -S "$(MODULESDIR)/$(notdir $(module))" >/dev/null 2>&1 \
	    || { echo "$(MODULESDIR)/$(notdir $(module)) is of a package:" \
	         "remove libnginx-mod-http-paylock first, or name another" \
	         "directory: MODULESDIR=" >&2; exit 1; }

clean:                  ## remove build/
	rm -rf build

packages-build:         ## install the Debian packages that building needs
	@tests/packages.sh build

packages-run:           ## those that the example needs: nginx, Redis, curl
	@tests/packages.sh build run

packages-test:          ## those that the tests need, many; nothing is enabled
	@tests/packages.sh build run test

run: all                ## three example sites to lock and unlock; Ctrl-C ends
	@example/run

help:                   ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile \
	    tests/unit/unit.mk tests/fuzz/fuzz.mk tests/tests.mk tests/asan.mk \
	    tests/debian/debian.mk server/server.mk \
	    | expand -t 16


# packages are looked for once, and again when the lists have changed

build/packages-%: tests/packages.sh
	@mkdir -p build
	@tests/packages.sh $*
	@touch $@

run: | build/packages-run
$(lib_obj) $(control_obj) $(cli_obj) $(wire_obj) $(writer_obj) $(daemon_obj): \
    | build/packages-build
build/packages-run build/packages-test: | build/packages-build
build/packages-test: | build/packages-run


# the module, by nginx's own build; another nginx, or another nginx-dev, is
# another build

nginx_is = { PATH="$$PATH:/usr/sbin" nginx -V 2>&1; echo $(NGINX_FLAGS); \
    find $(NGINX_SRC)/ -name .git -prune -o -type f -exec cksum {} + \
    | LC_ALL=C sort; } 2>/dev/null | cksum

ifneq ($(strip $(file <build/nginx-is)),$(shell $(nginx_is)))
build/nginx-is: FORCE
endif

build/nginx-is: | build/packages-build
	@mkdir -p build
	@$(nginx_is) > $@

build/nginx/configure: build/nginx-is
	@test -f $(NGINX_SRC)/auto/module || { echo "$(NGINX_SRC) is not nginx's" \
	    "source: install nginx-dev, or set NGINX_SRC" >&2; exit 1; }
	@rm -rf build/nginx && mkdir -p build
	cp -R $(NGINX_SRC) build/nginx
	@rm -rf build/nginx/objs
	@cd build/nginx && { test -f configure || cp auto/configure .; }

# relative paths keep the build the same wherever the checkout is

build/nginx/objs/Makefile: build/nginx/configure config build/sources \
        libpaylock/embed.sh $(page)
	cd build/nginx && bash -c 'NGX_CONF_FLAGS=($(NGINX_FLAGS)); \
	    ! [ -f conf_flags ] || . ./conf_flags; \
	    ./configure "$${NGX_CONF_FLAGS[@]}" \
	        --add-dynamic-module=../.. \
	        --with-cc="$(CC)" \
	        --with-cc-opt="-std=gnu11 $(CPPFLAGS) $(CFLAGS)" \
	        --with-ld-opt="$(LDFLAGS)"' > configure.log 2>&1 \
	    || { cat build/nginx/configure.log >&2; exit 1; }
	@touch $@

$(module): build/nginx/objs/Makefile $(module_on)
	$(MAKE) -C build/nginx -f objs/Makefile modules
	cp build/nginx/objs/$(@F) $@.new && mv $@.new $@


# paylock-admin

build/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(strict) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(cli_incs) -c -o $@ $<

$(control): $(control_obj) build/sources
	@rm -f $@
	$(AR) rcsD $@ $(control_obj)

$(cli): $(cli_obj) $(wire_obj) $(control) $(lib_obj) build/sources
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(cli_obj) $(wire_obj) $(control) \
	    $(lib_obj) $(cli_libs)


# paylockd and paylock-writer

$(writer): $(writer_obj) $(wire_obj) $(control) $(lib_obj) build/sources
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(writer_obj) $(wire_obj) $(control) \
	    $(lib_obj) $(cli_libs)

$(daemon): $(daemon_obj) $(wire_obj) $(control) $(lib_obj) build/sources
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(daemon_obj) $(wire_obj) $(control) \
	    $(lib_obj) $(cli_libs) -lmicrohttpd


# the manual pages, from the documentation

build/paylock-build-module.1: docs/build-module.md

build/paylock-admin.1: $(addprefix docs/, paylock-admin.md commands.md \
                           commands-trail.md)

build/ngx_http_paylock_module.8: docs/directives.md

$(manuals): docs/man.awk libpaylock/core/paylock_version.h
	@mkdir -p build
	awk -v PAGE=$(@F) \
	    $$(sed -n 's/^#define PAYLOCK_\(VERSION\|DATE\) *"\(.*\)"/-v \1=\2/p' \
	    libpaylock/core/paylock_version.h) -f $(filter-out %.h,$^) > $@


# what is installed of the servers

include server/server.mk


# the tests, and packages

include tests/tests.mk tests/debian/debian.mk


# files that are built in, as C; config makes those of the module

build/embed/paylock_page_files.h: $(page)
	@mkdir -p $(@D)
	libpaylock/embed.sh paylock $(page) > $@

build/embed/evidence_files.h: $(evidence)
	@mkdir -p $(@D)
	libpaylock/embed.sh evidence $(evidence) > $@

build/embed/%: libpaylock/embed.sh

$(filter %/paylock_page.o, $(lib_obj) $(san_lib) $(fuzz_lib)): \
    build/embed/paylock_page_files.h
$(filter %/bundle.o %/history_page.o, $(cli_obj) $(san_cli)): \
    build/embed/evidence_files.h


# a file that comes or goes changes what is built, and how

ifneq ($(strip $(file <build/sources)),$(strip $(sources)))
build/sources: FORCE
endif

build/sources:
	@mkdir -p build
	@echo $(sources) > $@

-include $(shell find $(addprefix build/, obj sanitized unit fuzz) -name '*.d' \
             2>/dev/null)
