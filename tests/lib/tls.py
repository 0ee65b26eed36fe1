"""tls - a gateway's listener with TLS, and connections to it.

Knows:    the files that certificates.py leaves in a folder.
Promises: the server is checked as a client would.
"""
import os
import ssl

import wire


def server(d, **more):
    """What gateway.tls is, with the certificates of D."""
    return {"certificate": os.path.join(d, "server.crt"),
            "private_key": os.path.join(d, "server.key"), **more}


def context(d, client=None, version=None):
    c = ssl.create_default_context(cafile=os.path.join(d, "ca.crt"))
    c.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if client:
        c.load_cert_chain("%s/%s.crt" % (d, client), "%s/%s.key" % (d, client))
    if version:
        c.set_ciphers("ALL:@SECLEVEL=0")
        c.minimum_version = c.maximum_version = version
    return c


class Connection(wire.Connection):
    def __init__(self, port, context):
        super().__init__(port)
        try:
            self.sock = context.wrap_socket(
                self.sock, server_hostname="127.0.0.1")
        except BaseException:
            self.close()
            raise
        self.reader = wire.Reader(self.sock)
