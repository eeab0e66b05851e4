"""A proof is taken once, from the device that it names, for the request that it names, with the server's nonce."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Mapping

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from api.dpop import NONCE_LIFE_MS, ProofError, Proofs, ProofsInMemory, UseDpopNonceError
from sync_engine.seal import raw_key
from tests.tools.op_chain import private_key

URL = "http://liu.localhost:8000/api/v1/sync"
NOW = 1_795_400_000_000


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    raw = raw_key(key.public_key())
    x, y = (urlsafe_b64encode(part).decode().rstrip("=") for part in (raw[1:33], raw[33:]))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def prove(
    proofs: Proofs | None,
    key: ec.EllipticCurvePrivateKey | None = None,
    *,
    headers: Mapping[str, object] | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
    now_ms: int = NOW,
    **claims: object,
) -> str:
    key = key or private_key(1)
    nonce = {} if proofs is None else {"nonce": proofs.nonces.at(now_ms)}
    body = {"htm": "POST", "htu": URL, "jti": "one", "iat": 1, **nonce, **claims}
    head = {"typ": "dpop+jwt", "jwk": jwk(key), **(headers or {})}
    return jwt.encode(body, signer or key, algorithm="ES256", headers=head)


def ours() -> Proofs:
    return Proofs(b"s" * 32, ProofsInMemory())


def check(proofs: Proofs, proof: str, *, url: str = URL, method: str = "POST", now_ms: int = NOW) -> None:
    key = raw_key(private_key(1).public_key())
    asyncio.run(proofs.check(proof, key, method=method, url=url, now_ms=now_ms))


def test_a_proof_with_the_present_nonce_is_taken_whatever_its_clock_says() -> None:
    for iat in (0, 1, 9_999_999_999):
        proofs = ours()
        check(proofs, prove(proofs, iat=iat))


def test_behind_a_proxy_scheme_and_port_may_differ_but_not_host_and_path() -> None:
    for url, good in (
        ("https://LIU.localhost/api/v1/sync?x=1", True),
        ("http://zhang.localhost:8000/api/v1/sync", False),
        ("http://liu.localhost:8000/api/v1/balances", False),
    ):
        proofs = ours()
        if good:
            check(proofs, prove(proofs), url=url)
        else:
            with pytest.raises(ProofError, match="another URL"):
                check(proofs, prove(proofs), url=url)


def test_a_proof_is_taken_once() -> None:
    proofs = ours()
    proof = prove(proofs)
    check(proofs, proof)
    with pytest.raises(ProofError, match="used before"):
        check(proofs, proof)
    check(proofs, prove(proofs, jti="two"))


def test_a_nonce_lives_five_to_ten_minutes_and_is_this_servers() -> None:
    proofs = ours()
    check(proofs, prove(proofs, now_ms=NOW), now_ms=NOW + NONCE_LIFE_MS)
    with pytest.raises(UseDpopNonceError):
        check(proofs, prove(proofs, now_ms=NOW), now_ms=NOW + 2 * NONCE_LIFE_MS)
    with pytest.raises(UseDpopNonceError):
        check(proofs, prove(Proofs(b"t" * 32, ProofsInMemory())))
    with pytest.raises(UseDpopNonceError):
        check(proofs, prove(None))


@pytest.mark.parametrize(
    "proof",
    [
        prove(ours(), private_key(2)),
        prove(ours(), signer=private_key(2)),
        prove(ours(), headers={"typ": "JWT"}),
        prove(ours(), headers={"jwk": {"kty": "RSA"}}),
        prove(ours(), headers={"jwk": {**jwk(private_key(1)), "x": "AA"}}),
        prove(ours(), htm="GET"),
        prove(ours(), htu=7),
        prove(ours(), htu="http://[bad"),
        prove(ours(), jti=""),
        prove(ours(), jti="x" * 200),
        "a.b.c",
        "",
        "x" * 5000,
    ],
)
def test_any_other_proof_is_refused(proof: str) -> None:
    with pytest.raises(ProofError):
        check(ours(), proof)


@given(st.text(max_size=200))
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(ProofError):
        check(ours(), text)
