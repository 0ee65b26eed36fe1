# The gateway, as an archive so that tests link its parts.
noinst_LIBRARIES += libgateway.a
libgateway_a_SOURCES = \
	cmd/libcurl.c \
	cmd/libcurl.h \
	cmd/media/client.c \
	cmd/media/client.h \
	cmd/session/form.c \
	cmd/session/form.h \
	%D%/bind.c \
	%D%/bind.h \
	%D%/console.c \
	%D%/console.h \
	%D%/edition.c \
	%D%/edition.h \
	%D%/head.c \
	%D%/head.h \
	%D%/jobs.c \
	%D%/jobs.h \
	%D%/known.c \
	%D%/known.h \
	%D%/linger.c \
	%D%/linger.h \
	%D%/listen.c \
	%D%/listen.h \
	%D%/listen_call.c \
	%D%/listen_head.c \
	%D%/listen_mhd.h \
	%D%/listen_priv.h \
	%D%/loop.c \
	%D%/loop.h \
	%D%/origin.c \
	%D%/pace.c \
	%D%/pace.h \
	%D%/recorder.c \
	%D%/recorder.h \
	%D%/proxy.c \
	%D%/proxy.h \
	%D%/relay.c \
	%D%/relay.h \
	%D%/request.c \
	%D%/resolver.c \
	%D%/resolver.h \
	%D%/tls.c \
	%D%/tls.h \
	%D%/upstream.c \
	%D%/upstream.h \
	%D%/upstream_conn.c \
	%D%/upstream_conn.h \
	%D%/upstream_curl.c \
	%D%/upstream_http.c \
	%D%/upstream_priv.h \
	%D%/wire.c \
	%D%/wire.h \
	%D%/worker.c \
	%D%/worker.h
GATEWAY_LIBS = libgateway.a liblog.a libaudit.a libfleet.a $(KT_LIBS) $(MHD_LIBS) $(ZSTD_LIBS)
