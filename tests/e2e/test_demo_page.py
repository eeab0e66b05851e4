"""The page that the README sends everybody to is there."""

import urllib.request

import pytest

from tests.e2e.conftest import Server

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("path", ["/demo", "/"])
def test_a_served_demo_shows_its_page_and_its_app(server: Server, path: str) -> None:
    with urllib.request.urlopen(server.url + path, timeout=20) as answer:
        page = answer.read().decode()

    assert answer.status == 200
    assert "<script" in page
