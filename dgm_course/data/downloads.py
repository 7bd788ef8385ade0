"""Files from the net: several mirrors, SHA-256, a cache that holds whole files only, and errors of one line.

The cache is the operating system's for this user; the environment variable `DGM_DATA_DIR` names another, such as
one folder for a whole computer room.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests


class DownloadError(RuntimeError):
    """A file could not be had; the message says why, mirror by mirror, and what to use offline."""


@dataclass(frozen=True)
class Remote:
    """Files by name with their SHA-256, the addresses that serve them, and what to use without a network.

    Example:
        >>> remote = Remote("toy", {"a.gz": "00" * 32}, mirrors=("http://127.0.0.1:9/",), offline="data.digits()")
        >>> remote.fetch("a.gz", Path("/dev/null"))
        Traceback (most recent call last):
        dgm_course.data.downloads.DownloadError: cannot write to the cache /dev/null/toy: ...
    """

    name: str
    sha256: Mapping[str, str]
    mirrors: tuple[str, ...]
    offline: str

    def fetch(self, file: str, cache: Path | None = None) -> Path:
        """Where `file` lies in the cache, downloaded now unless it is there; each mirror is tried twice.

        A file enters the cache only when it is whole and its checksum is right.
        """
        folder = (cache_folder() if cache is None else cache) / self.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise DownloadError(
                f"cannot write to the cache {folder}: {error.strerror}; name another by DGM_DATA_DIR"
            ) from None
        reasons = {}
        for mirror in self.mirrors * 2:
            try:
                path = pooch.retrieve(
                    mirror + file, f"sha256:{self.sha256[file]}", file, folder, progressbar=True
                )
                return Path(path)
            except (OSError, ValueError) as error:  # pooch says ValueError where the checksum differs
                reasons[urlsplit(mirror).netloc] = _reason(error)
        tried = ", ".join(f"{host}: {reason}" for host, reason in reasons.items())
        raise DownloadError(f"cannot download {file} ({tried}); without a network use {self.offline}")


def cache_folder() -> Path:
    """Where downloads are kept: `DGM_DATA_DIR`, or the operating system's cache folder for this user.

    Example:
        >>> cache_folder().is_absolute()
        True
    """
    return Path(os.environ.get("DGM_DATA_DIR") or pooch.os_cache("dgm_course")).absolute()


def _reason(error: OSError | ValueError) -> str:
    match error:
        case requests.HTTPError(response=requests.Response(status_code=status)):
            return f"status {status}"
        case requests.Timeout():
            return "no answer in time"
        case requests.exceptions.ChunkedEncodingError():
            return "the connection broke off"
        case requests.ConnectionError():
            return "no connection"
        case ValueError():
            return "the checksum differs"
    return str(error)
