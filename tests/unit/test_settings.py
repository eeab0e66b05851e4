"""Settings come from one place; secrets are made once, kept readable by nobody else, and never mixed up."""

from pathlib import Path

import pytest

from api.edge import content_policy, is_our_name
from api.settings import SettingError, Settings, read_secrets, read_settings
from sync_engine.seal import raw_key


def test_the_command_line_wins_over_the_environment_and_that_over_the_defaults() -> None:
    env = {"GOBI_PORT": "9000", "GOBI_URL": "https://stock.example/", "GOBI_HOSTS": "a.example, B.example"}
    settings = read_settings(env, host="0.0.0.0", port=None)
    assert (settings.port, settings.host, settings.url) == (9000, "0.0.0.0", "https://stock.example")
    assert settings.hosts == ("a.example", "b.example")
    assert read_settings({}).url == "http://localhost:8000"
    assert read_settings(env, port=1).port == 1


@pytest.mark.parametrize("port", ["", "x", "-1", "65536"])
def test_a_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(SettingError, match="GOBI_PORT"):
        read_settings({"GOBI_PORT": port})


def test_the_first_start_makes_secrets_and_the_next_reads_them(tmp_path: Path) -> None:
    first, second = read_secrets(tmp_path, {}), read_secrets(tmp_path, {})
    assert (first.organisation, first.log_key, first.dpop) == (
        second.organisation,
        second.log_key,
        second.dpop,
    )
    assert raw_key(first.server_key.public_key()) == raw_key(second.server_key.public_key())
    assert len({first.organisation, first.log_key, first.dpop}) == 3
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "secrets").iterdir()} == {0}


def test_a_secret_comes_from_a_variable_or_from_the_file_that_one_names(tmp_path: Path) -> None:
    kept = tmp_path / "organisation-secret"
    kept.write_text("ab" * 32 + "\n")
    env = {"GOBI_ORGANISATION_SECRET_FILE": str(kept), "GOBI_LOG_KEY": "cd" * 32}
    secrets = read_secrets(tmp_path, env)
    assert (secrets.organisation, secrets.log_key) == (b"\xab" * 32, b"\xcd" * 32)
    for wrong in (
        {"GOBI_LOG_KEY": "zz"},
        {"GOBI_LOG_KEY_FILE": str(tmp_path / "none")},
        {"GOBI_SERVER_KEY": "pem"},
    ):
        with pytest.raises(SettingError, match="GOBI_"):
            read_secrets(tmp_path, wrong)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True), ("liu.localhost:8000", True), ("127.0.0.1:1", True), ("[::1]:8000", True),
        ("stock.example", True), ("stock.example.", True), ("a.example", True), ("", False),
        ("evil.example", False), ("localhost.evil.example", False), ("xlocalhost", False), ("[", False),
    ],
)  # fmt: skip
def test_the_server_answers_under_its_own_names_alone(host: str, ours: bool) -> None:
    settings = Settings(public_url="https://stock.example", hosts=("a.example",))
    assert is_our_name(host, settings) is ours


def test_a_phone_may_be_framed_by_the_demo_page_alone_and_only_in_the_demo() -> None:
    assert "frame-ancestors 'none'" in content_policy("liu.localhost:8000", Settings())
    demo = content_policy("liu.localhost:8000", Settings(demo=True))
    assert "http://localhost:8000 http://127.0.0.1:8000" in demo.partition("frame-ancestors")[2]
    assert "frame-src 'self' http://*.localhost:8000" in demo
    assert "'wasm-unsafe-eval'" in demo
    assert "'unsafe-eval'" not in demo.replace("'wasm-unsafe-eval'", "")
