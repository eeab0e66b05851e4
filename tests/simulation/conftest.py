"""What every simulated world is played with, made once."""

from collections.abc import Iterator

import pytest

from api.simulation.run import Props, Theatre, props, quiet


@pytest.fixture(scope="session")
def stage_props() -> Iterator[Props]:
    with props() as made:
        yield made


@pytest.fixture(scope="module")
def theatre(stage_props: Props) -> Iterator[Theatre]:
    quiet()
    made = Theatre(stage_props)
    yield made
    made.close()
