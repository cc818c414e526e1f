"""Who may connect: TLS with made-up authorities, and bearer tokens from files."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import grpc
import psutil
import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import ConfigError, SandboxRejected, SandboxUnavailable, ServerError
from sandbox.local import LocalServer, connect
from sandbox.security import TOKEN_VARIABLE, Tls
from sandbox.types import Program, Test, Verdict
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.v1 import sandbox_pb2_grpc

PROGRAM = Program("p", "def f(): return 1", "f", (Test((), 1),))
SECRET = "a-secret-that-nobody-may-see"


class Files(NamedTuple):
    """An authority and what it signed."""

    ca: str
    certificate: str
    key: str


def openssl(*words: str, folder: Path) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def authority(folder: Path) -> Files:
    """An authority that signs one certificate for localhost."""
    folder.mkdir()
    (folder / "ext").write_text("subjectAltName=DNS:localhost\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca",
            "-days", "2", folder=folder)  # fmt: skip
    openssl("req", *curve, "-keyout", "key.pem", "-out", "csr", "-subj", "/CN=localhost",
            folder=folder)  # fmt: skip
    openssl("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "cert.pem", "-days", "2", "-extfile", "ext", folder=folder)  # fmt: skip
    return Files(*(str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem")))


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Files:
    return authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def others(tmp_path_factory) -> Files:
    return authority(tmp_path_factory.mktemp("tls") / "others")


def named(server: LocalServer) -> str:
    return f"dns:///localhost:{server.target.rpartition(':')[2]}"


def test_tls(ours, others):
    config = SandboxConfig(slots=1, tls_certificate=ours.certificate, tls_key=ours.key)
    with LocalServer(config) as server:
        with SandboxClient(named(server), tls=Tls(ours.ca)) as client:
            assert client.execute([PROGRAM])[0].verdict is Verdict.PASSED
            assert client.describe().slots == 1
        for tls in (Tls(others.ca), Tls()):
            client = SandboxClient(named(server), timeout_seconds=1.5, tls=tls)
            with client, pytest.raises(SandboxUnavailable):
                client.execute([PROGRAM])


def test_tls_with_certificates_of_clients(ours, others):
    config = SandboxConfig(
        slots=1, tls_certificate=ours.certificate, tls_key=ours.key, tls_ca=others.ca
    )
    with LocalServer(config) as server:
        right = SandboxConfig(
            target=named(server),
            tls_ca=ours.ca,
            tls_certificate=others.certificate,
            tls_key=others.key,
        )
        with connect(right) as client:
            assert client.execute([PROGRAM])[0].verdict is Verdict.PASSED
        for tls in (Tls(ours.ca), Tls(ours.ca, ours.certificate, ours.key)):
            client = SandboxClient(named(server), timeout_seconds=1.5, tls=tls)
            with client, pytest.raises(SandboxUnavailable):
                client.execute([PROGRAM])


def test_files_that_are_not_there(ours):
    with pytest.raises(ServerError, match=r"tls_key: /nowhere/key\.pem: No such file"):
        LocalServer(
            SandboxConfig(tls_certificate=ours.certificate, tls_key="/nowhere/key.pem")
        ).start()
    with pytest.raises(ServerError, match="tls_ca: a server needs tls_certificate"):
        LocalServer(SandboxConfig(tls_ca=ours.ca)).start()
    with pytest.raises(ConfigError, match="tls_ca: /nowhere"):
        SandboxClient("127.0.0.1:1", tls=Tls("/nowhere"))
    with pytest.raises(ServerError, match="token_file: /nowhere"):
        LocalServer(SandboxConfig(token_file="/nowhere")).start()


@pytest.mark.parametrize("call", ["Describe", "Execute", "Stream", "Resize"])
def test_every_call_needs_the_token(call, tmp_path):
    path = tmp_path / "token"
    path.write_text(SECRET + "\n")
    with (
        LocalServer(SandboxConfig(slots=1, token_file=str(path))) as server,
        grpc.insecure_channel(server.target) as channel,
    ):
        stub = sandbox_pb2_grpc.SandboxStub(channel)
        requests = {
            "Describe": pb.DescribeRequest(),
            "Execute": pb.ExecuteRequest(),
            "Stream": iter([pb.StreamRequest(batch=1)]),
            "Resize": pb.ResizeRequest(slots=1),
        }
        with pytest.raises(grpc.RpcError) as refused:
            list([getattr(stub, call)(requests[call], timeout=10)][0])
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "token" in str(refused.value.details())


def test_the_token_is_in_no_command_line_environment_or_message(tmp_path):
    path = tmp_path / "token"
    path.write_text(SECRET)
    with LocalServer(SandboxConfig(slots=1, token=SECRET)) as server:
        with pytest.raises(SandboxRejected) as refused, SandboxClient(server.target) as client:
            client.execute([PROGRAM])
        with connect(SandboxConfig(target=server.target, token_file=str(path))) as client:
            assert client.execute([PROGRAM])[0].verdict is Verdict.PASSED
        top = psutil.Process(server.process.pid)
        for process in (top, *top.children(recursive=True)):
            assert SECRET not in " ".join(process.cmdline())
            assert SECRET not in " ".join(process.environ().values())
        assert SECRET not in str(refused.value) + server.errors()


def test_the_token_from_the_environment(monkeypatch):
    with LocalServer(SandboxConfig(slots=1, token=SECRET)) as server:
        config = SandboxConfig(target=server.target)
        monkeypatch.setenv(TOKEN_VARIABLE, SECRET)
        with connect(config) as client:
            assert client.execute([PROGRAM])[0].verdict is Verdict.PASSED
        monkeypatch.delenv(TOKEN_VARIABLE)
        with pytest.raises(SandboxRejected, match="token"), connect(config) as client:
            client.describe()
    assert TOKEN_VARIABLE not in os.environ
