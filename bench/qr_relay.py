"""A hundred scans from one phone to another by QR codes: how long they take to show, and what a cheap camera reads.

The frames, the codes and the reader are the real ones; the camera is simulated (`pwa/tests/qr-optics.ts` says how), at
arm's length and nearer. The floor is the time of one code after another without a single one lost.
"""

import base64
import json
import subprocess
import tempfile
from pathlib import Path
from random import Random
from typing import Any, Final

PWA: Final = Path(__file__).resolve().parent.parent / "pwa"
SCANS: Final = 100
CODES_PER_SECOND: Final = 5
"""As the screen shows them: CODE_MS of `pwa/src/screens/relay/RelayScreen.tsx`."""
DISTANCES_MM: Final = (250, 300, 350)
"""A code is shown large; nobody's arm is longer."""
BYTES: Final = (183, 268, 348, 438, 528)
"""Of a part in codes of 49, 57, 65, 73 and 81 modules."""
PICTURES: Final = 40


def run() -> dict[str, Any]:
    """Return seconds for a hundred scans at 30 cm, and by bytes of a code the share of pictures that are read."""
    # Builders of the tests stand in for a phone's day; they are imported when the bench runs, not when it is listed.
    from domain.canonical import encode  # noqa: PLC0415 - as above
    from tests.tools.op_chain import START_MS, Chain  # noqa: PLC0415 - as above

    chain, chance, at = Chain(), Random(7), START_MS
    for number in range(SCANS):
        at += chance.randrange(4_000, 90_000)
        item, lot = f"ITEM-{chance.randrange(40)}", str(1100 + chance.randrange(60))
        order, place = f"SO-1123-{number // 9}", f"R{chance.randrange(6)}"
        chain.record("pick", None, order, [[item, lot, place, "T1-3", 1 + chance.randrange(60)]], at=at)
    bundle = encode([chain.frame()])
    asked = {
        "bundle": base64.b64encode(bundle).decode(),
        "pictures": PICTURES,
        "bytes": BYTES,
        "distances": DISTANCES_MM,
        "per_second": CODES_PER_SECOND,
    }
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", "tests/bundle-driver.mjs", folder, "qr-optics"], cwd=PWA, check=True)
        command = ["node", f"{folder}/qr-optics.mjs"]
        done = subprocess.run(
            command, cwd=PWA, input=json.dumps(asked), capture_output=True, text=True, check=True
        )
    found = json.loads(done.stdout)
    at_arm = next(one for one in found["runs"] if one["distance_mm"] == 300)
    floor = found["blocks"] / CODES_PER_SECOND
    return {
        "value": float(at_arm["seconds"]),
        "unit": f"s for {SCANS} scans at 30 cm",
        "floor": floor,
        "ratio": at_arm["seconds"] / floor,
        "frame_bytes": len(bundle),
        "packed_bytes": found["packed"],
        "codes_least": found["blocks"],
        "codes_shown": {f"{one['distance_mm']} mm": one["codes"] for one in found["runs"]},
        "share_read": {
            f"{row['bytes']} B, {row['modules']} modules, {row['distance_mm']} mm": round(row["read"], 3)
            for row in found["table"]
        },
        "decode_ms": round(sum(row["ms"] for row in found["table"]) / len(found["table"]), 1),
    }
