# SPDX-License-Identifier: GPL-2.0-or-later
#
# make help lists the targets. Variables you may set:
#
#   V=1            print every command
#   B=DIR          where everything is built (default: build)
#   SANITIZE=LIST  compile with -fsanitize=LIST, e.g. address,undefined
#   FUZZ_SECONDS=N how long make fuzz runs each target (default: 60)
#   KERNEL=NAME    kernel of make demo-kernel: 6.1 (default) or 6.12
#   KERNELS=LIST   kernels of make test-kernel and bench-kernel (default: 6.1 6.12)
#   SUITES=LIST    run only these suites (default: all)
#   KDIR=DIR       headers that make module builds against (default: the running kernel's)
#   W=1 C=2        make module with more warnings, and under sparse
#   CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR  as usual

B		?= build
CFLAGS		?= -O2 -g
PREFIX		?= /usr/local
DESTDIR		?=
SANITIZE	?=
FUZZ_SECONDS	?= 60
KERNEL		?= 6.1
KERNELS		?= 6.1 6.12
SUITES		?=
KDIR		?= /lib/modules/$(shell uname -r)/build

WARN		:= -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef -Wshadow
HARDEN		:= -fPIE -fstack-protector-strong $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
SANITIZER	:= $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
		   -fno-omit-frame-pointer)
MCLIC_CFLAGS	:= -std=gnu11 $(WARN) $(HARDEN) $(SANITIZER) -I. -D_GNU_SOURCE \
		   -D_FILE_OFFSET_BITS=64 -DOPENSSL_API_COMPAT=30000 -DOPENSSL_NO_DEPRECATED \
		   -pthread
MCLIC_LDFLAGS	:= -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed \
		   $(if $(SANITIZE),-fsanitize=$(SANITIZE))
# core/ is also for a kernel's stack.
CORE_CFLAGS	:= $(if $(SANITIZE),,-Wframe-larger-than=1024)

# What each program links besides libmclic, and where its sources lie.
PROGRAMS	:= mclic mclic-master mclicd mclicctl mclicfs-fuse mount.mclicfs
DIR_mclic	:= userspace/mclic
DIR_mclic-master := userspace/master
DIR_mclicd	:= userspace/center/mclicd
DIR_mclicctl	:= userspace/center/mclicctl
DIR_mclicfs-fuse := fuse
DIR_mount.mclicfs := userspace/mount.mclicfs
LIBS_mclic	:= blkid mount fdisk
LIBS_mclicd	:= libmicrohttpd gnutls sqlite3
LIBS_mclicctl	:= sqlite3
LIBS_mclicfs-fuse := fuse3
LIBS_common	:= openssl libkcapi jansson libcurl libisofs-1 blkid libudev libkeyutils zlib
PKGS		:= $(sort $(LIBS_common) $(foreach p,$(PROGRAMS),$(LIBS_$(p))))
EXTRA_LIBS	:= -lunistring

SBIN		:= mclicd mclicctl
# mount(8) looks for its helpers in /sbin alone.
HELPERS		:= mount.mclicfs
HELPERDIR	?= /sbin
MAN		:= $(wildcard Documentation/man/*.[158])
DOC		:= README.md $(wildcard Documentation/*.rst)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

# pkg-config may be missing until "make packages" has run, so it is asked late, and once.
pkg_libs	= $(shell pkg-config --libs $(1))
pkg_cflags	= $(or $(PKG_CFLAGS),$(eval PKG_CFLAGS := $(shell pkg-config --cflags \
		  $(PKGS)))$(PKG_CFLAGS))

# A make inside make uses every processor unless the user said otherwise.
jobs		= $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
again		= +$(Q)$(MAKE) --no-print-directory $(jobs)

.PHONY: all
all: $(foreach p,$(PROGRAMS),$(B)/$(p))

.PHONY: help
help:
	@echo 'make              build the programs into $(B)/'
	@echo 'make demo         the whole job on real input, narrated'
	@echo 'make demo-kernel  the same on a stock kernel in QEMU, with emulated media'
	@echo 'make test         every test, also under the sanitizers, and in test kernels'
	@echo 'make asan         only the tests under the address and undefined sanitizers'
	@echo 'make test-kernel  only the tests of the module, on Debian kernels 6.1 and 6.12'
	@echo 'make test-kernel-debug   the same on a kernel with KASAN, lockdep and kmemleak'
	@echo 'make suites       only the tests without them, with what is installed'
	@echo 'make bench        compare mclicfs-fuse with gocryptfs, encfs, securefs and cryfs'
	@echo 'make bench-kernel  compare mclicfs.ko with eCryptfs, fscrypt and dm-crypt'
	@echo 'make module       build mclicfs.ko for the kernel of KDIR into $(B)/module/'
	@echo 'make install-module  ... and install it for that kernel'
	@echo 'make fuzz         run each fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS)) seconds'
	@echo 'make style        check the form of the sources'
	@echo 'make check        static analysis: cppcheck, clang-tidy, shellcheck, mandoc'
	@echo 'make packages     install the Debian packages that a build needs'
	@echo 'make install      to $$DESTDIR$(PREFIX); make uninstall takes it away again'
	@echo 'make clean        remove $(B)/'
	@echo
	@echo 'demo, test, asan, bench, fuzz, check and those with -kernel first install the Debian'
	@echo 'packages they need and that are missing. Variables: see the top of the Makefile.'

# ---- Objects ----

# Written only when it changes: the flags, and the lists of objects in the archives.
define remember
	@mkdir -p $(@D)
	@printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
endef

.PHONY: FORCE
$(B)/flags: FORCE
	@pkg-config --exists $(PKGS) || { echo 'Libraries are missing: make packages'; exit 1; }
	$(call remember,$(CC) $(CFLAGS) $(MCLIC_CFLAGS) $(CORE_CFLAGS) $(MCLIC_LDFLAGS) $(LDFLAGS))

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CFLAGS) $(MCLIC_CFLAGS) $(if $(filter core/%,$<),$(CORE_CFLAGS)) \
		$(pkg_cflags) -MMD -MP -c -o $@ $<

# ---- Archives and programs ----

objects		= $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))
OBJ_libcore	:= $(call objects,core)
OBJ_libmclic	:= $(call objects,userspace/lib)
OBJ_libcenter	:= $(call objects,userspace/center)
ARCHIVES	:= $(B)/libmclic.a $(B)/libcore.a
WITH_CENTER	:= $(B)/libcenter.a $(ARCHIVES)

$(B)/lib%.list: FORCE
	$(call remember,$(OBJ_lib$*))

define archive
$(B)/$(1).a: $(OBJ_$(1)) $(B)/$(1).list
	$$(say) AR $$@
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $(OBJ_$(1))
endef
$(foreach a,libcore libmclic libcenter,$(eval $(call archive,$(a))))

link		= $(CC) $(CFLAGS) $(MCLIC_LDFLAGS) $(LDFLAGS) -o $@ $^

define program
$(B)/$(1): $(call objects,$(DIR_$(1))) $(if $(filter $(SBIN),$(1)),$(WITH_CENTER),$(ARCHIVES))
	$$(say) LD $$@
	$$(Q)$$(link) $$(call pkg_libs,$$(LIBS_$(1)) $$(LIBS_common)) $$(EXTRA_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# One cmocka program a file in tests/unit, one helper a file in the other folders.
UNIT		:= $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
TOOLS		:= $(patsubst %.c,$(B)/%,$(wildcard tests/tools/*.c tests/bench/*.c \
		   tests/vectors/*.c tests/kselftest/*.c))
$(UNIT): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(WITH_CENTER)
	$(say) LD $@
	$(Q)$(link) $(call pkg_libs,cmocka sqlite3 libmicrohttpd $(LIBS_common)) $(EXTRA_LIBS)
$(TOOLS): $(B)/tests/%: $(B)/tests/%.o $(B)/tests/asan/no_leaks.o $(WITH_CENTER)
	$(say) LD $@
	$(Q)$(link) $(call pkg_libs,sqlite3 $(LIBS_common)) $(EXTRA_LIBS)

.PHONY: unit tools
unit: $(UNIT)
tools: $(TOOLS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- The kernel module ----

# Kbuild writes next to the sources, so it is shown a folder of links to them.
utsrelease	= $(KDIR)/include/generated/utsrelease.h
module_dir	= $(abspath $(B))/module/$(shell cut -d '"' -f 2 '$(utsrelease)')

.PHONY: module
module:
	$(Q)[ -f '$(utsrelease)' ] || \
		{ echo 'No kernel headers in $(KDIR). Set KDIR.'; exit 1; }
	$(Q)mkdir -p '$(module_dir)'
	$(Q)cp -rsf $(addprefix '$(CURDIR)'/,Kbuild kmod core uapi) '$(module_dir)/'
	$(Q)find '$(module_dir)' -xtype l -delete
	$(again) -C '$(KDIR)' M='$(module_dir)' modules

# The module for each of the kernels that the suites and measurements are to run on.
define modules
	+$(Q)set -e; for k in $(1); do \
		d=$$(tests/qemu/kernel $$k); \
		$(MAKE) --no-print-directory $(jobs) module KDIR="$$d/build"; \
	done
endef

.PHONY: install-module
install-module: module
	$(Q)install -D -m 644 '$(module_dir)/mclicfs.ko' \
		'$(DESTDIR)/lib/modules/$(notdir $(module_dir))/updates/mclicfs.ko'
	$(Q)$(if $(DESTDIR),,depmod '$(notdir $(module_dir))')

# ---- Packages, demo, tests, measurements ----

.PHONY: packages
packages:
	$(Q)tests/install-packages build

.PHONY: demo
demo:
	$(Q)tests/install-packages build demo
	$(again) all
	$(Q)B='$(B)' sh tests/demo/demo.sh

.PHONY: demo-kernel
demo-kernel:
	$(Q)tests/install-packages build demo kernel
	$(again) all tools
	$(again) module KDIR="$$(tests/qemu/kernel '$(KERNEL)')/build"
	$(Q)B='$(B)' KERNEL='$(KERNEL)' sh tests/demo/demo-kernel.sh

.PHONY: suites
suites: all unit tools
	$(Q)B='$(B)' tests/run $(SUITES)

.PHONY: asan
asan:
	$(Q)tests/install-packages build test
	@echo 'The tests under the address and undefined-behaviour sanitizers:'
	$(again) B='$(B)/asan' SANITIZE=address,undefined all unit tools
	$(Q)B='$(B)/asan' UBSAN_OPTIONS=print_stacktrace=1 tests/run $(SUITES)

# Everything that runs in a test kernel, in QEMU, on each of KERNELS.
.PHONY: test-kernel
test-kernel:
	$(Q)tests/install-packages build test kernel $(if $(filter debug,$(KERNELS)),kernel-debug)
	$(again) all tools
	$(call modules,$(KERNELS))
	$(Q)B='$(B)' KERNELS='$(KERNELS)' tests/qemu/run $(SUITES)

.PHONY: test-kernel-debug
test-kernel-debug:
	$(again) test-kernel KERNELS=debug

.PHONY: test
test:
	$(Q)tests/install-packages build test kernel
	$(again) suites
	$(again) test-kernel
	$(again) asan

.PHONY: bench
bench:
	$(Q)tests/install-packages build bench
	$(again) all tools
	$(Q)B='$(B)' sh tests/bench/bench.sh

.PHONY: bench-kernel
bench-kernel:
	$(Q)tests/install-packages build test kernel
	$(again) all tools
	$(call modules,$(filter-out debug,$(KERNELS)))
	$(Q)B='$(B)' KERNELS='$(filter-out debug,$(KERNELS))' sh tests/bench/kernel.sh

FUZZERS		:= $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
$(FUZZERS): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(WITH_CENTER)
	$(say) LD $@
	$(Q)$(link) -fsanitize=fuzzer $(call pkg_libs,sqlite3 $(LIBS_common)) $(EXTRA_LIBS)

.PHONY: fuzzers
fuzzers: $(FUZZERS)

.PHONY: fuzz
fuzz:
	$(Q)tests/install-packages build fuzz
	$(again) B='$(B)/fuzz' CC=clang-14 SANITIZE=fuzzer-no-link,address,undefined fuzzers
	$(Q)B='$(B)/fuzz' FUZZ_SECONDS='$(FUZZ_SECONDS)' sh tests/fuzz/run

.PHONY: style
style:
	$(Q)sh tests/tree/style.sh

.PHONY: check
check: style
	$(Q)tests/install-packages build check
	$(Q)B='$(B)' sh tests/tree/check "$(MCLIC_CFLAGS)"

# ---- Install ----

bindir_of	= $(DESTDIR)$(if $(filter $(HELPERS),$(1)),$(HELPERDIR),$(PREFIX)/$(if $(filter \
		  $(SBIN),$(1)),sbin,bin))
mandir_of	= $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(1)))
docdir		= $(DESTDIR)$(PREFIX)/share/doc/mclicfs

.PHONY: install
install: all
	$(Q)set -e; $(foreach p,$(PROGRAMS), \
		install -D -m 755 $(B)/$(p) '$(call bindir_of,$(p))/$(p)';)
	$(Q)set -e; $(foreach m,$(MAN), \
		install -D -m 644 $(m) '$(call mandir_of,$(m))/$(notdir $(m))';)
	$(Q)set -e; $(foreach d,$(DOC), \
		install -D -m 644 $(d) '$(docdir)/$(notdir $(d))';)
	@echo 'Installed to $(DESTDIR)$(PREFIX)'

.PHONY: uninstall
uninstall:
	$(Q)rm -f $(foreach p,$(PROGRAMS),'$(call bindir_of,$(p))/$(p)')
	$(Q)rm -f $(foreach m,$(MAN),'$(call mandir_of,$(m))/$(notdir $(m))')
	$(Q)rm -rf '$(docdir)'

.PHONY: clean
clean:
	$(Q)rm -rf '$(B)'
