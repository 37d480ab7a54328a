"""The command line: arguments in, text or JSON and an exit code out.

Nothing heavy is imported before it is needed: ``--help`` has to answer at once.
"""

from __future__ import annotations

import argparse
import bdb
import contextlib
import difflib
import json
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from checker.interrupts import interrupts_deferred
from checker.options import ENGINES, Options, size_in_bytes
from checker.source import SourceError

if TYPE_CHECKING:
    from checker import api
    from checker.progress import LiveLine
    from checker.spec_file import SpecFile
    from checker.verdict import Outcome, Result

HOLDS, VIOLATED, WRONG, INCONCLUSIVE, VACUOUS, OUR_BUG = 0, 1, 2, 3, 4, 70
WORST_FIRST = (OUR_BUG, WRONG, VIOLATED, INCONCLUSIVE, VACUOUS, HOLDS)
NOT_AS_EXPECTED = 1

EPILOG = """\
other commands:
  show SPEC              effective settings, constants, actors, links, faults, bounds
  remedies SPEC          which change of one setting would have kept the guarantee that is broken
  frontier SPEC          how many faults each guarantee takes: the least that break it, the most it survives
  export FORMAT SPEC     the state graph or the model in another form
  prove SPEC             unbounded proof (not available yet)
  schema                 JSON Schema of spec files, for editors

exit code: 0 holds, 1 violated, 2 the spec, settings or actor are wrong, 3 inconclusive, 4 vacuous, 70 a bug of the
checker; of several specs the worst. With --expect: 0 if every answer is as its spec's `expect` says, else 1.
"""


class UsageError(Exception):
    """The command line itself is wrong."""


class UnwritableError(Exception):
    """An answer has nowhere to go: a full disk, a directory that is a file."""


@contextlib.contextmanager
def _writing(target: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableError(f"{target}: {error.strerror or error}") from error


class Parser(argparse.ArgumentParser):
    """argparse with errors in this project's form."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n   = help: {self.prog} --help")

    def parse_all(self, arguments: Sequence[str]) -> argparse.Namespace:
        found, unknown = self.parse_known_intermixed_args(arguments)
        if unknown:
            options = [one for action in self._actions for one in action.option_strings]
            close = difflib.get_close_matches(unknown[0].partition("=")[0], options, n=1)
            more = f"did you mean {close[0]}?" if close else f"{self.prog} --help"
            raise UsageError(f"there is no option {unknown[0]}\n   = help: {more}")
        return found


# --- Arguments ------------------------------------------------------------------------------------------------------


def _positive_int(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:9]) < 10**6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _states(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:13]) < 10**12:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < 1e9:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")


def _memory(text: str) -> int:
    try:
        return size_in_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error}") from None


def _common(parser: Parser) -> None:
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
                        help="replace one value of the spec: --set constants.records=3 (may be repeated)")  # fmt: skip
    parser.add_argument("--debug", action="store_true", help="show the checker's own traceback with an error")
    parser.add_argument("--no-color", action="store_true", help="plain text")


def check_parser() -> Parser:
    parser = Parser(
        prog="python -m checker",
        usage="python -m checker SPEC|DIR... [options]\n"
        "       python -m checker show|remedies|frontier|export|prove|schema ...",
        description="Explore every reachable state: the guarantees hold within their bounds, or here is how not.",
        epilog=EPILOG,
    )
    parser.add_argument("specs", nargs="+", metavar="SPEC|DIR", help="spec files, or directories of them (*.yaml)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--expect", action="store_true", help="compare each answer with the spec's `expect`")
    parser.add_argument("--accept", action="store_true", help="rewrite each spec's `expect` to the answer found")
    parser.add_argument(
        "--report", metavar="DIR", help="write a page, text, JSON and diagrams of every path into a directory"
    )
    parser.add_argument(
        "--remedies", action="store_true", help="of what is broken, say which change of one setting would have kept it"
    )
    parser.add_argument("--workers", type=_positive_int, metavar="N", help="processor cores to use (default: all)")
    parser.add_argument("--memory", type=_memory, metavar="16G", help="stop beyond this (default: 70%% of the machine)")
    parser.add_argument("--seconds", type=_seconds, metavar="S", help="stop exploring after this time")
    parser.add_argument("--engine", choices=ENGINES, default="auto",
                        help="reference: the actors run as plain Python, breakpoints work")  # fmt: skip
    parser.add_argument("--replay", metavar="CODE", help="show the path with this code, step by step")
    parser.add_argument("--keep-going", action="store_true", help="after a violation, decide the other properties too")
    parser.add_argument("--verbose", action="store_true", help="paths with every message, field and state in full")
    parser.add_argument("--quiet", action="store_true", help="no progress; of several specs only the summary")
    _common(parser)
    return parser


def _sub_parser(name: str, description: str) -> Parser:
    parser = Parser(prog=f"python -m checker {name}", description=description)
    _common(parser)
    return parser


@dataclass
class Session:
    """What every command needs: where to write, in what manner, and what happened so far."""

    arguments: argparse.Namespace
    out: TextIO = field(default_factory=lambda: sys.stdout)
    error: TextIO = field(default_factory=lambda: sys.stderr)
    codes: list[int] = field(default_factory=list)

    @property
    def color(self) -> bool:
        wanted = not self.arguments.no_color and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        return wanted and self.out.isatty()

    def print(self, text: str) -> None:
        with _writing("standard output"):
            print(text.rstrip("\n"), file=self.out, flush=True)

    def complain(self, text: str) -> None:
        with contextlib.suppress(OSError):  # The exit code says it too.
            print(text.rstrip("\n"), file=self.error, flush=True)

    def traceback(self) -> None:
        if self.arguments.debug:
            self.complain(traceback.format_exc())

    def worst(self) -> int:
        return min(self.codes, key=WORST_FIRST.index, default=HOLDS)


# --- Entry ----------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # No plugin has a say in spec files, and looking for some through all installed packages takes 20 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # Closed by whoever started us; the exit code is all they want.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # A terminal that lacks a character is no reason to stop.
    try:
        return _run(given)
    except UsageError as error:
        _say(f"error[usage]: {error}")
        return WRONG
    except SourceError as error:
        _say(f"{error}\n{traceback.format_exc()}" if "--debug" in given else str(error))
        return WRONG
    except KeyboardInterrupt:
        _say("interrupted")
        return INCONCLUSIVE
    except BrokenPipeError:
        _abandon_output()
        return INCONCLUSIVE
    except UnwritableError as error:
        _say(f"error[cannot-write]: {error}")
        _abandon_output()
        return WRONG
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "checker", "reports"):
            return _our_bug(error, given)
        _say(f"error[not-installed]: the package {missing} is missing\n   = help: python -m pip install .")
        return WRONG
    except bdb.BdbQuit:  # The user has left the debugger at a breakpoint in an actor.
        return INCONCLUSIVE
    except Exception as error:
        return _our_bug(error, given)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # An exception here would make the exit code that of a violation.
        print(text, file=sys.stderr, flush=True)


def _abandon_output() -> None:
    """Whoever was reading has gone, or the disk is full: Python would complain once more when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _our_bug(error: Exception, given: Sequence[str]) -> int:
    _say(internal_error(error, debug="--debug" in given))
    return OUR_BUG


def internal_error(error: Exception, *, debug: bool) -> str:
    if debug:
        return traceback.format_exc()
    at = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"error[internal]: a bug of the checker, not of the spec: {what}\n"
        f"  --> {at.filename}:{at.lineno}\n   = help: --debug shows the traceback; please report it with the spec"
    )


def _run(given: Sequence[str]) -> int:
    command = COMMANDS.get(given[0]) if given else None
    if command is not None:
        return command(given[1:])
    return check(given)


# --- check ----------------------------------------------------------------------------------------------------------


def check(given: Sequence[str]) -> int:
    parser = check_parser()
    if not given:
        parser.print_help()
        return WRONG
    arguments = _parsed(parser, given)
    if arguments is None:
        return HOLDS
    if arguments.expect and arguments.accept:
        raise UsageError("--expect compares and --accept rewrites: one of them")
    specs = _spec_paths(arguments.specs)
    if arguments.replay is not None:
        return _replay(Session(arguments), specs)
    return _Checking(Session(arguments), specs).run()


def _parsed(parser: Parser, given: Sequence[str]) -> argparse.Namespace | None:
    """``None`` after --help."""
    try:
        return parser.parse_all(given)
    except SystemExit:
        return None


def _spec_paths(targets: Sequence[str]) -> list[str]:
    """The files named, and those below the directories named, in order. Names with ``_`` in front are not specs."""
    found: list[str] = []
    for target in targets:
        if not target:  # For Path it would be the directory we are in, and all specs below it.
            raise UsageError("the name of a spec is empty")
        path = Path(target)
        if not path.is_dir():
            if target in COMMANDS and not path.exists():
                raise UsageError(f"`{target}` is a command; it comes first: python -m checker {target} ...")
            found.append(target)
            continue
        below = sorted(one for one in path.rglob("*.yaml") if one.is_file())
        chosen = [str(one) for one in below if not any(part[0] in "_." for part in one.relative_to(path).parts)]
        if not chosen:
            raise UsageError(f"there is no spec (*.yaml) below {target}")
        found += chosen
    return list(dict.fromkeys(found))


def _loaded(path: str, overrides: Sequence[str]) -> SpecFile:
    with interrupts_deferred():
        from checker import spec as spec_files
    return spec_files.load(path, overrides)


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        engine=arguments.engine,
        workers=arguments.workers,
        memory_bytes=arguments.memory,
        seconds=arguments.seconds,
        keep_going=arguments.keep_going,
        witnesses=arguments.report is not None,
    )


class _Checking:
    """One run over one or several specs. An error in one spec does not keep the others from being checked."""

    def __init__(self, session: Session, specs: Sequence[str]) -> None:
        self.session = session
        self.arguments = session.arguments
        self.specs = specs
        self.several = len(specs) > 1 or any(Path(one).is_dir() for one in self.arguments.specs)
        self.documents: list[dict[str, Any]] = []
        self.rows: list[Any] = []
        self.reported: dict[str, tuple[str, str]] = {}  # Of each spec with a report: its title, its files' name.
        self.interrupted = False

    def run(self) -> int:
        if self.arguments.report is not None:
            with _writing(self.arguments.report):  # Not after minutes of search.
                Path(self.arguments.report).mkdir(parents=True, exist_ok=True)
        with self.answers() as answers:
            for number, (path, answer) in enumerate(zip(self.specs, answers, strict=True)):
                if self.interrupted:
                    break
                try:
                    self.one(path, answer, first=number == 0)
                except KeyboardInterrupt:  # Before or after the search, which ends by itself; what was found is kept.
                    self.interrupted = True
                    if len(self.rows) == number:
                        self.session.complain(f"{path}: interrupted before the search began")
                        self.failed(path, INCONCLUSIVE, [{"error": "interrupted", "message": "nothing was explored"}])
        self.finish()
        if self.arguments.expect and self.session.worst() != OUR_BUG:
            complete = len(self.session.codes) == len(self.specs)
            return HOLDS if complete and set(self.session.codes) <= {HOLDS} else NOT_AS_EXPECTED
        return self.session.worst()

    @contextlib.contextmanager
    def answers(self) -> Iterator[list[Callable[[], api.Result]]]:
        """How to get the answer to each spec: several at once where there is no progress to show and no debugger."""
        arguments = self.arguments
        if arguments.quiet and len(self.specs) > 1 and arguments.engine != "reference":
            with interrupts_deferred():
                from checker import side_by_side
            if side_by_side.is_possible():
                with side_by_side.started(self.specs, arguments.overrides, _options(arguments)) as futures:
                    yield [one.result for one in futures]
                return
        yield [partial(self.explore, path) for path in self.specs]

    def one(self, path: str, answer: Callable[[], api.Result], *, first: bool) -> None:
        session = self.session
        try:
            self.report(answer(), first=first)
        except SourceError as error:
            session.complain(str(error) if first else f"\n{error}")
            session.traceback()
            self.failed(path, WRONG, _errors(error))
        except (BrokenPipeError, UnwritableError, ModuleNotFoundError, bdb.BdbQuit):
            raise
        except Exception as error:
            session.complain(internal_error(error, debug=self.arguments.debug))
            self.failed(path, OUR_BUG, [{"error": "internal", "message": f"{type(error).__name__}: {error}"}])

    def explore(self, path: str) -> api.Result:
        from checker import api
        from checker.progress import LiveLine

        line = None if self.arguments.quiet else LiveLine(Path(path).name)
        if line is not None:
            line.start()
        try:
            return api.check_with(path, tuple(self.arguments.overrides), _options(self.arguments), line)
        finally:
            if line is not None:
                line.finish()

    def report(self, answer: api.Result, *, first: bool) -> None:
        from reports.text import render, summary_row

        result = answer.data
        if self.arguments.remedies and answer.verdict == "violated":
            self.find_remedies(answer)
        self.interrupted = any("interrupt" in one.lower() for one in result.why)
        unexpected = self.compare(answer)
        self.session.codes.append(self.code(result, unexpected))
        self.rows.append(summary_row(result, "; ".join(unexpected)))
        if self.arguments.json:
            self.documents.append(self.document(result, unexpected))
        elif not (self.arguments.quiet and self.several):
            self.session.print(("" if first else "\n") + render(result, self.session.color, self.arguments.verbose))
            if self.arguments.overrides and any(one.path is not None for one in result.properties):
                given = " ".join(f"--set {shlex.quote(one)}" for one in self.arguments.overrides)
                self.session.print(f"a replay needs the same {given}")
            for one in unexpected if not self.several else ():
                self.session.print(f"not as expected: {one}")
        if self.arguments.accept:
            self.accept(answer)
        if self.arguments.report is not None:
            self.write_report(result)

    def find_remedies(self, answer: api.Result) -> None:
        """The answer tells of them from then on."""
        try:
            with _live_line(Path(answer.spec).name, self.arguments.quiet) as line:
                answer.remedies_with(_options(self.arguments), line, _step(line))
        except SourceError as error:  # Actors wired by hand have no settings.
            self.session.complain(f"{answer.spec}: no remedies: {error.diagnostics[0].message}")

    def compare(self, answer: api.Result) -> list[str]:
        from checker.expectation import differences

        return differences(answer.expect, answer.data) if self.arguments.expect else []

    def code(self, result: Result, unexpected: Sequence[str]) -> int:
        if self.arguments.expect:
            return NOT_AS_EXPECTED if unexpected else HOLDS
        if self.arguments.accept:
            return WRONG if result.problem else HOLDS
        return exit_code(result)

    def document(self, result: Result, unexpected: Sequence[str]) -> dict[str, Any]:
        import reports.json

        found = reports.json.document(result)
        return {**found, "not_as_expected": list(unexpected)} if self.arguments.expect else found

    def accept(self, answer: api.Result) -> None:
        from checker.expectation import accept, pinned

        with _writing(answer.spec):
            changed = accept(answer.spec, pinned(answer.data, answer.asked.limits))
        self.session.complain(f"{answer.spec}: {'`expect` rewritten' if changed else '`expect` is as found'}")

    def write_report(self, result: Result) -> None:
        from reports.files import distinct_names, write_report

        name = distinct_names(self.specs)[self.specs.index(result.spec)]
        with _writing(self.arguments.report):
            written = write_report(result, Path(self.arguments.report), name)
        self.reported[result.spec] = (result.title, name)
        for path in written:
            self.session.complain(f"written: {path}")

    def write_index(self) -> None:
        from reports.files import write_index

        rows = [(row, *self.reported.get(row.spec, ("", ""))) for row in self.rows]
        with _writing(self.arguments.report):
            written = write_index(rows, Path(self.arguments.report))
        self.session.complain(f"written: {written}")

    def failed(self, path: str, code: int, errors: list[dict[str, Any]]) -> None:
        from reports.text import SummaryRow

        self.session.codes.append(code)
        mistakes = f"{len(errors)} mistake{'s' * (len(errors) > 1)}, see above"
        detail = {OUR_BUG: "a bug of the checker", INCONCLUSIVE: "interrupted before the search began"}
        verdict = "inconclusive" if code == INCONCLUSIVE else None
        unexpected = "the spec could not be checked" if self.arguments.expect else ""
        self.rows.append(SummaryRow(path, verdict or "error", detail.get(code, mistakes), unexpected=unexpected))
        self.documents.append({"format": 1, "spec": path, "title": None, "verdict": verdict, "errors": errors})

    def finish(self) -> None:
        from reports.json import dumps
        from reports.text import render_summary

        if self.arguments.json:
            self.session.print(dumps(self.documents if self.several else self.documents[0]))
        elif self.several:
            self.session.print("\n" + render_summary(self.rows, color=self.session.color))
        if self.arguments.report is not None and self.several:
            self.write_index()
        if self.interrupted and len(self.session.codes) < len(self.specs):
            left = len(self.specs) - len(self.session.codes)
            self.session.complain(f"interrupted: {left} of {len(self.specs)} specs not checked")


def exit_code(result: Result) -> int:
    return WRONG if result.problem else _codes()[result.outcome]


def _codes() -> dict[Outcome, int]:
    from checker.verdict import Outcome

    return {
        Outcome.HOLDS: HOLDS,
        Outcome.VIOLATED: VIOLATED,
        Outcome.INCONCLUSIVE: INCONCLUSIVE,
        Outcome.VACUOUS: VACUOUS,
    }


def _errors(error: SourceError) -> list[dict[str, Any]]:
    return [
        {
            "error": one.slug,
            "message": one.message,
            "file": one.place.file if one.place else None,
            "line": one.place.line if one.place else None,
            "column": one.place.column if one.place else None,
            "help": one.help or None,
        }
        for one in error.diagnostics
    ]


def _replay(session: Session, specs: Sequence[str]) -> int:
    if len(specs) != 1:
        raise UsageError("--replay shows a path of one spec")
    with interrupts_deferred():
        from checker import api, spec  # noqa: F401
    path = api.replay(specs[0], session.arguments.replay, set=session.arguments.overrides)
    if session.arguments.json:
        session.print(path.to_json())
    else:
        session.print(path.to_text(color=session.color, verbose=session.arguments.verbose))
        session.print("\n".join(path.violations or ["No guarantee is violated in the last state."]))
    return HOLDS


# --- Other commands -------------------------------------------------------------------------------------------------


def show(given: Sequence[str]) -> int:
    parser = _sub_parser("show", "What a spec means in full: settings, constants, actors, links, faults, bounds.")
    parser.add_argument("spec", metavar="SPEC")
    arguments = _parsed(parser, given)
    if arguments is None:
        return HOLDS
    spec = _loaded(arguments.spec, arguments.overrides)
    from checker.show import describe

    Session(arguments).print(describe(spec))
    return HOLDS


GRAPH_FORMATS = ("dot", "svg", "graphml", "json")
DRAWN = ("dot", "svg")
PATH_FORMATS = ("mermaid", "itf", "csv", "shiviz")


def export(given: Sequence[str]) -> int:
    parser = _sub_parser(
        "export",
        f"The state graph ({', '.join(GRAPH_FORMATS)}), or the path that is shown ({', '.join(PATH_FORMATS)}): the\n"
        "shortest counterexample, or a witness of a `sometimes`. The graph shows it too, where there is one.",
    )
    parser.add_argument("format", metavar="FORMAT", choices=(*GRAPH_FORMATS, *PATH_FORMATS),
                        help=", ".join((*GRAPH_FORMATS, *PATH_FORMATS)))  # fmt: skip
    parser.add_argument("spec", metavar="SPEC")
    parser.add_argument("--output", metavar="FILE", help="write a file instead of standard output")
    parser.add_argument(
        "--group-by", metavar="ACTOR.FIELD,...", help="one node for all states that agree in these fields"
    )
    parser.add_argument("--nodes", type=_positive_int, metavar="N",
                        help="at most so many nodes, those nearest to the path; one stands for the rest")  # fmt: skip
    parser.add_argument("--states", type=_states, metavar="N",
                        help="explore so many; without --group-by and --nodes refuse a larger graph")  # fmt: skip
    parser.add_argument("--engine", choices=ENGINES, default="auto", help="of the search; the answer is the same")
    arguments = _parsed(parser, given)
    if arguments is None:
        return HOLDS
    text = _exported_graph(arguments) if arguments.format in GRAPH_FORMATS else _exported_path(arguments)
    if arguments.output is None:
        Session(arguments).print(text)
        return HOLDS
    from reports.files import write_whole

    with _writing(arguments.output):
        write_whole(Path(arguments.output), text)
    return HOLDS


def _exported_graph(arguments: argparse.Namespace) -> str:
    spec = _loaded(arguments.spec, arguments.overrides)
    from checker import api
    from checker.state_graph import NODES_MIN, state_graph
    from reports import diagram, graph

    names = [one for one in (arguments.group_by or "").split(",") if one.strip()]
    if arguments.group_by is not None and not names:
        raise UsageError("--group-by names no field\n   = help: --group-by actor.field")
    if arguments.nodes is not None and arguments.nodes < NODES_MIN:
        raise UsageError(f"--nodes is at least {NODES_MIN}: one node stands for the rest")
    nodes_max = arguments.nodes or (graph.NODES_DRAWN if names and arguments.format in DRAWN else None)
    every_state = not names and nodes_max is None
    drawn_max = graph.STATES_MAX[arguments.format]
    if every_state:
        drawn_max = arguments.states or drawn_max
    options = Options(arguments.engine, states=arguments.states)
    try:
        found = state_graph(
            spec,
            group_by=names,
            nodes_max=nodes_max,
            shown=lambda: api.check_with(spec, options=replace(options, witnesses=True)).shown(),
            options=replace(options, states=drawn_max) if every_state else options,
            too_many=lambda states: graph.check_size(arguments.format, states, drawn_max),
        )
        return graph.export(arguments.format, found, spec.title, drawn_max)
    except (graph.GraphTooLargeError, diagram.DiagramError) as error:
        raise UsageError(str(error)) from None


def _exported_path(arguments: argparse.Namespace) -> str:
    """The shortest counterexample; where there is none, the shortest witness."""
    if arguments.group_by is not None or arguments.nodes is not None:
        raise UsageError(f"--group-by and --nodes are for a graph: {', '.join(GRAPH_FORMATS)}")
    spec = _loaded(arguments.spec, arguments.overrides)
    from checker import api

    path = api.check_with(spec, options=Options(arguments.engine, states=arguments.states, witnesses=True)).path
    if path is None:
        raise UsageError(f"{spec.path} has no path to show: nothing is violated and no `sometimes` is asked for")
    forms: dict[str, Callable[[], str]] = {
        "mermaid": path.to_mermaid,
        "itf": path.to_itf,
        "csv": path.to_csv,
        "shiviz": path.to_shiviz,
    }
    return forms[arguments.format]()


def _question(command: str, about: str, given: Sequence[str], limit: str) -> argparse.Namespace | None:
    """The arguments of a command that explores one spec; ``limit``: what its limits stop."""
    parser = _sub_parser(command, about)
    parser.add_argument("spec", metavar="SPEC")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--states", type=_states, metavar="N", help=f"{limit} after so many states")
    parser.add_argument("--seconds", type=_seconds, metavar="S", help=f"{limit} after this time")
    parser.add_argument("--memory", type=_memory, metavar="16G", help="stop beyond this (default: 70%% of the machine)")
    parser.add_argument("--workers", type=_positive_int, metavar="N", help="processor cores to use (default: all)")
    parser.add_argument("--engine", choices=ENGINES, default="auto", help=argparse.SUPPRESS)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return _parsed(parser, given)


def _limits(arguments: argparse.Namespace) -> Options:
    return Options(
        engine=arguments.engine,
        workers=arguments.workers,
        memory_bytes=arguments.memory,
        seconds=arguments.seconds,
        states=arguments.states,
    )


@contextlib.contextmanager
def _live_line(title: str, quiet: bool) -> Iterator[LiveLine | None]:
    from checker.progress import LiveLine

    line = None if quiet else LiveLine(title)
    if line is not None:
        line.start()
    try:
        yield line
    finally:
        if line is not None:
            line.finish()


def _same_settings(text: str, what: str, arguments: argparse.Namespace) -> str:
    """What is offered to be typed needs the user's own --set too."""
    if not arguments.overrides or arguments.json:
        return text
    given = " ".join(f"--set {shlex.quote(one)}" for one in arguments.overrides)
    return f"{text}\n{what} needs the same {given}"


def frontier(given: Sequence[str]) -> int:
    about = "The least faults that break each guarantee, and the most that it survives."
    arguments = _question("frontier", about, given, "stop exploring")
    if arguments is None:
        return HOLDS
    spec = _loaded(arguments.spec, arguments.overrides)
    from checker.frontier import frontier as find
    from reports import frontier as report

    with _live_line(Path(spec.path).name, arguments.quiet) as line:
        found = find(spec, _limits(arguments), line)
    text = json.dumps(report.document(found), indent=2) if arguments.json else report.render(found)
    Session(arguments).print(_same_settings(text, "a replay", arguments))
    if found.broken:
        return VIOLATED
    return INCONCLUSIVE if found.why else HOLDS


def _step(line: LiveLine | None) -> Callable[[int, int, str], None]:
    def step(number: int, of: int, change: str) -> None:
        if line is not None:
            line.title = f"{number + 1} of {of}: {change}"
            line.start()

    return step


def remedies(given: Sequence[str]) -> int:
    about = "Which change of one thing would have kept the guarantee that is broken."
    arguments = _question("remedies", about, given, "give up a change")
    if arguments is None:
        return HOLDS
    spec = _loaded(arguments.spec, arguments.overrides)
    from checker.remedy import remedies as find
    from reports import remedies as report

    with _live_line(Path(spec.path).name, arguments.quiet) as line:
        found = find(spec, arguments.overrides, _limits(arguments), line, _step(line))
    text = json.dumps(report.document(found), indent=2) if arguments.json else report.render(found)
    Session(arguments).print(_same_settings(text, "a check of it", arguments) if found.kept else text)
    return _codes()[found.outcome]


def prove(given: Sequence[str]) -> int:
    parser = _sub_parser("prove", "Unbounded proof: not available yet.")
    parser.add_argument("spec", metavar="SPEC")
    arguments = _parsed(parser, given)
    if arguments is None:
        return HOLDS
    raise UsageError(f"prove is not available yet; `python -m checker {arguments.spec}` explores within the bounds")


def schema(given: Sequence[str]) -> int:
    arguments = _parsed(_sub_parser("schema", "Print the JSON Schema of spec files, for editors."), given)
    if arguments is None:
        return HOLDS
    from checker.spec_schema import schema_document

    Session(arguments).print(json.dumps(schema_document(), indent=2))
    return HOLDS


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "show": show,
    "remedies": remedies,
    "frontier": frontier,
    "export": export,
    "prove": prove,
    "schema": schema,
}
