"""The server's certificate: the operator's own, or one made at the first start, known by its fingerprint.

A certificate of our own says nothing of who we are until its fingerprint is compared, so that is what is printed. It is
kept, with its key in a file that only its owner reads, until 30 days before its end. Knows nothing of sockets.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reskin.errors import ServeError

DAYS = 365
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Identity:
    context: ssl.SSLContext
    fingerprint: str  # SHA-256, "AB:CD:..."
    is_own: bool  # made here: browsers ask before they go on


def load(certificate: Path, key: Path | None = None) -> Identity:
    """The operator's own: a PEM file with its chain, and its key; ServeError for what cannot be used."""
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ssl.SSLError, ValueError) as error:
        raise ServeError(
            f"loading the certificate {certificate}: {error}. Expected a PEM file with the certificate and its chain, "
            "and its private key there too or with --key; without a password."
        ) from error
    return Identity(context, _fingerprint(found), is_own=False)


def kept_or_made(folder: Path, hosts: tuple[str, ...], needed: tuple[str, ...] | None = None) -> Identity:
    """The certificate that lies in the folder, or a new one for these names and addresses.

    It is kept as long as it has those that are `needed` (left out: all). The machine's own come and go with its
    networks, and clients know the certificate by its fingerprint.
    """
    certificate, key = folder / "serve-certificate.pem", folder / "serve-key.pem"
    if not _is_usable(certificate, key, hosts if needed is None else needed):
        _make(certificate, key, hosts)
    loaded = load(certificate, key)
    return Identity(loaded.context, loaded.fingerprint, is_own=True)


def _is_usable(certificate: Path, key: Path, hosts: tuple[str, ...]) -> bool:
    with contextlib.suppress(OSError, ValueError, x509.ExtensionNotFound):
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
        is_private = os.name == "nt" or key.stat().st_mode & 0o077 == 0
        return is_private and left.days >= RENEW_DAYS and set(map(_name, hosts)) <= set(names)
    return False


def _make(certificate: Path, key: Path, hosts: tuple[str, ...]) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Reskin")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)  # Apple asks for it
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        key.parent.mkdir(parents=True, exist_ok=True)
        key.unlink(missing_ok=True)
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise ServeError(
            f"writing a certificate into {key.parent}: {error}. Give RESKIN_HOME a folder that can be written, or your "
            "own certificate with --certificate and --key."
        ) from error


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
