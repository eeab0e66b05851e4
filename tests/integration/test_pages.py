"""The app's files reach the browser as they were built."""

import zlib
from pathlib import Path

from tests.integration.api_house import running

SCRIPT = b"export const answer = 42;\n" * 200
_GZIP = 31


async def test_a_script_is_packed_once_for_browsers_that_unpack(tmp_path: Path) -> None:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "assets" / "index-1.js").write_bytes(SCRIPT)

    async with running(tmp_path) as house, house.client.stream("GET", "/assets/index-1.js") as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers["content-encoding"] == "gzip"
    assert zlib.decompress(raw, _GZIP) == SCRIPT


async def test_a_script_is_plain_for_others_and_is_not_sent_again(tmp_path: Path) -> None:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "assets" / "index-1.js").write_bytes(SCRIPT)

    async with running(tmp_path) as house:
        plain = await house.client.get("/assets/index-1.js", headers={"Accept-Encoding": "identity"})
        again = await house.client.get("/assets/index-1.js", headers={"If-None-Match": plain.headers["etag"]})

    assert plain.content == SCRIPT
    assert again.status_code == 304
