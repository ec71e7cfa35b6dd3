# Copyright (C) 2026 paylock contributors
#
# What the tests are built from and run by; tests/README.md says more.

# pieces that are tested without the rest: the table of the module, and what
# reads a file for import

table_src  := $(filter $(addprefix %/ngx_http_paylock_, table.c table_write.c \
                  table_scan.c table_guard.c table_sweep.c table_state.c), \
                  $(module_src))
import_src := $(filter $(addprefix %/, csv.c import_list.c import_record.c \
                  import_row.c error.c text.c time_text.c host_name.c), \
                  $(control_src))

module_warn := -Wno-unused-parameter
module_incs := $(module_dir:%=-I%) $(lib_incs) \
               $(addprefix -Ibuild/nginx/, src/core src/event \
                   src/event/modules src/event/quic src/os/unix src/http \
                   src/http/modules src/http/v2 src/http/v3 objs)

# tests wait for servers longer than they compute

at_once     = $(shell echo $$(($$(nproc) * 2)))
pytest      = $(PYTHON) -m pytest -n $(at_once) -o cache_dir=build/pytest tests

# what libpaylock-control does without paylock-admin

control_tests := $(patsubst tests/control/%.c,build/control/%, \
                     $(wildcard tests/control/*.c))

build/control/%: tests/control/%.c $(control) $(lib_obj)
	@mkdir -p $(@D)
	$(CC) $(strict) $(CFLAGS) -MMD -MP $(cli_incs) -o $@ $(filter %.c %.a %.o,$^) \
	    $(cli_libs)

include tests/unit/unit.mk tests/fuzz/fuzz.mk

test: all unit fuzzers $(control_tests)  ## unit tests, then the tests with real nginx and Redis
	$(pytest)

test-builds:            ## paylock-build-module, RPMs, container and other architectures
	tests/packages.sh builds
	PAYLOCK_TEST_BUILDS=yes $(PYTHON) -m pytest -n $(at_once) \
	    -o cache_dir=build/pytest tests/project/test_build_module.py \
	    tests/project/test_build_module_install.py \
	    tests/project/test_build_module_run.py tests/project/test_packaging.py

test-full:              ## all of that for longer, and nginx's own suite in NGX_TESTS=
	@test -f "$(NGX_TESTS)/lib/Test/Nginx.pm" || { echo "NGX_TESTS is to be" \
	    "a copy of https://github.com/nginx/nginx-tests," \
	    "as of the age of the nginx under test" >&2; exit 1; }
	tests/packages.sh suite
	PAYLOCK_FUZZ_SECONDS=60 PAYLOCK_CHAOS_SECONDS=90 \
	    PAYLOCK_LOAD_SECONDS=60 PAYLOCK_TEST_CHANGES=2000 \
	    PAYLOCK_TEST_STORM=100000 PAYLOCK_TEST_ATTACKS=10000 \
	    PAYLOCK_TEST_KILLS=50 $(MAKE) test
	$(PYTHON) tests/nginx_suite.py "$(NGX_TESTS)"

include tests/asan.mk

test-versions: all      ## with other nginx: NGINX_SRCS="DIR-OR-TARBALL...", STATIC=1 builds in, too
	@tests/packages.sh versions
	$(PYTHON) tests/versions.py nginx $(if $(STATIC),--static) $(NGINX_SRCS)

test-redis: all         ## with other Redis: REDIS_SERVERS="PROGRAM-OR-SUITE/PACKAGE..."
	$(PYTHON) tests/versions.py redis $(REDIS_SERVERS)

bench: all              ## what docs/performance.md says, measured here: QUICK=1
	@tests/packages.sh bench
	cd tests && $(PYTHON) -m bench $(if $(QUICK),--quick) \
	    $(if $(PUBLISH),--publish) $(PARTS)

.PHONY: unit fuzzers test test-builds test-full test-asan test-versions
.PHONY: test-redis bench

test test-asan test-builds test-versions test-redis: | build/packages-test
