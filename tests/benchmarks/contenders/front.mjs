// What CloudFront does before the page: HTTP/2, TLS, Brotli. What it forwards is the local cloud's.
//
//     node front.mjs KEY CERTIFICATE BACKEND     prints its port
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createSecureServer } from "node:http2";
import { brotliCompressSync, constants, gunzipSync, gzipSync } from "node:zlib";

const [key, certificate, backend] = process.argv.slice(2);
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const TEXT = /text|javascript|json|xml/;
const FORWARDED = ["accept", "accept-encoding", "content-type"];
const files = new Map();

function fetched(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const sent = request(`${backend}${path}`, { method, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ answer, body: Buffer.concat(parts) }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function answered(asked, own) {
  const parts = [];
  for await (const part of asked) parts.push(part);
  const headers = Object.fromEntries(
    FORWARDED.filter((name) => asked.headers[name]).map((name) => [name, asked.headers[name]]),
  );
  const { answer, body } = await fetched(asked.method, asked.url, headers, Buffer.concat(parts));
  const type = answer.headers["content-type"] ?? "";
  const encoding = answer.headers["content-encoding"];
  const kept = Object.fromEntries(
    ["content-type", "cache-control", "content-encoding"]
      .filter((name) => answer.headers[name])
      .map((name) => [name, answer.headers[name]]),
  );
  if (!TEXT.test(type)) return [answer.statusCode, kept, body];
  // Addresses of the local cloud, in config.json and in records, lead through here too.
  const said = encoding === "gzip" ? gunzipSync(body) : body;
  const text = Buffer.from(said.toString().replaceAll(backend, own));
  if (encoding === "gzip") return [answer.statusCode, kept, gzipSync(text)];
  if (asked.url.startsWith("/_aws")) return [answer.statusCode, kept, text];
  kept["content-encoding"] = "br";
  return [answer.statusCode, kept, brotliCompressSync(text, QUALITY)];
}

const server = createSecureServer({
  key: readFileSync(key),
  cert: readFileSync(certificate),
  allowHTTP1: true,
});
server.on("request", async (asked, answer) => {
  try {
    const isFile = asked.method === "GET" && asked.url.includes("/assets/");
    const found =
      files.get(asked.url) ??
      (await answered(asked, `https://127.0.0.1:${server.address().port}`));
    if (isFile) files.set(asked.url, found);
    const [status, headers, body] = found;
    answer.writeHead(status, headers);
    answer.end(body);
  } catch (error) {
    answer.writeHead(502);
    answer.end(String(error));
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
