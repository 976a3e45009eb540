"""Files of a public repository at a pinned commit, over HTTPS."""

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

from counterclaim.errors import DataError
from counterclaim.jsonl import replacing

RAW_URL = "https://raw.githubusercontent.com"
TIMEOUT_SECONDS = 30.0


def download(
    repository: str,
    commit: str,
    path: str,
    target: Path,
    *,
    base_url: str = RAW_URL,
    timeout: float = TIMEOUT_SECONDS,
) -> None:
    """Fetch one file; the target appears whole or not at all.

    Args:
        repository: OWNER/NAME.
        commit: The pinned commit, 40 hexadecimal digits.
        path: The file's path in the repository.
        target: Where to put it.
        base_url: A server laid out as raw.githubusercontent.com.
        timeout: Seconds without a byte after which the server counts as stalled.

    Raises:
        DataError: The server is not reached, refuses, stalls or breaks off.
    """
    url = f"{base_url}/{repository}/{commit}/{quote(path)}"
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            data = response.read()  # raises IncompleteRead if the server breaks off
    except urllib.error.HTTPError as error:
        raise DataError(f"{url}: HTTP {error.code} {error.reason}") from None
    except http.client.IncompleteRead as error:
        expected = "more" if error.expected is None else f"{error.expected} more"
        raise DataError(
            f"{url}: broke off after {len(error.partial)} bytes; expected {expected}"
        ) from None
    except TimeoutError:
        raise DataError(f"{url}: no answer for {timeout:g} seconds") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(f"{url}: cannot be reached ({reason})") from None
    with replacing(target) as temporary:
        temporary.write_bytes(data)
