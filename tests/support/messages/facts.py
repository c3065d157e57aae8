"""Conditions under which the code writes a text: outcomes of tests, and chosen values.

Texts go together in a message only if the code can say them at once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, reduce
from itertools import product

BREAK = "\0"  # between what is wrong and what to do
MOST_JOINED = 48  # templates of one text

Facts = frozenset[tuple[str, bool | str]]
ALWAYS: Facts = frozenset({("True", True), ("False", False)})
# A test of the code, and its outcome.
Guards = tuple[tuple[ast.expr, bool], ...]


@dataclass(frozen=True)
class Template:
    """A text, and what holds where the code says it.

    Attributes
    ----------
    text : str
        With placeholders.
    facts : frozenset of tuple
        Outcomes of tests, by the test, and the chosen values of expressions that have several, by
        the expression; an empty text is an optional part that is left out.
    """

    text: str
    facts: Facts = frozenset()

    def given(self, facts: Iterable[tuple[str, bool | str]]) -> Template:
        """Return the same text with more that holds."""
        return Template(self.text, self.facts | frozenset(facts))

    def is_part_of(self, other: Template) -> bool:
        """Tell whether another template makes the same choices and shows more optional parts."""
        own, others = (
            {key: value for key, value in each.facts if isinstance(value, str)}
            for each in (self, other)
        )
        same = all(others.get(key) == text for key, text in own.items() if text)
        return same and any(others.get(key) for key, text in own.items() if not text)


@dataclass
class Module:
    """A parsed module of the package."""

    name: str
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Place:
    """Where an expression stands.

    Attributes
    ----------
    module, function : Module, ast.FunctionDef or None
        What it is in.
    bound : dict
        Arguments whose texts take the place of parameters.
    passed : dict
        All arguments of the call, with the defaults.
    """

    module: Module
    function: ast.FunctionDef | None
    bound: dict[str, tuple[Place, ast.expr]] = field(default_factory=dict)
    passed: dict[str, tuple[Place, ast.expr]] = field(default_factory=dict)

    def facts(self, guards: Guards) -> Facts:
        """Return the outcomes of tests that stand here."""
        return frozenset(fact for test, outcome in guards for fact in self._facts(test, outcome))

    def _facts(self, test: ast.expr, outcome: bool) -> Iterator[tuple[str, bool]]:
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield from self._facts(operand, not outcome)
            case ast.BoolOp(op=operator, values=values) if outcome == isinstance(operator, ast.And):
                for value in values:
                    yield from self._facts(value, outcome)
            case ast.NamedExpr(target=target):
                yield self.key(target), outcome
            case ast.Compare(ops=[ast.IsNot()], left=left, comparators=others):
                yield self.key(ast.Compare(left, [ast.Is()], others)), not outcome
            case _:
                yield self.key(test), outcome

    def key(self, expression: ast.expr) -> str:
        """Write an expression with the arguments of parameters and the function of variables."""
        names = {each.id for each in ast.walk(expression) if isinstance(each, ast.Name)}
        written = {name: self._key_of_name(name) for name in names}
        return re.sub(
            r"(?<![\w.])[A-Za-z_]\w*",
            lambda match: written.get(match[0], match[0]),
            ast.unparse(expression),
        )

    def _key_of_name(self, name: str) -> str:
        if name in self.passed:
            where, value = self.passed[name]
            return where.key(value)
        if self.function is not None and name in local_names(self.function):
            return f"{self.function.name}.{name}"
        return name


# A text that an expression can stand for, where it stands, and what holds there.
Value = tuple[Place, ast.expr, Facts]


def chosen(key: str, value: ast.expr) -> tuple[str, str]:
    """Return the fact that an expression has this one of several values."""
    is_empty = isinstance(value, ast.Constant) and not value.value
    return key, "" if is_empty else ast.unparse(value)


def join(parts: list[list[Template]]) -> list[Template]:
    """Join the texts of parts that the code can say at once."""
    return reduce(_join_two, parts, [Template("", ALWAYS)])[:MOST_JOINED]


def _join_two(one: list[Template], other: list[Template]) -> list[Template]:
    joined = {}
    for left, right in product(one, other):
        facts = left.facts | right.facts
        if len(dict(facts)) == len(facts):  # no test has two outcomes
            joined[Template(left.text + right.text, facts)] = None
    return list(joined)


def shown(templates: list[Template]) -> list[str]:
    """Return the texts, each with all optional parts that it can have.

    Where a problem is shown without such a part, all that can be done about it is shown.
    """
    joined = join([templates])
    whole = {each.text for each in joined if not any(map(each.is_part_of, joined))}
    problems = {each.partition(BREAK)[0] for each in whole if BREAK in each}
    texts = dict.fromkeys(each.text for each in joined)
    return [each for each in texts if each in whole or each.partition(BREAK)[0] in problems]


@cache
def guards_of(function: ast.FunctionDef) -> dict[ast.AST, Guards]:
    """Return the tests of a function and their outcomes where each of its nodes is reached."""
    guards: dict[ast.AST, Guards] = {}

    def read(body: list[ast.stmt], outer: Guards) -> None:
        for statement in body:
            guards.update(dict.fromkeys(ast.walk(statement), outer))
            if isinstance(statement, ast.If):
                holds, fails = ((*outer, (statement.test, outcome)) for outcome in (True, False))
                read(statement.body, holds)
                read(statement.orelse, fails)
                if _leaves(statement.body):
                    outer = fails
                elif _leaves(statement.orelse):
                    outer = holds
                continue
            for block in (
                statement,
                *getattr(statement, "handlers", ()),
                *getattr(statement, "cases", ()),
            ):
                for name in ("body", "orelse", "finalbody"):
                    read(getattr(block, name, []), outer)

    read(function.body, ())
    return guards


def _leaves(body: list[ast.stmt]) -> bool:
    """Tell whether nothing after a block runs once it did."""
    return bool(body) and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def arguments_of(
    function: ast.FunctionDef, call: ast.Call, place: Place
) -> dict[str, tuple[Place, ast.expr]]:
    """Return what a call passes for each parameter of a function, or its constant default."""
    names, keywords = [each.arg for each in function.args.args], function.args.kwonlyargs
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    defaults |= {
        each.arg: value
        for each, value in zip(keywords, function.args.kw_defaults, strict=True)
        if value is not None
    }
    names = names[names[:1] in (["self"], ["cls"]) :]
    values = dict(zip(names, call.args, strict=False))
    values |= {
        each.arg: each.value for each in call.keywords if each.arg in parameters_of(function)
    }
    home = Place(place.module, None)
    fixed = {
        name: (home, each) for name, each in defaults.items() if isinstance(each, ast.Constant)
    }
    return {**fixed, **{name: (place, value) for name, value in values.items()}}


def parameters_of(function: ast.FunctionDef) -> list[str]:
    """Return the names of a function's parameters."""
    return [each.arg for each in function.args.args + function.args.kwonlyargs]


@cache
def local_names(function: ast.FunctionDef) -> set[str]:
    """Return the names of a function's parameters and variables."""
    nodes = list(ast.walk(function))
    parameters = {each.arg for each in nodes if isinstance(each, ast.arg)}
    names = (each for each in nodes if isinstance(each, ast.Name))
    return parameters | {each.id for each in names if isinstance(each.ctx, ast.Store)}
