"""What every answer tells browsers to forbid, whatever the answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from api.edge import content_policy
from api.settings import Settings
from tests.integration.api_house import Running, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as company:
        yield company


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/devices", "/log/checkpoint", "/nowhere", "/health", "/errors/bug"]
)
async def test_every_answer_forbids_the_same(company: Running, path: str) -> None:
    headers = (await company.client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers
    assert "strict-transport-security" not in headers, "a name without TLS must stay reachable"


async def test_a_name_that_is_not_ours_gets_no_page(company: Running) -> None:
    answer = await company.client.get("/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["type"]) == (421, "/errors/wrong-host")


def test_only_the_demo_may_be_framed_and_by_itself_alone() -> None:
    assert "frame-ancestors 'none'" in content_policy("stock.example", Settings())
    demo = content_policy("liu.localhost:8000", Settings(demo=True))
    assert "frame-ancestors 'self' http://gobi.localhost:8000 " in demo
