# The front door. CMake does the work (CMakeLists.txt, CMakePresets.json); this names the errands.

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

.DEFAULT_GOAL := help
.PHONY: help build run test bench bench-durability mutations demo demo-durability install deb \
    format tidy conformance clean prerequisites

help:       ## these lines
	@sed -n 's/^\([a-z-]*\): [^#]*## /\1\t/p; s/^\([a-z-]*\): *## /\1\t/p' Makefile | \
	    while IFS="$$(printf '\t')" read -r name what; do printf '  make %-17s %s\n' "$$name" "$$what"; done

prerequisites:
	@scripts/prerequisites build

build: prerequisites  ## build/bin/midged and build/bin/midge: optimised, with symbols
	@mkdir -p build
	@cmake --preset release >build/.configure.log 2>&1 || { cat build/.configure.log; exit 1; }
	@cmake --build --preset release -j $(JOBS) --target programs

run: build  ## installs what is missing, builds, starts the broker; it says where to connect
	@scripts/run

test:       ## the whole everyday suite: plain, sanitizers, fuzzing, real clients (under 15 min)
	@scripts/prerequisites test
	@scripts/test

bench: build  ## the benchmarks of single rooms
	@cmake --build --preset release -j $(JOBS) --target bench -- --quiet

bench-durability: build  ## what it costs that acknowledged means durable (ten minutes)
	@cmake --build --preset release -j $(JOBS) --target durability_load -- --quiet
	@/usr/bin/python3 tests/bench/durability.py $(BENCH)

mutations:  ## faults put in on purpose: does the simulator find each of them? (ten minutes)
	@/usr/bin/python3 tests/sim/mutations.py $(MUTATIONS)

demo: build  ## the story of the blue and the green device, in this terminal
	@examples/blue_green/demo

demo-durability: build  ## 1000 messages acknowledged, kill -9: how many arrive?
	@tests/crash/demo_durability --broker build/bin/midged
	@tests/crash/demo_durability --broker mosquitto || true

install: build  ## installs below PREFIX (/usr/local)
	@cmake --install build --prefix $(PREFIX)

deb:        ## a Debian package in build/packages
	@scripts/prerequisites package
	@$(MAKE) --no-print-directory build
	@cd build && cpack -G DEB

format:     ## clang-format on every source
	@git ls-files '*.c' '*.h' | xargs -r clang-format-14 -i

tidy: build  ## clang-format, clang-tidy and the house rules, checked
	@scripts/prerequisites check
	@cmake --preset release -DMIDGE_TESTS=AUTO >/dev/null
	@/usr/bin/python3 tests/tidy/tidy.py
	@scripts/check

conformance:  ## writes docs/conformance.md anew: statement, code, test
	@/usr/bin/python3 tests/conformance/conformance.py --write

clean:      ## removes build/
	@rm -rf build
