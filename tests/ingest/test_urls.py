"""URLs of samples: names of their files, and which are accepted."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.errors import InputError
from counterpoise.ingest.urls import download_path, is_url, public_url, url_key, url_problem


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/a/map.mcool", "map.mcool"),
        ("https://host/a/map.mcool?key=secret&x=/y.hic#z", "map.mcool"),
        ("https://host/files/@@download/map.hic", "map.hic"),
        ("https://host/my%20map%2F..%2Fx.hic", "x.hic"),
        ("https://host/a%0Ab$(rm).mcool", "a_b__rm_.mcool"),
        ("https://host/.hidden.cool", "hidden.cool"),
        ("https://host/files/12345", "12345"),
        ("https://host/download/?acc=GSM1", "map"),
        ("https://host", "map"),
        ("http://[::1]:80/map.mcool::/resolutions/1000", "map.mcool"),
        ("https://host/" + "x" * 300 + ".mcool", "x" * 94 + ".mcool"),
    ],
)
def test_files_are_named_like_their_url(url: str, name: str) -> None:
    assert download_path(url) == f"resources/remote/{url_key(url)}/{name}"


@pytest.mark.parametrize("scheme", ["HTTP", "https", "Https"])
def test_schemes_in_capitals(scheme: str) -> None:
    url = f"{scheme}://host/map.mcool"
    assert is_url(url)
    assert url_problem(url) is None
    assert download_path(url).endswith("/map.mcool")
    assert public_url(f"{scheme}://host/map.mcool?key=secret") == url
    assert "password" in str(url_problem(f"{scheme}://me:secret@host/map.mcool"))


@given(st.text())
def test_every_url_gives_a_plain_name(text: str) -> None:
    path = download_path(f"https://host/{text}")
    assert re.fullmatch(r"resources/remote/[0-9a-f]{16}/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", path)


def test_the_groups_of_a_url_share_a_file() -> None:
    url = "https://host/map.mcool"
    assert url_key(url) == url_key(f"{url}::/resolutions/1000")
    assert url_key(url) != url_key(f"{url}?version=2")
    assert public_url("https://me:secret@host/m.mcool?k=s::/a/1") == "https://host/m.mcool::/a/1"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:secret@host/x.hic", "user name or password.*netrc"),
        ("https:///x.hic", "not a valid URL"),
        ("https://host:port/x.hic", "not a valid URL"),
        ("http://[::1/x.hic", "not a valid URL"),
        ("https://host/x y.hic", "not a valid URL"),
        ("https://host/x.mcool::resolutions/1000", "without a slash"),
    ],
)
def test_urls_that_are_refused(url: str, words: str) -> None:
    problem = url_problem(url)
    assert problem is not None
    assert re.search(words, problem)
    assert "secret" not in problem


def test_urls_that_are_accepted() -> None:
    for url in ("https://host/x", "http://[::1]:80/x.mcool::/a/1", "https://h/?a=b::c", "http://h"):
        assert url_problem(url) is None


def test_errors_do_not_show_credentials() -> None:
    error = InputError(
        "https://user:secret@host/map.hic?sig=secret", "does not exist.", "Check it."
    )
    assert str(error) == "https://host/map.hic: does not exist. Check it."
