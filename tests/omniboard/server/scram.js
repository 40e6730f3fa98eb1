// Logging in with SCRAM-SHA-256 (RFC 7677), the server's side.
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";
import { Binary } from "bson";

const ROUNDS = 4096;
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const fields = (text) => Object.fromEntries(text.split(",").map((part) => [part[0], part.slice(2)]));
const bytes = (text) => new Binary(Buffer.from(text));

// What one connection says and hears while it logs in.
export class Login {
  constructor(users) {
    Object.assign(this, { users, salt: randomBytes(16) });
  }

  start(payload) {
    const asked = payload.toString("utf8").replace(/^n,[^,]*,/, "");
    const { n: name, r: nonce } = fields(asked);
    this.name = name.replaceAll("=2C", ",").replaceAll("=3D", "=");
    this.nonce = nonce + randomBytes(18).toString("base64");
    this.said = `r=${this.nonce},s=${this.salt.toString("base64")},i=${ROUNDS}`;
    this.asked = asked;
    return bytes(this.said);
  }

  // The proof that the server knows the password too, or null where the client's proof is wrong.
  finish(payload) {
    const heard = payload.toString("utf8");
    const { p: proof, r: nonce } = fields(heard);
    const user = this.users.get(this.name);
    if (!user || nonce !== this.nonce) return null;
    const salted = pbkdf2Sync(user.password, this.salt, ROUNDS, 32, "sha256");
    const talk = `${this.asked},${this.said},${heard.replace(/,p=.*$/, "")}`;
    const stored = sha256(hmac(salted, "Client Key")), signature = hmac(stored, talk);
    const claimed = Buffer.from(proof, "base64").map((byte, at) => byte ^ signature[at]);
    if (!timingSafeEqual(sha256(claimed), stored)) return null;
    this.user = user;
    return bytes(`v=${hmac(hmac(salted, "Server Key"), talk).toString("base64")}`);
  }
}
