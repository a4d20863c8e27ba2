// SPDX-License-Identifier: GPL-3.0-or-later
// Seals one envelope with the gateway's JavaScript library; standard input says what, see make.py.
import { readFileSync } from "node:fs";
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "../../roles/edge/files/workers/node_modules/@hpke/core/esm/mod.js";

const asked = JSON.parse(readFileSync(0, "utf8"));
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const info = new TextEncoder().encode(["adsengineer.orchestrator sealed secret 1", ...Object.values(asked.context)].join("\n"));
const recipientPublicKey = await suite.kem.deserializePublicKey(Buffer.from(asked.public, "base64"));
const sender = await suite.createSenderContext({ recipientPublicKey, info });
const sealed = Buffer.concat([Buffer.from(sender.enc), Buffer.from(await sender.seal(new TextEncoder().encode(asked.value)))]);
const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(asked.signing, "hex")]);
const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, false, ["sign"]);
const signature = Buffer.from(await crypto.subtle.sign({ name: "Ed25519" }, key, Buffer.concat([info, Buffer.from("\n"), sealed])));
const envelope = { ...asked.context, sealed: sealed.toString("base64"), signer: asked.signer, signature: signature.toString("base64") };
process.stdout.write(JSON.stringify(envelope));
