"""certificates - a private authority for one test, made by openssl(1).

Knows:    which files it leaves: NAME.crt and NAME.key.
Promises: they name loopback only and end in two days; Skip without openssl.
"""
import subprocess

from tap import Skip


def certificates(d):
    """A CA, a server, a client and a machine that is no client of it, and
    a client of nobody."""
    def openssl(*args):
        r = subprocess.run(["openssl", *args], cwd=d, capture_output=True)
        if r.returncode:
            raise Skip("openssl: %r" % r.stderr[-200:])

    def make(name, issuer, extension):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-keyout", name + ".key"]
        sign = ["-CA", issuer + ".crt", "-CAkey", issuer + ".key"]
        openssl("req", "-x509", *key, "-out", name + ".crt", "-days", "2",
                "-subj", "/CN=" + name, "-addext", extension,
                *(sign if issuer else []))

    try:
        make("ca", "", "keyUsage=keyCertSign")
        make("server", "ca", "subjectAltName=IP:127.0.0.1")
        make("client", "ca", "extendedKeyUsage=clientAuth")
        make("stranger", "", "extendedKeyUsage=clientAuth")
        make("machine", "ca", "extendedKeyUsage=serverAuth")
    except FileNotFoundError:
        raise Skip("there is no openssl")
