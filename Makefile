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

# where nginx-dev keeps what modules are built against
NGINX_SRC  ?= /usr/share/nginx/src

strict     := -std=gnu11 -Wall -Wextra -Werror
sanitize   := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
libs       := -l:libhiredis.a -ljansson -lcrypto
cli_libs   := $(libs) -lssl -lidn2

module     := build/ngx_http_paylock_module.so
control    := build/libpaylock-control.a
cli        := build/paylock-admin
manuals    := build/paylock-admin.1 build/ngx_http_paylock_module.8

# libpaylock: what nginx and paylock-admin share, what nginx alone uses, and
# what it never calls

lib_core   := $(patsubst %,libpaylock/core/paylock_%.c, \
                 audit base64 escape field host host_candidates messages node \
                 pass pass_key position record record_plain resp resp_scan \
                 str template timeline url utf8)
lib_http   := $(patsubst %,libpaylock/http/paylock_%.c, \
                 contact exempt http_list negotiate page page_date pass_strip \
                 state)
lib_audit  := $(patsubst %,libpaylock/audit/paylock_%.c, \
                 checkpoint export keyring pem sign verify verify_adopt \
                 verify_sign verify_witness)

lib_src    := $(lib_core) $(lib_http) $(lib_audit)
lib_incs   := -Ilibpaylock/core -Ilibpaylock/http -Ilibpaylock/audit

module_src := $(wildcard ngx_http_paylock_module/*.c) \
              $(wildcard ngx_http_paylock_module/*/*.c)
control_src := $(wildcard control/*/*.c)
cli_src    := $(wildcard admin-cli/*.c admin-cli/*/*.c)
sources    := $(module_src) $(lib_src) $(control_src) $(cli_src)
headers    := $(wildcard ngx_http_paylock_module/*/*.h libpaylock/*/*.h)
rooms      := $(wildcard ngx_http_paylock_module/*/)
page       := $(wildcard libpaylock/http/page/*)
bundle     := $(wildcard admin-cli/evidence/files/*)
cli_incs   := $(lib_incs) -iquote control -iquote admin-cli

lib_obj    := $(patsubst %.c,build/obj/%.o,$(lib_core) $(lib_audit))
control_obj := $(control_src:%.c=build/obj/%.o)
cli_obj    := $(cli_src:%.c=build/obj/%.o)
san_obj    := $(lib_src:%.c=build/sanitized/%.o)
unit       := $(patsubst tests/unit/%.c,build/unit/%, \
                  $(wildcard tests/unit/test_*.c))

# libFuzzer is clang's; each file in tests/fuzz is a target

CLANG      ?= clang
fuzz_flags := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_obj   := $(lib_src:%.c=build/fuzz/obj/%.o)
fuzzers    := $(patsubst tests/fuzz/%.c,build/fuzz/%, \
                  $(wildcard tests/fuzz/*.c))

# nginx itself copies nothing from NULL here and there

asan       := $(addprefix build/asan/, nginx ngx_http_paylock_module.so \
                  paylock-admin)
asan_flags := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
              -fno-sanitize=nonnull-attribute

# tests wait for servers longer than they compute

at_once     = $(shell echo $$(($$(nproc) * 2)))

nginx_incs := $(addprefix -Ibuild/nginx/, src/core src/event \
                  src/event/modules src/os/unix src/http src/http/modules \
                  objs) $(rooms:%/=-I%)


.PHONY: all module cli install clean help FORCE
.PHONY: packages-build packages-run packages-test
.PHONY: unit fuzzers test test-full test-asan bench run
.DELETE_ON_ERROR:

all: module cli $(manuals)  ## build the module and paylock-admin (the default)

module: $(module)       ## build/ngx_http_paylock_module.so

cli: $(cli)             ## build/paylock-admin

install: all            ## install both and the docs: DESTDIR= PREFIX= MODULESDIR=
	$(INSTALL) -d $(DESTDIR)$(MODULESDIR) $(DESTDIR)$(PREFIX)/bin \
	    $(addprefix $(DESTDIR)$(PREFIX)/share/, doc/paylock/performance \
	        man/man1 man/man8 bash-completion/completions $(ZSHDIR) \
	        $(FISHDIR))
	$(INSTALL) -m 644 $(module) $(DESTDIR)$(MODULESDIR)
	$(INSTALL) -m 755 $(cli) $(DESTDIR)$(PREFIX)/bin
	$(INSTALL) -m 644 $(wildcard README.md CHANGES LICENSE docs/*.md) \
	    $(DESTDIR)$(PREFIX)/share/doc/paylock
	$(INSTALL) -m 644 $(wildcard docs/performance/*) \
	    $(DESTDIR)$(PREFIX)/share/doc/paylock/performance
	$(INSTALL) -m 644 $(filter %.1,$(manuals)) \
	    $(DESTDIR)$(PREFIX)/share/man/man1
	$(INSTALL) -m 644 $(filter %.8,$(manuals)) \
	    $(DESTDIR)$(PREFIX)/share/man/man8
	$(INSTALL) -m 644 admin-cli/cli/completion/paylock-admin.bash \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/paylock-admin
	$(INSTALL) -m 644 admin-cli/cli/completion/_paylock-admin \
	    $(DESTDIR)$(PREFIX)/share/$(ZSHDIR)
	$(INSTALL) -m 644 admin-cli/cli/completion/paylock-admin.fish \
	    $(DESTDIR)$(PREFIX)/share/$(FISHDIR)

clean:                  ## remove build/
	rm -rf build

packages-build:         ## install the Debian packages that building needs
	@tests/packages.sh build

packages-run:           ## those that the example needs: nginx, Redis, curl
	@tests/packages.sh build run

packages-test:          ## those that the tests need, many; nothing is enabled
	@tests/packages.sh build run test

unit: $(unit)           ## unit tests, with address and undefined sanitizers
	@failed=; for t in $(unit); do $$t || failed="$$failed $$t"; done; \
	    [ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

fuzzers: $(fuzzers)     ## what fuzzes libpaylock, see tests/test_fuzz.py

test: all unit fuzzers  ## unit tests, then the tests with real nginx and Redis
	$(PYTHON) -m pytest -n $(at_once) -o cache_dir=build/pytest tests

test-full:              ## all of that for longer, and nginx's own suite in NGX_TESTS=
	@test -f "$(NGX_TESTS)/lib/Test/Nginx.pm" || { echo "NGX_TESTS is to be" \
	    "a copy of https://github.com/nginx/nginx-tests," \
	    "as of the age of the nginx under test" >&2; exit 1; }
	tests/packages.sh suite
	PAYLOCK_FUZZ_SECONDS=60 PAYLOCK_CHAOS_SECONDS=90 \
	    PAYLOCK_LOAD_SECONDS=60 PAYLOCK_FLIPS=2000 \
	    PAYLOCK_TEST_STORM=100000 $(MAKE) test
	$(PYTHON) tests/nginx_suite.py "$(NGX_TESTS)"

test-asan: $(asan)      ## the tests with nginx, module and CLI under sanitizers
	PAYLOCK_TEST_ASAN=yes $(PYTHON) -m pytest -n $(at_once) \
	    -o cache_dir=build/pytest tests

bench: all              ## what docs/performance.md says, measured here: QUICK=1
	@tests/packages.sh bench
	cd tests && $(PYTHON) -m bench $(if $(QUICK),--quick) \
	    $(if $(PUBLISH),--publish) $(PARTS)

run: all                ## three example sites to lock and unlock; Ctrl-C ends
	@example/run

help:                   ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16


# packages are looked for once, and again when the lists have changed

build/packages-%: tests/packages.sh
	@mkdir -p build
	@tests/packages.sh $*
	@touch $@

test test-asan unit fuzzers: | build/packages-test
run: | build/packages-run
$(lib_obj) $(control_obj) $(cli_obj): | build/packages-build
$(unit): | build/packages-test
build/packages-run build/packages-test: | build/packages-build
build/packages-test: | build/packages-run
build/packages-asan: | build/packages-test


# the module, by nginx's own build; another nginx, or another nginx-dev, is
# another build

nginx_is = { PATH="$$PATH:/usr/sbin" nginx -V 2>&1; find $(NGINX_SRC)/ \
    -type f -exec cksum {} + | LC_ALL=C sort; } 2>/dev/null | cksum

ifneq ($(strip $(file <build/nginx-is)),$(shell $(nginx_is)))
build/nginx-is: FORCE
endif

build/nginx-is: | build/packages-build
	@mkdir -p build
	@$(nginx_is) > $@

build/nginx/configure: build/nginx-is
	@test -f $(NGINX_SRC)/conf_flags || { echo "$(NGINX_SRC)/conf_flags" \
	    "is not there: install nginx-dev, or set NGINX_SRC" >&2; exit 1; }
	@rm -rf build/nginx && mkdir -p build
	cp -R $(NGINX_SRC) build/nginx

# relative paths keep the build the same wherever the checkout is

build/nginx/objs/Makefile: build/nginx/configure config build/sources
	cd build/nginx && bash -c '. ./conf_flags && \
	    ./configure "$${NGX_CONF_FLAGS[@]}" \
	        --add-dynamic-module=../.. \
	        --with-cc="$(CC)" \
	        --with-cc-opt="-std=gnu11 $(CPPFLAGS) $(CFLAGS)" \
	        --with-ld-opt="$(LDFLAGS)"' > configure.log 2>&1 \
	    || { cat build/nginx/configure.log >&2; exit 1; }
	@touch $@

$(module): build/nginx/objs/Makefile $(module_src) $(lib_core) $(lib_http) \
           $(headers) $(page) ngx_http_paylock_module/exports.map
	$(MAKE) -C build/nginx -f objs/Makefile modules
	cp build/nginx/objs/$(@F) $@.new && mv $@.new $@


# paylock-admin

build/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(strict) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(cli_incs) -c -o $@ $<

$(control): $(control_obj) build/sources
	@rm -f $@
	$(AR) rcsD $@ $(control_obj)

$(cli): $(cli_obj) $(control) $(lib_obj) build/sources
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(cli_obj) $(control) $(lib_obj) \
	    $(cli_libs)


# the manual pages, from the tables of paylock-admin and the documentation

build/paylock-admin.1: $(cli)
	$(cli) help --man > $@

build/ngx_http_paylock_module.8: docs/man.awk docs/directives.md \
        libpaylock/core/paylock_version.h
	awk $$(sed -n 's/^#define PAYLOCK_\(VERSION\|DATE\) *"\(.*\)"/-v \1=\2/p' \
	    libpaylock/core/paylock_version.h) -f docs/man.awk docs/directives.md > $@


# all three with sanitizers: Debian's nginx, configured as Debian does but
# for what it makes dynamic modules of

build/asan/src/configure: tests/nginx_source.sh build/nginx-is \
        | build/packages-asan
	@rm -rf build/asan/src && mkdir -p build/asan
	tests/nginx_source.sh build/asan/src > build/asan/source.log 2>&1 \
	    || { cat build/asan/source.log >&2; exit 1; }
	@touch $@

build/asan/src/objs/Makefile: build/asan/src/configure config build/sources
	cd build/asan/src && bash -c '. $(NGINX_SRC)/conf_flags && \
	    ./configure "$${NGX_CONF_FLAGS[@]}" \
	        $(asan_with) --add-dynamic-module=../../.. \
	        --with-cc="$(CC)" \
	        --with-cc-opt="-std=gnu11 $(asan_flags) -DNGX_DEBUG_PALLOC=1" \
	        --with-ld-opt="$(asan_flags)"' > configure.log 2>&1 \
	    || { cat build/asan/src/configure.log >&2; exit 1; }
	@touch $@

asan_with  := $(addprefix --with-http_, $(addsuffix _module, addition flv \
                  gunzip gzip_static mp4 random_index secure_link sub))

build/asan/nginx build/asan/ngx_http_paylock_module.so &: \
        build/asan/src/objs/Makefile $(module_src) $(lib_core) $(lib_http) \
        $(headers) $(page) ngx_http_paylock_module/exports.map
	$(MAKE) -C build/asan/src -f objs/Makefile build modules
	cp build/asan/src/objs/nginx \
	    build/asan/src/objs/ngx_http_paylock_module.so build/asan

build/asan/paylock-admin: $(cli_src:%.c=build/sanitized/%.o) \
        $(control_src:%.c=build/sanitized/%.o) \
        $(patsubst %.c,build/sanitized/%.o,$(lib_core) $(lib_audit)) \
        build/sources
	@mkdir -p $(@D)
	$(CC) $(sanitize) -o $@ $(filter %.o,$^) $(cli_libs)


# the unit tests

build/sanitized/%.o: %.c | build/packages-test
	@mkdir -p $(@D)
	$(CC) $(strict) $(sanitize) -MMD -MP $(cli_incs) -c -o $@ $<

build/sanitized/ngx_http_paylock_module/%.o: \
        ngx_http_paylock_module/%.c build/nginx/objs/Makefile \
        | build/packages-test
	@mkdir -p $(@D)
	$(CC) $(strict) -Wno-unused-parameter $(sanitize) -MMD -MP \
	    $(lib_incs) $(nginx_incs) -c -o $@ $<

table_obj := $(addprefix build/sanitized/ngx_http_paylock_module/table/, \
                 $(addprefix ngx_http_paylock_, table.o table_write.o \
                     table_scan.o table_guard.o table_sweep.o table_state.o))

tables    := $(filter build/unit/test_table%,$(unit))

$(tables): $(table_obj)
$(tables): private extra := -Wno-unused-parameter $(nginx_incs)

# what reads a file for import, without Redis

import     := $(addprefix admin-cli/import/, csv import_list import_record \
                  import_row) $(addprefix control/, \
                  base/error base/text base/time_text records/host_name)

build/unit/test_import: $(import:%=build/sanitized/%.o)
build/fuzz/import: $(import:%=build/fuzz/obj/%.o)
build/unit/test_import build/fuzz/import: private extra := -iquote control -iquote admin-cli
build/unit/test_import build/fuzz/import: private libs += -lidn2

build/unit/%: tests/unit/%.c $(san_obj) build/sources
	@mkdir -p $(@D)
	$(CC) $(strict) $(sanitize) -MMD -MP $(lib_incs) $(extra) \
	    -o $@ $(filter %.c %.o,$^) -lcmocka $(libs)


# the fuzzers

build/fuzz/obj/%.o: %.c | build/packages-test
	@mkdir -p $(@D)
	$(CLANG) $(strict) $(fuzz_flags) -fsanitize=fuzzer-no-link -MMD -MP \
	    $(cli_incs) -c -o $@ $<

feed_incs  := $(nginx_incs) -Ibuild/nginx/src/http/v2

# the feed: what stands between the replies and the table

feed_obj   := $(table_obj:build/sanitized/%=build/fuzz/obj/%) \
              $(addprefix build/fuzz/obj/ngx_http_paylock_module/feed/, \
                  $(addprefix ngx_http_paylock_, apply.o apply_fields.o \
                      apply_entries.o chain.o feed_error.o))

build/fuzz/obj/ngx_http_paylock_module/%.o: ngx_http_paylock_module/%.c \
        tests/fuzz/feed_store.h build/nginx/objs/Makefile \
        | build/packages-test
	@mkdir -p $(@D)
	$(CLANG) $(strict) -Wno-unused-parameter $(fuzz_flags) \
	    -fsanitize=fuzzer-no-link -MMD -MP $(lib_incs) $(feed_incs) \
	    -include tests/fuzz/feed_store.h -c -o $@ $<

build/fuzz/feed: $(feed_obj)
build/fuzz/feed: tests/fuzz/feed_redis.h tests/fuzz/feed_scan.h
build/fuzz/feed: private extra := -Wno-unused-parameter $(feed_incs) \
        -include tests/fuzz/feed_store.h

build/fuzz/%: tests/fuzz/%.c $(fuzz_obj) build/sources
	@mkdir -p $(@D)
	$(CLANG) $(strict) $(fuzz_flags) -fsanitize=fuzzer -MMD -MP \
	    $(lib_incs) $(extra) -o $@ $(filter %.c %.o,$^) $(libs)


# what .incbin takes in, -MMD does not see

build/obj/libpaylock/http/paylock_page.o \
build/fuzz/obj/libpaylock/http/paylock_page.o \
build/sanitized/libpaylock/http/paylock_page.o: $(page)

build/obj/admin-cli/evidence/bundle.o \
build/obj/admin-cli/evidence/history_page.o: $(bundle)

# a file that comes or goes changes what is built, and how

ifneq ($(strip $(file <build/sources)),$(strip $(sources)))
build/sources: FORCE
endif

build/sources:
	@mkdir -p build
	@echo $(sources) > $@

-include $(patsubst %.o,%.d,$(lib_obj) $(cli_obj) $(san_obj) $(table_obj)) \
    $(control_obj:%.o=%.d) $(cli_src:%.c=build/sanitized/%.d) \
    $(control_src:%.c=build/sanitized/%.d) $(control_src:%.c=build/fuzz/obj/%.d) \
    $(fuzz_obj:%.o=%.d) $(feed_obj:%.o=%.d) $(cli_src:%.c=build/fuzz/obj/%.d) $(unit:%=%.d) $(fuzzers:%=%.d)
