"""URLs of samples: which are accepted, how they are shown, and where their files are kept.

A sample's URL may end with ``::/group``, which names a group inside an HDF5 file.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote, urlsplit

from counterpoise.errors import strip_credentials

DOWNLOADS = "resources/remote"
LOGS = "resources/logs/download"


def is_url(uri: str) -> bool:
    """Return whether a source is an http(s) URL and not a local path.

    Parameters
    ----------
    uri : str
        Path or URL of a source.

    Returns
    -------
    bool
    """
    return uri.lower().startswith(("http://", "https://"))


def split_group(uri: str) -> tuple[str, str]:
    """Split ``URL::/group`` into the URL of the file and ``::/group``.

    Parameters
    ----------
    uri : str
        URL, with or without a group.

    Returns
    -------
    url : str
        URL of the file.
    group : str
        ``::/group`` with its colons; empty where no group is named.
    """
    # Search after the host, because an IPv6 address has colons too: http://[::1]/a.mcool::/b.
    path_start = uri.find("/", uri.find("://") + 3)
    group_start = uri.rfind("::/", path_start) if path_start > 0 else -1
    return (uri, "") if group_start < 0 else (uri[:group_start], uri[group_start:])


def public_url(uri: str) -> str:
    """Return a URL without user, password and query, as records and messages show it.

    Parameters
    ----------
    uri : str
        URL, with or without a group.

    Returns
    -------
    str
        The URL, with its group.
    """
    url, group = split_group(uri)
    return strip_credentials(url) + group


def url_problem(uri: str) -> str | None:
    """Explain why a URL cannot be a sample's.

    Parameters
    ----------
    uri : str
        URL, with or without a group.

    Returns
    -------
    str or None
        The problem and its remedy, to be read after the URL; None if the URL is accepted.
    """
    url, _ = split_group(uri)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"is not a valid URL ({error}); correct it"
    if not host or re.search(r"\s", url):
        return "is not a valid URL; correct it"
    if "@" in parts.netloc:
        return (
            "contains a user name or password, which would be written to logs; remove it here and "
            "store it in the file ~/.netrc, which is searched by the server's name"
        )
    if "::" in parts.path:
        return "names its group without a slash; write ::/ and the group, or leave it out"
    return None


def url_key(uri: str) -> str:
    """Return the key of a URL, which names its folder and its job.

    Parameters
    ----------
    uri : str
        URL, with or without a group.

    Returns
    -------
    str
        16 hexadecimal digits, the same for every group of a file.
    """
    return hashlib.sha256(split_group(uri)[0].encode()).hexdigest()[:16]


def download_path(uri: str) -> str:
    """Return the path at which the file of a URL is kept.

    Parameters
    ----------
    uri : str
        URL, with or without a group.

    Returns
    -------
    str
        Path relative to the working directory. The file is named like the last part of the URL,
        with characters that a disk or a shell may refuse replaced by underscores.
    """
    name = unquote(urlsplit(split_group(uri)[0]).path).rpartition("/")[2]
    safe_name = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".-")[-100:]
    return f"{DOWNLOADS}/{url_key(uri)}/{safe_name or 'map'}"


def download_log(uri: str) -> str:
    """Return the path of the log of the job that downloads a URL.

    Parameters
    ----------
    uri : str
        URL, with or without a group.

    Returns
    -------
    str
        Path relative to the working directory.
    """
    return f"{LOGS}{download_path(uri).removeprefix(DOWNLOADS)}.log"
