# SPDX-License-Identifier: GPL-2.0-or-later
#
# make help lists the targets. Variables you may set:
#
#   V=1            print every command
#   B=DIR          where everything is built (default: build)
#   SANITIZE=LIST  compile with -fsanitize=LIST, e.g. address,undefined
#   CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR  as usual

B		?= build
CFLAGS		?= -O2 -g
PREFIX		?= /usr/local
DESTDIR		?=
SANITIZE	?=

PKGS		:= openssl libkcapi jansson libcurl libisofs-1 blkid mount fdisk libudev zlib \
		   libmicrohttpd sqlite3 fuse3

WARN		:= -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef -Wshadow
HARDEN		:= -fPIE -fstack-protector-strong $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
MCLIC_CFLAGS	:= -std=gnu11 $(WARN) $(HARDEN) -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
		   -DOPENSSL_API_COMPAT=30000 -DOPENSSL_NO_DEPRECATED -pthread \
		   $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
MCLIC_LDFLAGS	:= -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed \
		   $(if $(SANITIZE),-fsanitize=$(SANITIZE))

# What each program links besides libmclic, and where its sources lie.
PROGRAMS	:= mclic mclic-master mclicd mclicctl mclicfs-fuse
DIR_mclic	:= userspace/mclic
DIR_mclic-master := userspace/master
DIR_mclicd	:= userspace/center/mclicd
DIR_mclicctl	:= userspace/center/mclicctl
DIR_mclicfs-fuse := fuse
LIBS_mclic	:= libisofs-1 blkid mount fdisk
LIBS_mclic-master := libisofs-1
LIBS_mclicd	:= libmicrohttpd sqlite3
LIBS_mclicctl	:= sqlite3
LIBS_mclicfs-fuse := fuse3
LIBS_common	:= openssl libkcapi jansson libcurl libisofs-1 blkid libudev zlib
EXTRA_LIBS	:= -lunistring

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

pkg_cflags	= $(shell pkg-config --cflags $(1))
pkg_libs	= $(shell pkg-config --libs $(1))

CORE_OBJ	:= $(patsubst %.c,$(B)/%.o,$(wildcard core/*.c))
LIB_OBJ		:= $(patsubst %.c,$(B)/%.o,$(wildcard userspace/lib/*.c))
CENTER_OBJ	:= $(patsubst %.c,$(B)/%.o,$(wildcard userspace/center/*.c))
obj_of		= $(patsubst %.c,$(B)/%.o,$(wildcard $(DIR_$(1))/*.c))
BUILT		:= $(foreach p,$(PROGRAMS),$(if $(wildcard $(DIR_$(p))/*.c),$(B)/$(p)))

.PHONY: all
all: $(BUILT)

# Objects are rebuilt when the flags change.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(MCLIC_CFLAGS) $(LDFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(CFLAGS) $(MCLIC_CFLAGS) $(LDFLAGS)' > $@
FORCE:

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CFLAGS) $(MCLIC_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%: PKG_CFLAGS = $(ALL_PKG_CFLAGS)
ALL_PKG_CFLAGS	:= $(call pkg_cflags,$(PKGS) cmocka 2>/dev/null)

$(B)/libcore.a: $(CORE_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libmclic.a: $(LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libcenter.a: $(CENTER_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

ARCHIVES	:= $(B)/libmclic.a $(B)/libcore.a

define program
$(B)/$(1): $(call obj_of,$(1)) $(if $(filter mclicd mclicctl,$(1)),$(B)/libcenter.a) $(ARCHIVES)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(CFLAGS) $$(MCLIC_LDFLAGS) $$(LDFLAGS) -o $$@ $$^ \
		$$(call pkg_libs,$$(LIBS_$(1)) $$(LIBS_common)) $$(EXTRA_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# One cmocka program a file in tests/unit.
UNIT		:= $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(wildcard $(B)/libcenter.a) $(ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(MCLIC_LDFLAGS) $(LDFLAGS) -o $@ $^ \
		$(call pkg_libs,cmocka $(LIBS_common) sqlite3) $(EXTRA_LIBS)

.PHONY: unit
unit: $(UNIT)

.PHONY: clean
clean:
	$(Q)rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
