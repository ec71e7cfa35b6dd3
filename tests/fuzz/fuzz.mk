# Copyright (C) 2026 paylock contributors
#
# make fuzzers: each tests/fuzz/*.c is a target for libFuzzer, which is
# clang's; tests/project/test_fuzz.py runs them.

CLANG      ?= clang

fuzz_flags := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_lib   := $(lib_src:%.c=build/fuzz/obj/%.o)
fuzzers    := $(patsubst tests/fuzz/%.c,build/fuzz/%, \
                  $(wildcard tests/fuzz/*.c))

fuzzers: $(fuzzers)     ## the fuzz targets; tests/project/test_fuzz.py runs them

fuzzers $(fuzz_lib): | build/packages-test

build/fuzz/obj/%.o: %.c | build/packages-test
	@mkdir -p $(@D)
	$(CLANG) $(strict) $(fuzz_flags) -fsanitize=fuzzer-no-link -MMD -MP \
	    $(cli_incs) -c -o $@ $<

build/fuzz/%: tests/fuzz/%.c $(fuzz_lib) build/sources
	@mkdir -p $(@D)
	$(CLANG) $(strict) $(fuzz_flags) -fsanitize=fuzzer -MMD -MP \
	    $(cli_incs) $(extra) -o $@ $(filter %.c %.o,$^) $(libs)

build/fuzz/import: $(import_src:%.c=build/fuzz/obj/%.o)
build/fuzz/import: private libs += -lidn2

build/fuzz/archive build/fuzz/trail: tests/fuzz/trail_item.h

# the feed: the module between the replies of Redis and the table, with a table
# in place of nginx's shared memory

feed_src  := $(table_src) $(filter $(addprefix %/ngx_http_paylock_, \
                 apply.c apply_entries.c apply_fields.c chain.c feed_error.c), \
                 $(module_src))
feed_incs := $(module_incs) -include tests/fuzz/feed_store.h

build/fuzz/obj/ngx_http_paylock_module/%.o: ngx_http_paylock_module/%.c \
        tests/fuzz/feed_store.h build/nginx/objs/Makefile \
        | build/packages-test
	@mkdir -p $(@D)
	$(CLANG) $(strict) $(module_warn) $(fuzz_flags) \
	    -fsanitize=fuzzer-no-link -MMD -MP $(feed_incs) -c -o $@ $<

build/fuzz/feed: $(feed_src:%.c=build/fuzz/obj/%.o)
build/fuzz/feed: tests/fuzz/feed_redis.h tests/fuzz/feed_scan.h
build/fuzz/feed: private extra := $(module_warn) $(feed_incs)

# the servers, each without the other and without Redis

build/fuzz/writer_command: $(patsubst %.c,build/fuzz/obj/%.o, \
    $(filter-out %/main.c,$(writer_src)) $(control_src))
build/fuzz/api_request: $(patsubst %.c,build/fuzz/obj/%.o, \
    $(filter-out %/main.c %/writer_call.c,$(daemon_src)) $(control_src))
build/fuzz/writer_command build/fuzz/api_request: \
    private libs = $(cli_libs) -lmicrohttpd
