"""What the app gives to handlers besides the request: marked, so that no query parameter is mistaken for it."""

import asyncio

from litestar.di import NamedDependency

from api.bootstrap import House
from api.identity import Caller

Housed = NamedDependency[House]
"""Named `house`: the house with all that was durable when the request came. Named `house_at_hand`: as it is."""
Asking = NamedDependency[Caller]
Turn = NamedDependency[asyncio.Lock]
