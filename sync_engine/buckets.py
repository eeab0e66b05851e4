"""Which buckets a device may replicate for the person at it: the unit of authority of rows (DESIGN §7, §9). Pure."""

from collections.abc import Callable, Iterable
from typing import Final

from domain.rights import DESK_ROLES
from sync_engine.directory import Directory

ORG: Final = "org"
DESK: Final = "desk"


def buckets_of(
    directory: Directory,
    *,
    device: bytes,
    person: str,
    below: int,
    at_ms: int,
    sites: Iterable[str],
    site_of: Callable[[str], str],
) -> tuple[str, ...]:
    """Return the buckets, sorted, that the grants in the log below an index give a person at an instant.

    `sites` are the buckets of all sites, `site_of` the bucket of a place. What became of its own
    ops every device may know; who has no role gets nothing else. A role without places is one for every site; roles
    of the desk get the desk and every site whatever their places, for they answer for the whole.
    """
    own = f"device:{device.hex()}"
    grants = directory.grants_of(person, below=below, at_ms=at_ms)
    if not grants:
        return (own,)
    found = {ORG, own}
    for grant in grants:
        if grant.role in DESK_ROLES:
            found.add(DESK)
        if grant.places is None or grant.role in DESK_ROLES:
            found.update(sites)
        else:
            found.update(site_of(place) for place in grant.places if ":" not in place)
    return tuple(sorted(found))
