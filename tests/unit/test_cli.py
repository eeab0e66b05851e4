"""The `gobi` command teaches, refuses in words, and does what its help says."""

import json
import socket
from pathlib import Path

import pytest

from api.cli.main import EXIT_REFUSED, main

WORLD = Path(__file__).resolve().parents[2] / "api" / "demo" / "world"
COMMANDS = ("serve", "demo", "found", "import", "bench", "simulate", "doctor")


@pytest.mark.parametrize("line", [[], *[[command] for command in COMMANDS]])
def test_help_shows_examples(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([*line, "--help"])
    assert end.value.code == 0
    assert f"gobi {' '.join(line)}".strip() in capsys.readouterr().out


def found(folder: Path) -> None:
    line = [
        "found",
        "--org",
        "farm",
        "--name",
        "农场",
        "--admin",
        "li",
        "--admin-name",
        "李",
        "--data",
        str(folder),
    ]
    assert main(line) == 0


def test_a_company_is_founded_once_imported_twice_and_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found(tmp_path)
    out = capsys.readouterr().out
    assert "Root keys" in out
    assert (
        main(
            [
                "found",
                "--org",
                "x",
                "--name",
                "x",
                "--admin",
                "x",
                "--admin-name",
                "x",
                "--data",
                str(tmp_path),
            ]
        )
        == 1
    )
    assert "'farm' is there already" in capsys.readouterr().err

    files = [str(path) for path in sorted(WORLD.glob("*.csv"))]
    assert main(["import", *files, "--data", str(tmp_path)]) == 0
    first = capsys.readouterr().out
    assert "items, 8 good rows, 0 already known, 0 faults; 8 of 8 ops recorded" in first
    assert main(["import", *files, "--data", str(tmp_path)]) == 0
    assert "8 already known, 0 faults; 0 of 0 ops recorded" in capsys.readouterr().out

    assert main(["doctor", "--data", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["is_sound"] is True
    assert report["org"] == "farm"


def test_a_bad_row_is_named_and_the_file_is_left_out_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found(tmp_path)
    file = tmp_path / "items.csv"
    file.write_text("id,name,unit\nA,甲,each\nB,,each\n")
    assert main(["import", str(file), "--data", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "items.csv:3: name: this cell must not be empty / 这一格不能空着" in out
    assert "0 of 1 ops recorded" in out
    assert main(["import", str(file), "--skip-bad", "--data", str(tmp_path)]) == 1
    assert "1 of 1 ops recorded" in capsys.readouterr().out


def test_what_is_not_there_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--data", str(tmp_path)]) == EXIT_REFUSED
    assert not list(tmp_path.iterdir()), "who verifies changes nothing"
    assert "there is no organisation here yet" in capsys.readouterr().err
    assert main(["bench", "moon"]) == EXIT_REFUSED
    assert "no figure is called 'moon'" in capsys.readouterr().err


def test_nobody_is_greeted_to_an_address_that_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--demo", "--port", port, "--data", str(tmp_path)]) == EXIT_REFUSED
    assert "another program listens there" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_day_is_told_and_ends_as_it_must(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--plain"]) == 0
    told = capsys.readouterr().out
    assert "缺少的 20 件是刘洋 07:42 拣走的，09:05 才上传" in told
    assert main(["demo", "--plain", "--english"]) == 0
    assert "The missing 20 were picked by Liu Yang at 07:42" in capsys.readouterr().out


def test_a_simulation_says_one_json_object_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--world", "day", "--seeds", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "seeds": 3, "failed": 0, "lost": 0, "stuck": 0, "diverged": 0,
    }  # fmt: skip
