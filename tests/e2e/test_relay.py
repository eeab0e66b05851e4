"""Liu has no signal and Zhang walks by: codes off Liu's screen, up with Zhang, and the server's word back to Liu."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.camera import HEIGHT, WIDTH
from tests.e2e.worker import LedgerView, Worker

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Phones, Server

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]

LEDGER: Final = "document.querySelector('#app').__k?.__k?.[0]?.props?.ledger"
"""Where Preact keeps what the screens were given: for more records than anybody taps in a test."""
MOVES: Final = 60
PICTURES: Final = 14

_RECORD_MOVES: Final = f"""async count => {{
  const ledger = {LEDGER};
  for (let i = 1; i <= count; i += 1) {{
    const line = {{ item: "MLK", lot: "1120", from: "R2", to: i % 2 === 1 ? "HOLD" : "R1", qty: 1 }};
    // What no packing shortens: else sixty moves fit into one code.
    const erasable = i % 4 === 0 ? [crypto.getRandomValues(new Uint8Array(40))] : [];
    await ledger.record("move", {{ task: null, lines: [line] }}, {{ erasable }});
  }}
}}"""

_GREY: Final = """async ({ png, width, height }) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.fillStyle = "#bbb";
  context.fillRect(0, 0, width, height);
  const scale = 0.92 * Math.min(width / image.width, height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
  const { data } = context.getImageData(0, 0, width, height);
  let grey = "";
  for (let at = 0; at < data.length; at += 4) grey += String.fromCharCode(data[at]);
  return btoa(grey);
}"""


def _photograph(worker: Worker) -> bytes:
    """The code on the screen as a camera of little sharpness sees it: the real pixels, scaled and in grey."""
    png = base64.b64encode(worker.page.locator("svg.qr").screenshot()).decode()
    grey = worker.page.evaluate(_GREY, {"png": png, "width": WIDTH, "height": HEIGHT})
    return base64.b64decode(grey)


def test_work_without_a_signal_goes_by_codes_and_the_word_comes_back(server: Server, phones: Phones) -> None:
    view = LedgerView(server.url)
    liu = Worker(phones.new("liu"), "liu", server.url)
    zhang = Worker(phones.new("zhang"), "zhang", server.url)
    liu.join()
    zhang.join()
    liu.cut()
    zhang.cut()
    liu.page.evaluate(_RECORD_MOVES, MOVES)
    assert f"{MOVES} 条只在手机里" in liu.outbox()

    liu.tap("出示二维码")
    liu.is_told(f"这里有 {MOVES} 条记录")
    pictures = [_photograph(liu) for _ in range(PICTURES)]
    assert len(set(pictures)) > 2, "the codes turn by themselves"
    zhang.phone.look_at([picture for picture in pictures for _ in range(2)])

    zhang.outbox()
    zhang.tap("扫别的手机")
    zhang.is_told(f"收完了：liu 的手机的 {MOVES} 条")
    zhang.phone.kill()
    zhang.restart()
    assert "在我这里" in zhang.outbox(), "what is carried outlives the battery"
    assert view.balances()["MLK", "1120", "R2"] == (60, 0), "nobody has heard of it yet"

    zhang.mend()
    assert ("MLK", "1120", "R2") not in view.balances(), "all sixty are moved"
    zhang.outbox()
    zhang.is_told("给他看凭证")
    zhang.tap("liu 的手机")
    zhang.is_told("请他用手机扫这个码")
    liu.phone.look_at([_photograph(zhang)] * 4)

    liu.tap("扫对方的上传凭证")
    liu.is_told(f"已在服务器上：又确认了 {MOVES} 条")
    liu.tap("看上传记录")
    liu.is_told("zhang 的手机 已把你的记录带到服务器")
    liu.is_told("全部安全，可以清除这台手机")
    liu.mend()
    assert "全部安全，可以清除这台手机" in liu.outbox()
    assert liu.phone.errors == zhang.phone.errors == []


def test_a_file_goes_the_same_way_and_a_wrong_one_is_told_in_words(
    server: Server, phones: Phones, tmp_path: Path
) -> None:
    liu = Worker(phones.new("liu"), "liu", server.url)
    zhang = Worker(phones.new("zhang"), "zhang", server.url)
    liu.join()
    zhang.join()
    liu.cut()
    liu.page.evaluate(_RECORD_MOVES, 3)
    liu.outbox()
    with liu.page.expect_download() as waiting:
        liu.tap("导出文件")
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.name.endswith(".gobi")

    zhang.outbox()
    chooser = zhang.page.locator("input[type=file]")
    cut_off = tmp_path / "cut-off.gobi"
    cut_off.write_bytes(file.read_bytes()[:-7])
    chooser.set_input_files(cut_off)
    zhang.is_told("文件读不出来，或者不完整")
    for _ in range(2):
        chooser.set_input_files(file)
        zhang.is_told("收完了：liu 的手机的 3 条")
    zhang.sync()
    zhang.outbox()
    zhang.is_told("liu 的手机 · 3 条")
    zhang.is_told("给他看凭证")
    assert liu.phone.errors == zhang.phone.errors == []
