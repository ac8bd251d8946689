"""What a new operator reads when everything runs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from ecoa_web.config import Config
from ecoa_web.supervisor.terminal import Terminal

PYTHON = """\
pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-instrument python agent.py"""
NODE = """\
npm install @opentelemetry/auto-instrumentations-node
node --require @opentelemetry/auto-instrumentations-node/register agent.js"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """What the operator must be told."""

    migrations: int
    setup_link: str | None  # while there is no administrator
    key: str | None  # when it has just been made
    demo_key: str | None


def show_banner(terminal: Terminal, config: Config, first: FirstRun, *, database: str, workers: int) -> None:
    """Where everything is, how to sign in, and what an agent needs in its environment."""
    paint = terminal.paint
    terminal.line()
    terminal.line(f"{paint('ECOA is running', 'green', 'bold')}   {paint(config.base_url, 'bold')}")
    terminal.line()
    _row(terminal, "web", f"http://{_host(config)}:{config.port}")
    _row(terminal, "traces in", f"{_otlp(config)} (OTLP/HTTP), {_host(config)}:{config.otlp_grpc_port} (OTLP/gRPC)")
    _row(terminal, "workers", str(workers))
    _row(terminal, "database", database)
    _row(terminal, "data", str(config.data_dir))
    if first.setup_link:
        terminal.line()
        terminal.line(paint("Make the first administrator (this link works once, for one hour):", "bold"))
        terminal.line(f"  {paint(first.setup_link, 'cyan')}")
    terminal.line()
    _agent(terminal, config, first)
    terminal.line()
    terminal.line(paint("Ctrl-C stops everything.", "dim"))


def environment_lines(config: Config, key: str) -> list[str]:
    """The lines that any OpenTelemetry SDK reads."""
    return [
        f"export OTEL_EXPORTER_OTLP_ENDPOINT={_otlp(config)}",
        f'export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20{quote(key, safe="")}"',
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    ]


def _agent(terminal: Terminal, config: Config, first: FirstRun) -> None:
    terminal.line(terminal.paint("Paste into an agent's environment:", "bold"))
    for line in environment_lines(config, first.key or config.api_key or "YOUR_KEY"):
        terminal.line(f"  {line}")
    if first.key:
        terminal.line(terminal.paint("  This key is shown once; only its hash is stored.", "dim"))
    elif not config.api_key:
        note = f"YOUR_KEY was shown at the first start; make another at {config.base_url}/p/default/settings/keys/"
        terminal.line(terminal.paint(f"  {note}", "dim"))
    for language, commands in {"Python": PYTHON, "Node": NODE}.items():
        terminal.line(terminal.paint(f"then, for {language}:", "dim"))
        for line in commands.splitlines():
            terminal.line(f"  {line}")


def _row(terminal: Terminal, name: str, text: str) -> None:
    terminal.line(f"  {terminal.paint(name.ljust(10), 'dim')} {text}")


def _host(config: Config) -> str:
    return f"[{config.bind}]" if ":" in config.bind else config.bind


def _otlp(config: Config) -> str:
    """Where exporters send: the OTLP port on this machine, the public address when there is one."""
    return config.base_url if config.base_url_is_set else f"http://{_host(config)}:{config.otlp_http_port}"
