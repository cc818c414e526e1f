"""Commands of the sandbox: they work without torch and Ray."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from treewright.cli.group import main


@main.group()
def sandbox() -> None:
    """Run untrusted programs in isolation."""


def _reaching(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how to reach a sandbox."""
    file = click.Path(path_type=str, exists=True, dir_okay=False)
    for name, kind, text in (
        ("--token-file", file, "File with the bearer token [or: TREEWRIGHT_SANDBOX_TOKEN]."),
        ("--tls-key", file, "Key of --tls-certificate (PEM)."),
        ("--tls-certificate", file, "Certificate to show to a server that asks (PEM)."),
        ("--tls-ca", file, "Connect by TLS to a server whose certificate these sign (PEM)."),
    ):
        command = click.option(name, type=kind, help=text)(command)
    return command


@sandbox.command("serve")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def sandbox_serve(overrides: tuple[str, ...]) -> None:
    """Serve the sandbox over gRPC until SIGTERM, which lets work in flight finish.

    KEY=VALUE are settings of the server: port=7400 slots=8 tier=T1 limits.cpu_seconds=1
    tls_certificate=cert.pem tls_key=key.pem. A bearer token comes from the environment variable
    TREEWRIGHT_SANDBOX_TOKEN or from token_file=FILE, never from the command line.
    """
    from sandbox.options import from_pairs
    from sandbox.server import serve

    serve(from_pairs(overrides))


@sandbox.command("exec")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--target", help="Sandbox to use [default: one of its own].")
@_reaching
def sandbox_exec(file: Path, **access: str | None) -> None:
    """Run the programs of a JSON Lines FILE ("-": standard input); write a line for each, in order.

    A program that can't be run is refused in its own line: verdict REFUSED and why.
    """
    from sandbox.config import SandboxConfig
    from sandbox.execfile import run

    run(file, sys.stdout, SandboxConfig(**access))  # type: ignore[arg-type]  # fields of that name


@sandbox.command("describe")
@click.option("--target", help="Sandbox to ask [default: one started here for it].")
@_reaching
def sandbox_describe(**access: str | None) -> None:
    """Show what a sandbox runs, how it isolates programs, and its limits."""
    from sandbox.config import SandboxConfig
    from sandbox.describe import lines
    from sandbox.local import connect

    with connect(SandboxConfig(**access)) as client:  # type: ignore[arg-type]
        click.echo("\n".join(lines(client.describe())))


@sandbox.command("resize")
@click.option("--target", required=True, help="Sandbox to change; with several servers, each.")
@click.option("--language", default="python", show_default=True)
@_reaching
@click.argument("slots", type=click.IntRange(1))
def sandbox_resize(language: str, slots: int, **access: str | None) -> None:
    """Run up to SLOTS programs of a language at the same time from now on.

    Programs that run finish, whatever becomes of their slot.
    """
    from sandbox.config import SandboxConfig
    from sandbox.local import connect

    with connect(SandboxConfig(**access)) as client:  # type: ignore[arg-type]
        servers = client.resize(slots, language)
    click.echo(f"{slots} slots for {language} on {servers} server{'s' if servers > 1 else ''}")


@sandbox.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of the tables.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def sandbox_doctor(as_json: bool, overrides: tuple[str, ...]) -> None:
    """Try every means of isolation here; exit status 0 where a server could start, else 1."""
    from sandbox.doctor import run
    from sandbox.options import from_pairs

    sys.exit(run(from_pairs(overrides), sys.stdout, as_json=as_json))
