"""Collect the messages that the package can show, as templates, from its source.

A template has the words of a message and a placeholder, such as ``<path>``, for each value. Where a
value is itself a text of the package (a constant, a local variable, an argument that callers pass,
what another function returns), its words take the place of the placeholder, and a message with
several such texts becomes several templates. Texts go together only if the code can say them at
once: not two that stand under opposite outcomes of one test.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.messages.facts import (
    BREAK,
    Guards,
    Module,
    Place,
    Template,
    Value,
    arguments_of,
    chosen,
    guards_of,
    join,
    local_names,
    parameters_of,
    shown,
)

# Errors with one text. `InputError` has the file, what is wrong and what to do.
TEXT_ERRORS = {
    "ConfigError",
    "CounterpoiseError",
    "DiskFullError",
    "MissingExtraError",
    "NotBalancedError",
    "SetupError",
    "UsageError",
    "BadParameter",
    "ArgumentTypeError",
    "MlflowException",
    "_TransientError",
}
FILE_ERROR = "InputError"
# Modules whose errors of Python are for users; elsewhere they are for contributors.
PYTHON_MODULES = ("contacts/contact_map.py", "balancing/matrices.py", "ingest/hdf5_chunks.py")
PYTHON_ERRORS = {"ValueError", "OSError"}
NOT_FOR_USERS = ("process.py",)  # lines of a job's log about its progress
FEWEST_WORDS = 3  # a text with fewer words of its own takes the place of no placeholder
FEWEST_OF_MESSAGE = 2  # a template with fewer words of its own only passes on another message
MOST_VARIANTS = 12
DEEPEST = 4
HOLE = re.compile(r"<[^<>]*>")
# Placeholders for names that say nothing outside of their module.
NAMES = {
    **dict.fromkeys(("k", "n", "m", "i", "j", "hi", "lo", "sum", "max", "min", "size"), "number"),
    "uri": "file",
    "others": "folder",
    "own": "folder",
    "describe_type": "type",
    "describe_contacts": "contacts",
    "format_base_pairs": "resolution",
    "format_bytes": "size",
    "list_levels": "levels",
    "describe_levels": "levels",
    "item": "value",
    "text": "value",
    "words": "word",
    "quote": "line",
}
# Calls that keep what their first argument is.
TRANSPARENT = {
    "str", "repr", "abs", "int", "sorted", "tuple", "list", "map", "set", "next", "iter",
    "_shorten", "strip_credentials", "public_url", "list_names", "_list_names", "attribute_text",
    "float", "join_phrases",
}  # fmt: skip
# What follows a semicolon and is not yet what to do.
DESCRIPTIONS = ("; this is ", "; this has ", "; these are ", "; at most ", "; versions ", "; <")
GENERIC = {"name", "names", "value", "label", "text"}


@dataclass(frozen=True)
class Message:
    """A message of the package.

    Attributes
    ----------
    module : str
        Path of its module in the package.
    line : int
        A line of the module.
    kind : str
        Class of the error, or the function that shows the message.
    problem, remedy : str
        Its template: what is wrong, and what to do, which may be empty.
    """

    module: str
    line: int
    kind: str
    problem: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """The whole template."""
        return f"{self.problem} {self.remedy}".strip()


class Package:
    """The source of a package.

    Parameters
    ----------
    root : pathlib.Path
        Its folder.
    """

    def __init__(self, root: Path) -> None:
        self.modules = {}
        self.functions: dict[str, list[tuple[Place, ast.FunctionDef]]] = defaultdict(list)
        self.calls: dict[str, list[tuple[Place, ast.Call]]] = defaultdict(list)
        for path in sorted(root.rglob("*.py")):
            name = path.relative_to(root).as_posix()
            module = Module(name, ast.parse(path.read_text(encoding="utf-8")))
            self.modules[name] = module
            self._read(module)

    def _read(self, module: Module) -> None:
        for node in module.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                module.constants.update(dict.fromkeys(_targets(node), node.value))
        for place, node in _walk(module):
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name].append((Place(module, node), node))
            elif isinstance(node, ast.Call):
                self.calls[_called(node)].append((place, node))
            elif isinstance(node, ast.ImportFrom):
                names = {each.asname or each.name: each.name for each in node.names}
                source = node.module or ""
                module.imports.update({new: (source, name) for new, name in names.items()})

    def constant(self, module: Module, name: str) -> tuple[Place, ast.expr] | None:
        """Return a constant that a module defines or imports."""
        if name in module.constants:
            return Place(module, None), module.constants[name]
        if name in module.imports:
            source, original = module.imports[name]
            path = source.removeprefix("counterpoise").lstrip(".").replace(".", "/")
            for candidate in (f"{path}.py", f"{path}/__init__.py".lstrip("/")):
                if candidate in self.modules and self.modules[candidate] is not module:
                    return self.constant(self.modules[candidate], original)
        return None

    # --- templates of an expression ------------------------------------------------------------

    def templates(self, expression: ast.expr, place: Place, depth: int = 0) -> list[Template]:
        """Return the templates of an expression that gives a text."""
        if isinstance(expression, ast.Constant):
            return [Template(str(expression.value))]
        if isinstance(expression, ast.JoinedStr):
            return join([self._part(part, place, depth) for part in expression.values])
        if isinstance(expression, ast.BinOp) and _gives_text(expression):
            sides = (expression.left, expression.right)
            return join([self.templates(side, place, depth) for side in sides])
        if isinstance(expression, ast.IfExp):
            key, sides = (
                place.key(expression),
                ((expression.body, True), (expression.orelse, False)),
            )
            return [
                each.given({*place.facts(((expression.test, outcome),)), chosen(key, side)})
                for side, outcome in sides
                for each in self.templates(side, place, depth)
            ]
        if (word := _member(expression)) is not None:
            return [Template(word)]
        if isinstance(expression, ast.Name) and not self._is_local(expression.id, place):
            constant = self.constant(place.module, expression.id)
            if constant and isinstance(constant[1], ast.Constant):
                return [Template(str(constant[1].value))]
        values = self._values(expression, place) if depth < DEEPEST else []
        key = place.key(expression)
        variants = [
            each.given({*facts, chosen(key, value)} if values[1:] else facts)
            for where, value, facts in values
            for each in self.templates(value, where, depth + 1)
        ]
        texts = {each.text for each in variants if each.text}
        if 0 < len(texts) <= MOST_VARIANTS and (
            self._is_choice(expression, values, place)
            or any(_words(each) >= FEWEST_WORDS for each in texts)
        ):
            return variants
        return [Template(f"<{name_of(expression)}>")]

    def _part(self, part: ast.expr, place: Place, depth: int) -> list[Template]:
        """Return the templates of a part of an f-string."""
        if not isinstance(part, ast.FormattedValue):
            return self.templates(part, place, depth)
        templates = self.templates(part.value, place, depth)
        if part.conversion == ord("r"):
            return [Template(f"'{each.text}'", each.facts) for each in templates]
        return templates

    def _values(self, expression: ast.expr, place: Place) -> list[Value]:
        """Return the expressions that an expression can stand for."""
        if isinstance(expression, ast.Name):
            return self._values_of_name(expression, place)
        if table := self._table(expression, place):
            return table
        if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name):
            return [
                (inside, node.value, inside.facts(guards_of(function)[node]))
                for where, function in self.functions[expression.func.id]
                if self._sees(place.module, where.module, expression.func.id)
                for inside in [
                    Place(where.module, function, passed=arguments_of(function, expression, place))
                ]
                for node in ast.walk(function)
                if isinstance(node, ast.Return) and node.value and _gives_text(node.value)
            ]
        return []

    def _is_choice(self, expression: ast.expr, values: list[Value], place: Place) -> bool:
        """Tell whether an expression can be nothing but one of some constant texts."""
        if isinstance(expression, ast.Name):
            name, function = expression.id, place.function
            if function is None or name in place.bound or name in parameters_of(function):
                return False
            if _assignments(function)[name] != len(values):
                return False
        elif isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name):
            return False
        return all(_is_constant(value) for _, value, _ in values)

    def _table(self, expression: ast.expr, place: Place) -> list[Value]:
        """Return the texts of a dictionary that an expression looks up, with the default."""
        default: list[ast.expr] = []
        match expression:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[looked_up, *default]
            ):
                pass
            case ast.Subscript(value=ast.Name(id=name), slice=looked_up):
                pass
            case _:
                return []
        constant = self.constant(place.module, name)
        if constant is None or not isinstance(constant[1], ast.Dict):
            return []
        key, table = place.key(looked_up), constant[1]
        return [
            (constant[0], value, frozenset({(key, ast.unparse(each))} if each else ()))
            for each, value in zip(table.keys, table.values, strict=True)
        ] + [(place, each, frozenset()) for each in default]

    def _sees(self, module: Module, other: Module, name: str) -> bool:
        """Tell whether a name in a module is that of another module."""
        if module is other:
            return True
        source = module.imports.get(name, ("", ""))[0].removeprefix("counterpoise").lstrip(".")
        return bool(source) and other.name.startswith(source.replace(".", "/"))

    def _is_local(self, name: str, place: Place) -> bool:
        return place.function is not None and name in local_names(place.function)

    def _values_of_name(self, expression: ast.Name, place: Place) -> list[Value]:
        name, function = expression.id, place.function
        if name in place.bound:
            return [(*place.bound[name], frozenset())]
        if function is not None:
            assigned = [
                (place, value, place.facts(guards))
                for value, guards in _assigned_before(function, expression)
            ]
            if assigned:
                return assigned
            if name in parameters_of(function):
                sites = self._call_sites(place)
                return [(*site.bound[name], frozenset()) for site in sites if name in site.bound]
        constant = self.constant(place.module, name)
        return [(*constant, frozenset())] if constant and _gives_text(constant[1]) else []

    def _call_sites(self, place: Place) -> list[Place]:
        """Return the place once for each call of its function, with the arguments of the call."""
        function = place.function
        if function is None:
            return []
        sites = []
        for where, call in self.calls[function.name]:
            is_method = isinstance(call.func, ast.Attribute)
            if not (is_method or self._sees(where.module, place.module, function.name)):
                continue
            passed = arguments_of(function, call, where)
            bound = {name: each for name, each in passed.items() if each[0] is where}
            sites.append(Place(place.module, function, bound, passed))
        return sites

    # --- messages ------------------------------------------------------------------------------

    def messages(self) -> Iterator[Message]:
        """Yield the messages of errors, and those that are printed for a user to act on."""
        calls = [each for calls in self.calls.values() for each in calls]
        places = {name: place for place, name in enumerate(self.modules)}
        calls.sort(key=lambda each: (places[each[0].module.name], each[1].lineno))
        for place, call in calls:
            yield from self._of_call(call, place)

    def _of_call(self, call: ast.Call, place: Place) -> Iterator[Message]:
        kind, module = _called(call), place.module.name
        if module in NOT_FOR_USERS:
            return
        is_python = kind in PYTHON_ERRORS and module in PYTHON_MODULES
        if kind == FILE_ERROR and len(call.args) == 3:
            texts = call.args[1:]
        elif call.args and (kind in TEXT_ERRORS or is_python or _is_shown(call)):
            texts = [_named_values(call) if kind == "warning" else call.args[0]]
        else:
            return
        for where in self._sites_with_texts(texts, place):
            parts = [self.templates(each, where) for each in texts]
            if len(parts) == 2:
                parts.insert(1, [Template(BREAK)])
            for whole in shown(join(parts)):
                problem, *remedy = whole.removeprefix("counterpoise: ").split(BREAK)
                if _words(problem) >= FEWEST_OF_MESSAGE:
                    pair = (problem, *remedy) if remedy else split_remedy(problem)
                    yield Message(module, call.lineno, kind, *map(_one_line, pair))

    def _sites_with_texts(self, texts: list[ast.expr], place: Place) -> list[Place]:
        """Return the calls of a function that pass on words of its messages; else the place."""
        used = {each.id for text in texts for each in ast.walk(text) if isinstance(each, ast.Name)}
        sites = [
            site
            for site in self._call_sites(place)
            if any(
                _words(template.text) >= FEWEST_WORDS
                for name in used & set(site.bound)
                for template in self.templates(*reversed(site.bound[name]), 1)
            )
        ]
        return sites or [place]

    def texts(self, module: str, function: str) -> Iterator[Message]:
        """Yield the texts of a function that words messages which others show."""
        place, node = next(
            each for each in self.functions[function] if each[0].module.name == module
        )
        inner = set()
        for each in ast.walk(node):
            if each in inner or ast.get_docstring(node, clean=False) == getattr(each, "value", 0):
                continue
            if isinstance(each, ast.JoinedStr):
                inner.update(ast.walk(each))
            is_text = isinstance(each, ast.JoinedStr) or (
                isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
            if is_text:
                for text in map(_one_line, shown(self.templates(each, place))):
                    if _words(text) >= FEWEST_WORDS and text[0] not in ",;":
                        yield Message(module, each.lineno, function, *split_remedy(text))


def name_of(expression: ast.expr) -> str:
    """Name the placeholder for a value."""
    match expression:
        case ast.Name(id=name):
            return _spell(name)
        case ast.Attribute(value=base, attr=name):
            is_named_by_base = name in GENERIC and name_of(base) != "self"
            return name_of(base) if is_named_by_base else _spell(name)
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", key).lower()
        case ast.Subscript(value=base) | ast.Starred(value=base) | ast.Await(value=base):
            return name_of(base)
        case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item) | ast.IfExp(body=item):
            return name_of(item)
        case ast.List(elts=[*_, item]) | ast.BoolOp(values=[item, *_]):
            return name_of(item)
        case ast.Constant(value=value):
            return str(value)
        case ast.BinOp():
            return "number"
        case ast.Call():
            return _name_of_call(expression)
    return "value"


def _name_of_call(call: ast.Call) -> str:
    """Name the placeholder for what a function returns."""
    match call:
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.Call(func=func) as item]) if (
            getattr(func, "attr", "") == "split"
        ):
            return name_of(item)
        case ast.Call(func=ast.Attribute(attr="join"), args=[item, *_]):
            return f"{name_of(item)}, ..."
        case ast.Call(func=ast.Name(id="len" | "round")):
            return "number"
        case ast.Call(func=ast.Name(id="pluralise"), args=[_, ast.Constant(value=noun)]):
            return f"number of {noun}s"
        case ast.Call(func=ast.Name(id="getattr"), args=[_, key, *_]):
            return "value" if isinstance(key, ast.Name) else name_of(key)
        case ast.Call(func=ast.Name(id=name), args=[item, *_]) if name in TRANSPARENT:
            return name_of(item)
        case ast.Call(
            func=ast.Attribute(value=base, attr="partition" | "strip" | "rstrip" | "split")
        ):
            return name_of(base)
        case ast.Call(func=ast.Attribute(value=base, attr="sum" | "max" | "min" | "item")):
            return "number"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return _spell(name)
    return "value"


def split_remedy(text: str) -> tuple[str, str]:
    """Split a text where it goes on with what to do: at a semicolon, colon or full stop."""
    depth, quoted = 0, False
    for position, letter in enumerate(text[:-1]):
        depth += (letter in "([<") - (letter in ")]>")
        if letter == "'":
            opens = text[position - 1 : position] in ("", " ", "(", "=")
            quoted = opens or (quoted and text[position + 1].isalnum())
        rest = text[position:]
        ends = rest.startswith("; ") and not rest.startswith(DESCRIPTIONS)
        ends |= rest.startswith(". ") and rest[2] not in "<." and text[position - 1] != "."
        if ends and depth <= 0 and not quoted and _words(text[:position]):
            return text[: position + 1].removesuffix(";"), text[position + 2 :]
    return text, ""


def _spell(name: str) -> str:
    return NAMES.get(name.lstrip("_"), NAMES.get(name, name.strip("_").lower().replace("_", " ")))


def _words(template: str) -> int:
    """Count the words of a template outside of its placeholders."""
    return len(re.findall(r"[A-Za-z]{2,}", HOLE.sub(" ", template)))


def _assigned_before(function: ast.FunctionDef, name: ast.Name) -> list[tuple[ast.expr, Guards]]:
    """Return the texts of a variable where it is used, with the tests that lead to each.

    A text that is replaced under one more test is left where this test fails.
    """
    values = [
        (each, guards_of(function)[each]) for each in _assigned_texts(function).get(name.id, ())
    ]
    found = []
    for number, (value, guards) in enumerate(values):
        replaced = tuple(
            (test, not outcome)
            for later, (*shared, (test, outcome)) in (
                (each, more) for each, more in values[number + 1 :] if more
            )
            if tuple(shared) == guards and later.lineno < name.lineno
        )
        found.append((value, guards + replaced))
    return found


@cache
def _assigned_texts(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Return the texts that a function assigns, by the name of the variable."""
    texts = defaultdict(list)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for name, value in _pairs(node):
                if _gives_text(value):
                    texts[name].append(value)
    return texts


@cache
def _assignments(function: ast.FunctionDef) -> Counter[str]:
    """Count how often a function gives each variable a value, in whatever way."""
    return Counter(
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


def _is_constant(expression: ast.expr) -> bool:
    """Tell whether an expression is a constant text or a choice between such texts."""
    if isinstance(expression, ast.IfExp):
        return _is_constant(expression.body) and _is_constant(expression.orelse)
    return isinstance(expression, ast.Constant) and isinstance(expression.value, str)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _member(expression: ast.expr) -> str | None:
    """Return the value of a member of an enumeration, which is its name in small letters."""
    if isinstance(expression, ast.Attribute) and expression.attr == "value":
        expression = expression.value
    if isinstance(expression, ast.Attribute) and expression.attr.isupper():
        return expression.attr.lower()
    return None


def _named_values(call: ast.Call) -> ast.expr:
    """Return the text of a call of the module logging, with its values named."""
    text, *values = call.args
    if not isinstance(text, ast.Constant):
        return text
    parts = re.split(r"%(?:\.\d)?[sdf]", str(text.value))
    named = [f"<{name_of(value)}>" for value in values]
    return ast.Constant(
        "".join(part + name for part, name in zip(parts, [*named, ""], strict=True))
    )


def _gives_text(expression: ast.expr) -> bool:
    if isinstance(expression, ast.IfExp):
        return _gives_text(expression.body) or _gives_text(expression.orelse)
    if isinstance(expression, ast.BinOp):
        return _gives_text(expression.left) or _gives_text(expression.right)
    if isinstance(expression, ast.Constant):
        return isinstance(expression.value, str)
    if isinstance(expression, ast.Call):
        return re.fullmatch(r"[A-Z_]+\.get", ast.unparse(expression.func)) is not None
    return isinstance(expression, ast.JoinedStr)


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _pairs(node: ast.Assign | ast.AnnAssign) -> list[tuple[str, ast.expr]]:
    """Return the names that get a value, each with its own, also where several get one at once."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    pairs = []
    for target in targets:
        names, values = [target], [node.value]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            names, values = target.elts, node.value.elts
        named = zip(names, values, strict=False)
        pairs += [(name.id, value) for name, value in named if isinstance(name, ast.Name)]
    return pairs


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _is_shown(call: ast.Call) -> bool:
    """Tell whether a call prints a message for a user: on standard error, as a warning, at exit."""
    called = ast.unparse(call.func)
    keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    return (
        called in ("sys.exit", "warnings.warn", "log.warning")
        or (called == "click.echo" and keywords.get("err") == "True")
        or (called == "print" and keywords.get("file") == "sys.stderr")
    )


def _walk(module: Module) -> Iterator[tuple[Place, ast.AST]]:
    """Yield every node of a module with the innermost function around it."""
    waiting: list[tuple[ast.AST, ast.FunctionDef | None]] = [(module.tree, None)]
    places: Callable[[ast.FunctionDef | None], Place] = cache(lambda each: Place(module, each))
    while waiting:
        node, function = waiting.pop()
        yield places(function), node
        inner = node if isinstance(node, ast.FunctionDef) else function
        waiting.extend((child, inner) for child in reversed(list(ast.iter_child_nodes(node))))
