# Copyright (C) 2026 paylock contributors
#
# Certificate authorities and certificates for the tests.

import pathlib
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True,
                   capture_output=True)


class Authority:
    """A certificate authority with its own directory."""

    def __init__(self, directory, name):
        self.dir = pathlib.Path(directory) / name
        self.dir.mkdir()
        openssl("req", "-x509", *KEY, "-days", "30", "-subj", f"/CN={name}",
                "-keyout", "ca.key", "-out", "ca.pem", cwd=self.dir)
        self.cert = self.dir / "ca.pem"

    def issue(self, name, alt, days=30):
        """Issues a certificate for alt (DNS:x or IP:x); returns its path and
        its key's."""
        (self.dir / f"{name}.ext").write_text(f"subjectAltName={alt}\n")
        openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", cwd=self.dir)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem",
                "-CAkey", "ca.key", "-days", str(days), "-extfile",
                f"{name}.ext", "-out", f"{name}.pem", cwd=self.dir)
        return self.dir / f"{name}.pem", self.dir / f"{name}.key"
