# Copyright (C) 2026 paylock contributors
#
# What "make install" installs of the servers.  The accounts are made by
# systemd-sysusers, the directories by systemd-tmpfiles: docs/servers.md.

# below $(PREFIX)/lib systemd looks for units, accounts and directories

SYSTEMDDIR ?= $(PREFIX)/lib/systemd/system

# the group of nginx's workers, which connect to paylockd

WWWGROUP   ?= www-data

server_man   := $(filter %/paylockd.8 %/paylock-writer.8,$(manuals))
server_units := $(wildcard server/systemd/*.in)
server_share := $(wildcard server/share/*.conf)
server_dirs  := $(SYSTEMDDIR) $(addprefix $(PREFIX)/, sbin lib/sysusers.d \
                    lib/tmpfiles.d share/paylockd share/man/man8)

# "make install" comes here, too, and installs nothing if it refuses the module

install-server:         ## of these the servers, and their units: WWWGROUP=

install-server: all $(if $(filter install,$(MAKECMDGOALS)),module-is-ours)
	$(INSTALL) -d $(addprefix $(DESTDIR), $(server_dirs))
	$(INSTALL) -m 755 $(daemon) $(writer) $(DESTDIR)$(PREFIX)/sbin
	for unit in $(server_units:server/systemd/%.in=%); do \
	    sed -e 's,@SBINDIR@,$(PREFIX)/sbin,' -e 's,@WWWGROUP@,$(WWWGROUP),' \
	        server/systemd/$$unit.in > $(DESTDIR)$(SYSTEMDDIR)/$$unit \
	    && chmod 644 $(DESTDIR)$(SYSTEMDDIR)/$$unit || exit 1; \
	done
	$(INSTALL) -m 644 server/systemd/sysusers.conf \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/paylockd.conf
	$(INSTALL) -m 644 server/systemd/tmpfiles.conf \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/paylockd.conf
	$(INSTALL) -m 644 $(server_share) $(DESTDIR)$(PREFIX)/share/paylockd
	$(INSTALL) -m 644 $(server_man) $(DESTDIR)$(PREFIX)/share/man/man8

$(server_man): docs/servers.md
