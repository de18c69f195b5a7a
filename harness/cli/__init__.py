"""The command `windtunnel`: every job of its four users, exit codes 0 holds, 1 broken, 2 usage, 3 unknown."""

import sys

import typer

from harness.cli import (
    bench,
    chaos,
    container,
    contracts,
    core,
    coverage,
    defects,
    edits,
    explain,
    import_org,
    import_subscriptions,
    legacy,
    load,
    page,
    reconcile,
    run,
    sandbox,
    seed,
    serve,
    signals,
    snapshot,
    stories,
    taxes,
)
from harness.cli.output import complain

INTERRUPTED = 130  # how typer reports a Ctrl-C

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""A wind tunnel for quote-to-cash integration: stateful vendor simulators around a real sync core,
    flown through stories and storms, judged from the systems' own books.

    [bold]First steps[/]

    windtunnel demo               three deals become paid invoices, live
    windtunnel up                 a sandbox; prints addresses and credentials
    windtunnel ui                 a page to drive it in front of people
    windtunnel run new-business   play a story in simulation and judge it
    windtunnel run scenarios/ --junit out.xml --html out.html

    Exit codes: 0 it holds, 1 it is broken, 2 wrong usage, 3 unknown (something failed before it could be judged).""",
)  # fmt: skip

stories.register(app)
run.register(app)
chaos.register(app)
coverage.register(app)
defects.register(app)
explain.register(app)
sandbox.register(app)
page.register(app)
serve.register(app)
snapshot.register(app)
container.register(app)
bench.register(app)
load.register(app)
seed.register(app)
import_org.register(app)
import_subscriptions.register(app)
contracts.register(app)
reconcile.register(app)
taxes.register(app)
legacy.register(app)
core.register(app)
edits.register(app)
signals.register(app)


def main() -> None:
    """Entry point of the console script."""
    try:
        code = app(standalone_mode=False)
    except BaseException as error:
        sys.exit(complain(error))
    if code == INTERRUPTED:
        sys.exit(complain(KeyboardInterrupt()))
    sys.exit(code if isinstance(code, int) else 0)  # without standalone mode an Exit comes back as its code


if __name__ == "__main__":
    main()
