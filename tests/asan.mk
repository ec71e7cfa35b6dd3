# Copyright (C) 2026 paylock contributors
#
# make test-asan: nginx, the module and paylock-admin with the address and
# undefined behaviour sanitizers.  nginx is Debian's source, configured as
# Debian does but for what it makes dynamic modules of.

asan       := $(addprefix build/asan/, nginx ngx_http_paylock_module.so \
                  paylock-admin paylock-writer paylockd)

san_control := $(patsubst %.c,build/sanitized/%.o,$(control_src) $(wire_src))

# nginx itself copies nothing from NULL here and there

asan_flags := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
              -fno-sanitize=nonnull-attribute

asan_with  := $(addprefix --with-http_, $(addsuffix _module, addition flv \
                  gunzip gzip_static mp4 random_index secure_link sub))

test-asan: $(asan) $(control_tests)  ## the tests with nginx, module, CLI and servers under sanitizers
	PAYLOCK_TEST_ASAN=yes $(pytest)

build/packages-asan: | build/packages-test

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

build/asan/nginx build/asan/ngx_http_paylock_module.so &: \
        build/asan/src/objs/Makefile $(module_on)
	$(MAKE) -C build/asan/src -f objs/Makefile build modules
	cp build/asan/src/objs/nginx \
	    build/asan/src/objs/ngx_http_paylock_module.so build/asan

build/asan/paylock-admin: $(san_cli) $(wire_src:%.c=build/sanitized/%.o) \
        $(san_lib) build/sources
	@mkdir -p $(@D)
	$(CC) $(sanitize) -o $@ $(filter %.o,$^) $(cli_libs)

build/asan/paylock-writer: $(writer_src:%.c=build/sanitized/%.o)
build/asan/paylockd: $(daemon_src:%.c=build/sanitized/%.o)

build/asan/paylock-writer build/asan/paylockd: $(san_control) $(san_lib) \
        build/sources
	@mkdir -p $(@D)
	$(CC) $(sanitize) -o $@ $(filter %.o,$^) $(cli_libs) -lmicrohttpd
