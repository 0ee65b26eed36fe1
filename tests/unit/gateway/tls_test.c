#include <gnutls/x509.h>
#include <time.h>

#include "tests/unit/gateway/heard.h"

#define DAY 86400

/* Authorities and certificates, made here and now. */
static gnutls_x509_privkey_t key;
static gnutls_x509_crt_t authority, stranger;
static char ca_path[] = "/tmp/kt-ca-XXXXXX";

static gnutls_x509_crt_t
make_certificate(const char *name, gnutls_x509_crt_t issuer, int from_days,
    int to_days)
{
	static const unsigned char loopback[4] = { 127, 0, 0, 1 };
	static unsigned char serial;
	gnutls_x509_crt_t crt;
	time_t now = time(NULL);

	ok(gnutls_x509_crt_init(&crt) == 0);
	serial++;
	ok(gnutls_x509_crt_set_version(crt, 3) == 0);
	ok(gnutls_x509_crt_set_serial(crt, &serial, 1) == 0);
	ok(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
	       name, (unsigned)strlen(name)) == 0);
	ok(gnutls_x509_crt_set_activation_time(crt, now + from_days * DAY) == 0);
	ok(gnutls_x509_crt_set_expiration_time(crt, now + to_days * DAY) == 0);
	ok(gnutls_x509_crt_set_key(crt, key) == 0);
	ok(gnutls_x509_crt_set_basic_constraints(crt, issuer == NULL, -1) == 0);
	if (issuer != NULL) {
		ok(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
		       name, (unsigned)strlen(name), GNUTLS_FSAN_SET) == 0);
		ok(gnutls_x509_crt_set_subject_alt_name(crt,
		       GNUTLS_SAN_IPADDRESS, loopback, 4,
		       GNUTLS_FSAN_APPEND) == 0);
	} else {
		ok(gnutls_x509_crt_set_key_usage(
		       crt, GNUTLS_KEY_KEY_CERT_SIGN) == 0);
	}
	ok(gnutls_x509_crt_sign2(crt, issuer != NULL ? issuer : crt, key,
	       GNUTLS_DIG_SHA256, 0) == 0);
	return crt;
}

static gnutls_certificate_credentials_t
credentials_of(gnutls_x509_crt_t issuer, int from_days, int to_days)
{
	gnutls_certificate_credentials_t c;
	gnutls_x509_crt_t crt =
	    make_certificate("kt.test", issuer, from_days, to_days);

	ok(gnutls_certificate_allocate_credentials(&c) == 0);
	ok(gnutls_certificate_set_x509_key(c, &crt, 1, key) >= 0);
	gnutls_x509_crt_deinit(crt);
	return c;
}

static void
make_authorities(void)
{
	char pem[4096];
	size_t len = sizeof(pem);
	int fd;

	ok(gnutls_x509_privkey_init(&key) == 0);
	ok(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
	       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0);
	authority = make_certificate("authority", NULL, -1, 10);
	stranger = make_certificate("stranger", NULL, -1, 10);
	ok(gnutls_x509_crt_export(
	       authority, GNUTLS_X509_FMT_PEM, pem, &len) == 0);
	fd = mkstemp(ca_path);
	ok(fd >= 0 && write(fd, pem, len) == (ssize_t)len);
	(void)close(fd); /* read back at once, which would show it */
	ok(kt_trust_new(&trust, kt_span_of(ca_path), NULL) == KT_OK);
	(void)unlink(ca_path);
}

/* One call to a server with these credentials. */
static void
call(struct heard *h, gnutls_certificate_credentials_t tls,
    struct kt_span answer, enum step_do after)
{
	struct step steps[] = { { ACCEPT }, { EXPECT }, { SEND, answer, 0 },
		{ after }, { END } };
	struct kt_origin *origin;
	struct script s;

	script_listen(&s, 8);
	s.tls = tls;
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin(h, origin);
	wait_end(h);
	script_join(&s);
	kt_upstream_drop_idle(upstream);
	ok(h->end != FAILED || s.requests.len == 0);
	script_end(&s);
	kt_origin_free(&origin);
}

static void
a_certificate_of_the_authority_is_believed_by_name_and_address(void)
{
	gnutls_certificate_credentials_t c = credentials_of(authority, -1, 5);
	struct heard h = { 0 };

	call(&h, c, KT_SPAN(OK2), CLOSE);
	ok(h.end == WHOLE && heard(&h, "200{hi"));
	forget(&h);
	tls_name = KT_SPAN("kt.test");
	call(&h, c, KT_SPAN(OK2), CLOSE);
	ok(h.end == WHOLE && heard(&h, "200{hi"));
	forget(&h);
	tls_name = (struct kt_span){ NULL, 0 };
	gnutls_certificate_free_credentials(c);
}

static void
refuses(gnutls_certificate_credentials_t c, const char *name)
{
	struct heard h = { 0 };

	tls_name = kt_span_of(name);
	call(&h, c, KT_SPAN(OK2), CLOSE);
	if (!ok(h.end == FAILED && h.why == KT_UPSTREAM_TLS))
		printf("# %s\n", h.err.text);
	tls_name = (struct kt_span){ NULL, 0 };
	forget(&h);
	gnutls_certificate_free_credentials(c);
}

static void
nothing_is_sent_to_a_wrong_name_or_an_expired_or_foreign_certificate(void)
{
	refuses(credentials_of(authority, -1, 5), "other.test");
	refuses(credentials_of(authority, -1, 5), "127.0.0.2");
	refuses(credentials_of(authority, -5, -1), "kt.test");
	refuses(credentials_of(authority, 1, 5), "kt.test");
	refuses(credentials_of(stranger, -1, 5), "kt.test");
}

static void
old_tls_is_refused(void)
{
	gnutls_certificate_credentials_t c = credentials_of(authority, -1, 5);
	gnutls_session_t probe;
	int is_known;

	ok(gnutls_init(&probe, GNUTLS_CLIENT) == 0);
	is_known = gnutls_priority_set_direct(probe,
	    "NORMAL:-VERS-ALL:+VERS-TLS1.1", NULL) == 0;
	gnutls_deinit(probe);
	ok(is_known);
	script_priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1";
	refuses(c, "kt.test");
	script_priority = NULL;
}

static void
a_stream_that_tls_did_not_close_is_truncated(void)
{
	gnutls_certificate_credentials_t c = credentials_of(authority, -1, 5);
	struct kt_span answer = KT_SPAN("HTTP/1.1 200 OK\r\n\r\nhi");
	struct heard h = { 0 };

	call(&h, c, answer, CLOSE);
	ok(h.end == WHOLE && heard(&h, "200{hi"));
	forget(&h);
	call(&h, c, answer, DROP);
	ok(h.end == TRUNCATED);
	forget(&h);
	gnutls_certificate_free_credentials(c);
}

static void
the_next_connection_resumes_the_session(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT }, SENDS(OK2),
		{ CLOSE }, { ACCEPT }, { EXPECT }, SENDS(OK2), { EXPECT },
		SENDS(OK2), { END } };
	gnutls_certificate_credentials_t c = credentials_of(authority, -1, 5);
	gnutls_datum_t tickets;
	struct kt_origin *origin;
	struct heard h = { 0 };
	struct script s;

	ok(gnutls_session_ticket_key_generate(&tickets) == 0);
	script_listen(&s, 8);
	s.tls = c;
	s.tickets = &tickets;
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	for (int i = 0; i < 3; i++) {
		begin(&h, origin);
		wait_end(&h);
		ok(h.end == WHOLE);
		forget(&h);
		turn();
		turn();
	}
	script_join(&s);
	kt_upstream_drop_idle(upstream);
	ok(s.conns_seen == 2 && s.was_resumed);
	script_end(&s);
	kt_origin_free(&origin);
	gnutls_free(tickets.data);
	gnutls_certificate_free_credentials(c);
}

static void
a_large_body_arrives_whole_under_tls(void)
{
	static const struct step steps[] = { { ACCEPT }, { EXPECT },
		SENDS("HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n"),
		{ FILL, { NULL, 0 }, 4194304 }, { END } };
	gnutls_certificate_credentials_t c = credentials_of(authority, -1, 5);
	size_t len = 3000000;
	char *big = kt_alloc(len);
	struct kt_origin *origin;
	struct heard h = { .pauses = true };
	struct script s;

	for (size_t i = 0; i < len; i++)
		big[i] = (char)('a' + i % 23);
	script_listen(&s, 8);
	s.tls = c;
	script_start(&s, steps);
	origin = origin_of(s.port, 0);
	begin_with(&h, origin, (struct kt_span){ big, len }, len);
	wait_end(&h);
	script_join(&s);
	ok(h.end == WHOLE && h.sent_bytes == len && h.body_bytes == 4194304);
	ok(kt_span_ends(
	    kt_buf_span(&s.requests), (struct kt_span){ big, len }));
	kt_upstream_drop_idle(upstream);
	script_end(&s);
	kt_origin_free(&origin);
	forget(&h);
	kt_free(big);
	gnutls_certificate_free_credentials(c);
}

static void
a_list_of_authorities_that_cannot_be_read_is_said(void)
{
	struct kt_trust *none;
	struct kt_err err;

	ok(kt_trust_new(&none, KT_SPAN("/nonexistent/ca.pem"), &err) == KT_E_IO);
	ok(none == NULL && strstr(err.text, "/nonexistent/ca.pem") != NULL);
}

int
main(void)
{
	set_up();
	make_authorities();
	RUN(a_certificate_of_the_authority_is_believed_by_name_and_address);
	RUN(nothing_is_sent_to_a_wrong_name_or_an_expired_or_foreign_certificate);
	RUN(old_tls_is_refused);
	RUN(a_stream_that_tls_did_not_close_is_truncated);
	RUN(the_next_connection_resumes_the_session);
	RUN(a_large_body_arrives_whole_under_tls);
	RUN(a_list_of_authorities_that_cannot_be_read_is_said);
	tear_down();
	kt_trust_free(&trust);
	gnutls_x509_crt_deinit(authority);
	gnutls_x509_crt_deinit(stranger);
	gnutls_x509_privkey_deinit(key);
	return done();
}
