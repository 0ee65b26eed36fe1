# The audit log as it is written: one thread, one folder.
noinst_LIBRARIES += liblog.a
liblog_a_SOURCES = \
	%D%/append.c \
	%D%/checkpoint.c \
	%D%/edge.c \
	%D%/edge.h \
	%D%/holds.c \
	%D%/holds.h \
	%D%/keeper.c \
	%D%/keeper.h \
	%D%/keys.c \
	%D%/keys.h \
	%D%/log.c \
	%D%/log.h \
	%D%/opens.c \
	%D%/opens.h \
	%D%/orders.c \
	%D%/orders.h \
	%D%/pidfile.c \
	%D%/pidfile.h \
	%D%/recover.c \
	%D%/retain.c \
	%D%/retain.h \
	%D%/room.c \
	%D%/room.h \
	%D%/segment.c \
	%D%/ship.c \
	%D%/ship.h \
	%D%/vault.c \
	%D%/vault.h \
	%D%/writer.c \
	%D%/writer.h
