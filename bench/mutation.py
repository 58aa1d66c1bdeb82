"""Measure the mutation score: change one thing at a time in the code and see if a test fails.

    .venv/bin/python -m bench.mutation social/*/*.py posts/actions/*.py --number 60
    .venv/bin/python -m bench.mutation social/*/*.py posts/actions/*.py --number 60 --tests-of v1.0

The same files, number and seed give the same mutants, so two revisions of the tests can be compared. The work is done
in a scratch copy of the project. One pytest process imports Django and the tests and sets up the database; each mutant
is a fork of this process, in which the changed function gets its new code and only the tests that call it run, quickest
first, until one fails. Only function bodies are changed: not models' fields, constants of modules or decorators.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import gc
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
TESTS = [f"tests/{name}" for name in ("social", "posts", "visibility", "feed", "notifications", "api")]
PLAN = "MUTATION_PLAN"
LEAST_SECONDS = 120
"""The least time limit of a mutant in seconds. Longer: twenty times the time of its tests without the mutation."""

OPPOSITES = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
NARROWING = {"filter", "exclude", "get", "update", "Q", "get_or_create", "update_or_create"}
"""Calls that lose one argument."""
DROPPED = {"filter", "exclude", "visible_to", "select_for_update", "distinct", "order_by", "active", "published"}
"""Calls that are removed from a chain."""


# --- Mutants --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    kind: str
    number: int
    """The index of the change in this file, in the order of the syntax tree."""


def changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, Any]]:
    """Yield (node, description, function that applies the change) for every possible change of a function body."""
    bodies: list[ast.AST] = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    nested = {id(inner) for node in bodies for inner in ast.walk(node) if inner is not node}
    for function in bodies:
        if id(function) not in nested:
            for statement in function.body:
                yield from _changes_below(function, statement)


def _changes_below(parent: ast.AST, node: ast.AST) -> Iterator[tuple[ast.AST, str, Any]]:
    yield from _changes_of(parent, node)
    for child in ast.iter_child_nodes(node):
        yield from _changes_below(node, child)


def _changes_of(parent: ast.AST, node: ast.AST) -> Iterator[tuple[ast.AST, str, Any]]:
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            if opposite := OPPOSITES.get(type(operator)):
                yield node, f"{_name(operator)} → {opposite.__name__}", _setter(node.ops, at, opposite())
    elif isinstance(node, ast.BoolOp | ast.BinOp):
        if opposite := OPPOSITES.get(type(node.op)):
            yield node, f"{_name(node.op)} → {opposite.__name__}", _attribute(node, "op", opposite())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, "not removed", _replacement(parent, node, node.operand)
    elif isinstance(node, ast.If | ast.IfExp):
        negated = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        yield node.test, "condition negated", _attribute(node, "test", negated)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield node, f"{node.value} → {not node.value}", _attribute(node, "value", not node.value)
        elif isinstance(node.value, int):
            yield node, f"{node.value} → {node.value + 1}", _attribute(node, "value", node.value + 1)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        yield node, "call removed", _replacement(parent, node, ast.copy_location(ast.Pass(), node))
    elif isinstance(node, ast.Raise | ast.Delete | ast.AugAssign):
        yield node, "statement removed", _replacement(parent, node, ast.copy_location(ast.Pass(), node))
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield node, "returns None", _attribute(node, "value", ast.copy_location(ast.Constant(None), node.value))
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in NARROWING:
            for at, word in enumerate(node.keywords):
                yield word.value, f"{name}() without {word.arg or '**'}", _deleter(node.keywords, at)
            for at, argument in enumerate(node.args):
                yield argument, f"{name}() without argument {at + 1}", _deleter(node.args, at)
        if name in DROPPED and isinstance(node.func, ast.Attribute):
            yield node, f".{name}() left out", _replacement(parent, node, node.func.value)


def _name(operator: ast.AST) -> str:
    return type(operator).__name__


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _setter(items: list[Any], at: int, new: Any) -> Any:
    return lambda: items.__setitem__(at, new)


def _deleter(items: list[Any], at: int) -> Any:
    return lambda: items.pop(at)


def _attribute(node: ast.AST, name: str, new: Any) -> Any:
    return lambda: setattr(node, name, new)


def _replacement(parent: ast.AST, node: ast.AST, new: ast.AST) -> Any:
    def replace() -> None:
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is node else item for item in value]

    return replace


def all_mutants(paths: list[str]) -> list[Mutant]:
    found = []
    for path in paths:
        for number, (node, kind, _) in enumerate(changes(ast.parse(Path(path).read_text()))):
            found.append(Mutant(path, getattr(node, "lineno", 0), kind, number))
    return found


def mutated(mutant: Mutant) -> ast.Module:
    tree = ast.parse(Path(mutant.path).read_text())
    for number, (_, _, change) in enumerate(changes(tree)):
        if number == mutant.number:
            change()
            return ast.fix_missing_locations(tree)
    raise LookupError(mutant)


# --- New code for functions that live already -----------------------------------------------------------------------


def functions_of(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from functions_of(constant)


def _key(code: CodeType) -> tuple[str, str, int]:
    return str(Path(code.co_filename).resolve()), code.co_qualname, code.co_firstlineno


def install(path: str, tree: ast.Module) -> bool:
    """Give every living function of the file its code from `tree`; return False where that is impossible."""
    module = compile(tree, str(Path(path).resolve()), "exec")
    new = {_key(code): code for code in functions_of(module)}
    gc.unfreeze()  # tests/servers.py froze the objects, and the collector does not list frozen ones
    # Not isinstance: lazy objects would be evaluated.
    for function in [each for each in gc.get_objects() if type(each) is FunctionType]:
        if function.__code__.co_filename.endswith(path) and (code := new.get(_key(function.__code__))):
            if len(code.co_freevars) != len(function.__code__.co_freevars):
                return False
            function.__code__ = code
    return True


def watched(path: str) -> ast.Module:
    """Return the source with a call at the start of each outer function that records its first line."""
    tree = ast.parse(Path(path).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            note = ast.parse(f"__note_call__({path!r}, {node.lineno})").body[0]
            at = 1 if ast.get_docstring(node, clean=False) is not None else 0
            for each in ast.walk(note):
                ast.copy_location(each, node.body[-1 if len(node.body) == at else at])
            node.body.insert(at, note)
    return ast.fix_missing_locations(tree)


def function_around(mutant: Mutant) -> int:
    """Return the first line of the innermost function around the mutant."""
    functions = (
        node
        for node in ast.walk(ast.parse(Path(mutant.path).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= mutant.line <= (node.end_lineno or 0)
    )
    return max(node.lineno for node in functions)


# --- Inside pytest --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anything:
    """Act as the next test, so that pytest keeps only the fixtures of the session."""

    session: Any

    def listchain(self) -> list[Any]:
        return [self.session]


class Forks:
    """Run the mutants instead of pytest's own loop."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.callers: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = {}

    def pytest_runtestloop(self, session: Any) -> bool:
        from django.db import connections

        items = session.items
        # The first test sets up the fixtures of the session.
        first = next(item for item in items if "db" in item.fixturenames)
        list(self._outcomes([first]))
        connections.close_all()
        self._measure(items)
        results = [self._try(Mutant(**each), items) for each in self.plan["mutants"]]
        Path(self.plan["out"]).write_text(json.dumps(results, indent=1))
        return True

    @staticmethod
    def _outcomes(items: list[Any]) -> Iterator[tuple[Any, bool]]:
        """Run the items and yield each with whether it passed; the session's fixtures stay after the last."""
        from _pytest.runner import runtestprotocol

        for item, following in zip(items, [*items[1:], Anything(items[0].session)], strict=True):
            yield item, not any(report.failed for report in runtestprotocol(item, nextitem=following, log=False))

    def _forked(self, work: Any, seconds: float) -> Any:
        """Return the result of `work()` in a fork, or None if it crashes or exceeds its time."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            signal.alarm(int(seconds))
            try:
                answer = json.dumps(work()).encode()
                with os.fdopen(writer, "wb") as pipe:
                    pipe.write(answer)
            except BaseException:  # The fork must not continue as pytest.
                traceback.print_exc(file=sys.__stderr__)
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        return json.loads(answer) if answer else None

    def _measure(self, items: list[Any]) -> None:
        """Run everything once, to learn which tests call which functions and that all pass."""

        def run() -> dict[str, Any]:
            calls: set[tuple[str, int]] = set()
            vars(builtins)["__note_call__"] = lambda path, line: calls.add((path, line))
            for path in self.plan["paths"]:
                install(path, watched(path))
            found = {}
            began = time.perf_counter()
            for item, passed in self._outcomes(items):
                found[item.nodeid] = [time.perf_counter() - began, passed, sorted(calls)]
                calls.clear()
                began = time.perf_counter()
            return found

        found = self._forked(run, 7200)
        assert found, "the tests did not come to their end without a mutant"
        for nodeid, (seconds, passed, calls) in found.items():
            if passed:
                self.seconds[nodeid] = seconds
                for path, line in calls:
                    self.callers[path, line].add(nodeid)
            else:
                print(f"fails without a mutant, left out: {nodeid}", flush=True)

    def _try(self, mutant: Mutant, items: list[Any]) -> dict[str, Any]:
        names = self.callers.get((mutant.path, function_around(mutant)), set())
        chosen = sorted((item for item in items if item.nodeid in names), key=lambda item: self.seconds[item.nodeid])
        spent, within = 0.0, []
        for item in chosen:
            spent += self.seconds[item.nodeid]
            if spent <= self.plan["seconds"]:
                within.append(item)

        def run() -> str:
            if not install(mutant.path, mutated(mutant)):
                return "impossible"
            if not within:
                return ""
            failed = (item.nodeid for item, passed in self._outcomes(within) if not passed)
            return str(next(failed, ""))

        answer = self._forked(run, max(LEAST_SECONDS, 20 * min(spent, self.plan["seconds"])))
        outcome = "survived" if answer == "" else "impossible" if answer == "impossible" else "killed"
        by = answer if outcome == "killed" else f"{len(within)} of {len(chosen)} tests that call it"
        line = Path(mutant.path).read_text().splitlines()[mutant.line - 1].strip()
        print(f"{outcome:9} {mutant.path}:{mutant.line}: {mutant.kind}: {line}   [{by or 'did not end'}]", flush=True)
        return asdict(mutant) | {"outcome": outcome, "by": by, "source": line}


def pytest_configure(config: Any) -> None:
    if plan := os.environ.get(PLAN):
        config.pluginmanager.register(Forks(json.loads(plan)), "mutation-forks")


# --- The command ----------------------------------------------------------------------------------------------------


def copy_project(to: Path, *, tests_of: str) -> None:
    """Copy the files that git tracks, with local changes, to `to`; with `tests_of`, the tests of that revision."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        source, target = PROJECT / name, to / name
        is_of_tests = name.startswith("tests/") or name == "pyproject.toml"
        if name and source.is_file() and not (tests_of and is_of_tests):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    if tests_of:
        command = ["git", "archive", tests_of, "tests", "pyproject.toml"]
        archive = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", str(to)], input=archive, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", help="files to change, such as social/*/*.py")
    parser.add_argument("--number", type=int, default=40, help="of mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="+", default=TESTS, help="folders and files of tests")
    parser.add_argument("--tests-of", default="", metavar="REVISION", help="score the tests of another revision")
    parser.add_argument("--seconds", type=float, default=60, help="of tests for each mutant, the quickest tests first")
    parser.add_argument("--out", type=Path, help="write the results there as JSON")
    options = parser.parse_args()

    os.chdir(PROJECT)
    mutants = all_mutants(options.paths)
    chosen = random.Random(options.seed).sample(mutants, min(options.number, len(mutants)))
    chosen.sort(key=lambda mutant: (mutant.path, mutant.number))
    print(f"{len(chosen)} of {len(mutants)} mutants, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="everyframe-mutation-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        copy_project(folder, tests_of=options.tests_of)
        out = folder / "results.json"
        plan = {"paths": options.paths, "mutants": [asdict(each) for each in chosen], "seconds": options.seconds}
        command = [sys.executable, "-m", "pytest", "-p", "bench.mutation", "-q", "-s", "-n", "0", "--timeout", "0"]
        environment = os.environ | {PLAN: json.dumps(plan | {"out": str(out)})}
        subprocess.run([*command, *options.tests], cwd=folder, env=environment, check=False)
        results = json.loads(out.read_text())
    if options.out:
        options.out.write_text(json.dumps(results, indent=1))
    killed = sum(each["outcome"] == "killed" for each in results)
    tried = sum(each["outcome"] != "impossible" for each in results)
    print(f"{killed} of {tried} killed: {100 * killed / max(1, tried):.0f} %")


if __name__ == "__main__":
    main()
