/*
 * witness_serve - a witness that is asked over HTTP.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    POST /add-checkpoint of C2SP tlog-witness, and nothing else.
 * Does not: judge: witness.h does; speak TLS, for all that matters is signed.
 * Promises: requests are answered one after the other, each with what is on
 *           disk by then; bodies, connections and waiting are bounded.
 */
#ifndef KT_WITNESS_SERVE_H
#define KT_WITNESS_SERVE_H
#include "base/base.h"
#include "config/settings.h"

/*
 * Until SIGTERM or SIGINT, and then until what was asked is answered.  Says
 * where it listens once it does; port 0 picks one.
 */
KT_MUSTCHECK enum kt_rc kt_witness_serve(const char *folder,
    struct kt_config_address *address, struct kt_err *err);

#endif
