/** DPoP proofs (RFC 9449): a request is made by the holder of this device's key. */
import { type Bytes, toBase64Url, utf8 } from "../codec/bytes.ts";
import { sign } from "../codec/seal.ts";

const COORDINATE_BYTES = 32;

export interface Proving {
  readonly key: CryptoKey;
  /** 65 bytes, uncompressed. */
  readonly publicKey: Bytes;
}

export interface Claim {
  readonly method: string;
  /** Without query and fragment, as `htu` has it. */
  readonly url: string;
  /** Random: a proof is used once. */
  readonly id: Bytes;
  readonly nowMs: number;
  /** The server's last `DPoP-Nonce`. */
  readonly nonce: string | null;
}

const part = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)));

/** A compact JWS, ES256: the raw signature of WebCrypto is the form that JOSE takes. */
export const proofOf = async ({ key, publicKey }: Proving, claim: Claim): Promise<string> => {
  const [x, y] = [publicKey.slice(1, 1 + COORDINATE_BYTES), publicKey.slice(1 + COORDINATE_BYTES)];
  const jwk = { kty: "EC", crv: "P-256", x: toBase64Url(x), y: toBase64Url(y) };
  const header = part({ typ: "dpop+jwt", alg: "ES256", jwk });
  const payload = part({
    htm: claim.method,
    htu: claim.url,
    jti: toBase64Url(claim.id),
    iat: Math.floor(claim.nowMs / 1000),
    ...(claim.nonce === null ? {} : { nonce: claim.nonce }),
  });
  const signature = await sign(key, utf8(`${header}.${payload}`));
  return `${header}.${payload}.${toBase64Url(signature)}`;
};
