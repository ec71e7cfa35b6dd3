# Copyright (C) 2026 paylock contributors
#
# make unit: each tests/unit/test_*.c is a program, built and run with the
# address and undefined behaviour sanitizers.

sanitize := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
san_lib  := $(lib_src:%.c=build/sanitized/%.o)
san_cli  := $(patsubst %.c,build/sanitized/%.o,$(control_src) $(cli_src))
unit     := $(patsubst tests/unit/%.c,build/unit/%, \
                $(wildcard tests/unit/test_*.c))

unit: $(unit)           ## unit tests, with address and undefined sanitizers
	@failed=; for t in $(unit); do $$t || failed="$$failed $$t"; done; \
	    [ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

$(unit): | build/packages-test

build/sanitized/%.o: %.c | build/packages-test
	@mkdir -p $(@D)
	$(CC) $(strict) $(sanitize) -MMD -MP $(cli_incs) -c -o $@ $<

build/sanitized/ngx_http_paylock_module/%.o: ngx_http_paylock_module/%.c \
        build/nginx/objs/Makefile | build/packages-test
	@mkdir -p $(@D)
	$(CC) $(strict) $(module_warn) $(sanitize) -MMD -MP $(module_incs) \
	    -c -o $@ $<

build/unit/%: tests/unit/%.c $(san_lib) build/sources
	@mkdir -p $(@D)
	$(CC) $(strict) $(sanitize) -MMD -MP $(cli_incs) $(extra) \
	    -o $@ $(filter %.c %.o,$^) -lcmocka $(libs)

# what else than libpaylock a test needs

tables := $(filter build/unit/test_table%,$(unit))

$(tables): $(table_src:%.c=build/sanitized/%.o)
$(tables): private extra := $(module_warn) $(module_incs)

$(filter build/unit/test_page%,$(unit)): build/sanitized/tests/unit/page.o

build/unit/test_import: $(import_src:%.c=build/sanitized/%.o)
build/unit/test_import: private libs += -lidn2

build/unit/test_store: $(patsubst %,build/sanitized/%.o, \
    server/paylockd/store control/records/effective_state control/base/text \
    control/base/time_text control/base/error)
