/*
 * bind - listening sockets for several workers on one address.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that two gateways on one port would each get half of the calls.
 * Does not: accept.
 * Promises: the first bind is exclusive, so that a port in use is an error
 *           with its cause; port 0 is resolved once, for all workers.
 */
#ifndef KT_BIND_H
#define KT_BIND_H
#include "base/base.h"
#include "config/settings.h"

/*
 * n descriptors that listen on the address, which gets the port that was
 * chosen.  KT_E_IO closes what was opened.
 */
KT_MUSTCHECK enum kt_rc kt_bind(struct kt_config_address *address, int *fds,
    size_t n, struct kt_err *err);

#endif
