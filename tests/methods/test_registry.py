"""The registry of methods names the file whose table is wrong."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from counterpoise.methods import methods, read_table

VC = methods()["vc"]
VC_SQRT = methods()["vc_sqrt"]


def module_with(table: Any) -> ModuleType:
    module = ModuleType("wrong")
    module.__file__ = "methods/wrong.py"
    vars(module)["METHODS"] = table
    return module


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ((VC), r"METHODS is a Method; .* with a comma after each method"),
        (("vcvc_sqrt"), r"METHODS is a str; "),
        ((VC, (VC_SQRT,)), r"METHODS\[1\] is a tuple, not a Method; .* no other brackets"),
        (("vc", VC_SQRT), r"METHODS\[0\] is a str, not a Method; "),
    ],
)
def test_a_wrong_table_is_refused_with_its_file_and_entry(table: Any, message: str) -> None:
    with pytest.raises(TypeError, match=rf"^methods/wrong\.py: {message}"):
        read_table(module_with(table))


def test_a_right_table_is_read() -> None:
    assert list(read_table(module_with((VC, VC_SQRT)))) == [VC, VC_SQRT]
    assert not read_table(ModuleType("without_methods"))


def test_two_methods_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterpoise.methods.read_table", lambda module: (VC,))
    with pytest.raises(ValueError, match=r"\.py: a method 'vc' is registered already"):
        methods.__wrapped__()
