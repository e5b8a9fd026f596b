"""The command line: rnncourse check, grade and bench."""

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rnncourse.checks import UnknownCheckError, report
from rnncourse.checks.bank import find
from rnncourse.checks.judge import unwritten
from rnncourse.checks.load import LoadError, MissingError, load


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, or 1 where it failed; one line on stderr says why."""
    arguments = _parser().parse_args(argv)
    try:
        code = arguments.command(arguments)
        sys.stdout.flush()
        return code
    except (LoadError, UnknownCheckError) as error:
        return _fail(error)
    except KeyboardInterrupt:
        return _fail("interrupted")
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def check(arguments: argparse.Namespace) -> int:
    """Check one function of a file and print the report."""
    declared = find(arguments.id)
    try:
        found = report(arguments.id, load(arguments.file, declared.function_name))
    except MissingError as error:
        if arguments.json:
            print(json.dumps(unwritten(declared, str(error)).json(), indent=2))
        return _fail(error)
    print(json.dumps(found.json(), indent=2) if arguments.json else found.text())
    return 0 if found.passed else 1


def grade(arguments: argparse.Namespace) -> int:
    """Grade the submissions of one assignment and print a table."""
    if importlib.util.find_spec("nbgrader") is None:
        return _fail("grading needs nbgrader: pip install 'rnncourse[grading]'")
    from rnncourse import grading

    try:
        results = grading.grade(
            arguments.assignment, arguments.course, arguments.sandbox, arguments.regrade
        )
    except grading.GradingError as error:
        return _fail(error)
    if arguments.json:
        print(json.dumps({"assignment": arguments.assignment, "submissions": results}, indent=2))
    else:
        print(grading.table(results))
    failed = [result for result in results if result["status"] == "failed"]
    for result in failed:
        _fail(f"{result['student']} could not be graded: {result['reason']}")
    return 1 if failed else 0


def bench(arguments: argparse.Namespace) -> int:
    """Time the layers against torch.nn and print a table."""
    if importlib.util.find_spec("torch") is None:
        return _fail("timing the layers needs torch: pip install torch")
    from rnncourse.bench import bench_layers, table

    try:
        rows = bench_layers(arguments.device)
    except ValueError as error:
        return _fail(error)
    print(json.dumps({"rows": rows}, indent=2) if arguments.json else table(rows))
    return 0


def _fail(said: object) -> int:
    print(f"rnncourse: {said}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rnncourse", description="LSTM and GRU: a course.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("check", help="check one exercise in a file")
    one.set_defaults(command=check)
    one.add_argument("id", metavar="ID", help="for example lstm-step")
    one.add_argument("file", metavar="FILE", type=Path, help="a .py or .ipynb that defines it")
    one.add_argument("--json", action="store_true", help="print the report as JSON")

    many = commands.add_parser("grade", help="grade the submissions of one assignment")
    many.set_defaults(command=grade)
    many.add_argument("assignment", metavar="ASSIGNMENT", help="for example ps2-lstm")
    many.add_argument(
        "--course", type=Path, default=Path("exercises"), help="an nbgrader course (%(default)s)"
    )
    many.add_argument(
        "--sandbox",
        choices=["bwrap", "none"],
        default="bwrap",
        help="where submissions run (%(default)s)",
    )
    many.add_argument("--regrade", action="store_true", help="grade all, also what is unchanged")
    many.add_argument("--json", action="store_true", help="print the results as JSON")

    speed = commands.add_parser("bench", help="time the layers against torch.nn")
    speed.set_defaults(command=bench)
    speed.add_argument("what", choices=["layers"], help="what to time")
    speed.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="(%(default)s)")
    speed.add_argument("--json", action="store_true", help="print the rows as JSON")
    return parser
