"""A self-signed certificate for this machine's own names: some clients refuse plain HTTP."""

import ipaddress
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=30)


class Certificate:
    """Its files are in a separate folder until `remove`. Clients must trust the file at `path`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="session-pool-"))
        self.path = self._folder / "certificate.pem"
        self.key_path = self._folder / "key.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.key_path.touch(mode=0o600)
        self.key_path.write_bytes(pem)
        self.path.write_bytes(_self_signed(key).public_bytes(serialization.Encoding.PEM))
        for readable, mode in ((self.path, 0o644), (self._folder, 0o755)):
            os.chmod(readable, mode)  # clients may be other users; they cannot read the key

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "session pool emulator")])
    names = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
