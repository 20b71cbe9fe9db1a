"""Servers on 127.0.0.1 for the tests of checks."""

import asyncio
import datetime
import ssl
from contextlib import asynccontextmanager
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nit works"


class Server:
    """It answers each request with `answer`; `requests` has their text.

    If it `closes`, it sends the body later than the header, and then ends the connection.
    """

    def __init__(self, answer, closes=False):
        self.answer = answer
        self.closes = closes
        self.requests = []
        self.port = 0
        self.ends = []

    async def serve(self, reader, writer):
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if self.answer is None:
                await reader.read()
            elif self.closes:
                await self._write_in_parts(writer)
            else:
                writer.write(self.answer)
                await writer.drain()
                await reader.read()
            self.ends.append("closed")
        except (ConnectionResetError, asyncio.IncompleteReadError) as error:
            self.ends.append(type(error).__name__)
        finally:
            writer.close()

    async def _write_in_parts(self, writer):
        header, end, body = self.answer.partition(b"\r\n\r\n")
        for part in (header + end, body):
            writer.write(part)
            await writer.drain()
            # The client, in the same event loop, can take the first part for the whole, and close.
            for _ in range(100):
                await asyncio.sleep(0)
            if writer.transport.is_closing():
                raise ConnectionResetError


@asynccontextmanager
async def web_server(answer=OK, context=None, host="127.0.0.1", closes=False):
    """A web server; with the answer None it never answers."""
    made = Server(answer, closes)
    server = await asyncio.start_server(made.serve, host, 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def self_signed(directory):
    """A context with a certificate for 127.0.0.1 that no authority has signed, and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = directory / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file
