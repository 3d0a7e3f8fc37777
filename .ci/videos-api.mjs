// The official Node SDK against a running Kinora: OPENAI_BASE_URL says where. Every check is an assertion.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const begun = Date.now();
const step = (name) => console.log(`node: ${name} (${Math.round((Date.now() - begun) / 1000)} s)`);
// Short and small: what is tested is the way, not the picture. What is Kinora's own rides along.
const quick = { seconds: "1", size: "96x64", steps: 2, seed: 11 };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function finished(id) {
  for (;;) {
    const { data, response } = await client.videos.retrieve(id).withResponse();
    if (data.status === "completed") return data;
    assert.notEqual(data.status, "failed", JSON.stringify(data.error));
    await sleep(Number(response.headers.get("openai-poll-after-ms")));
  }
}

async function refused(promise, status, param) {
  const error = await promise.then(
    () => assert.fail(`was not refused with ${status}`),
    (error) => error,
  );
  assert.ok(error instanceof OpenAI.APIError, String(error));
  assert.equal(error.status, status, error.message);
  if (param) assert.equal(error.param, param, error.message);
}

step("webhook endpoint");
const taken = [];
const hook = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  taken.push({ body, headers: request.headers });
  response.end();
});
await new Promise((done) => hook.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${hook.address().port}/`;
const endpoint = await client.post("/webhook_endpoints", {
  body: { name: "test", url, event_types: ["video.completed"] },
});

step("create");
const made = await client.videos.create({ prompt: "a lion runs in the savanna", model: "sora-2-pro", ...quick });
assert.equal(made.object, "video");
assert.equal(made.model, "sora-2-pro");
assert.equal(made.size, "96x64");
const video = await finished(made.id);
assert.equal(video.progress, 100);

step("content");
const bytes = Buffer.from(await (await client.videos.downloadContent(video.id)).arrayBuffer());
assert.equal(bytes.subarray(4, 8).toString(), "ftyp");
const thumbnail = await client.videos.downloadContent(video.id, { variant: "thumbnail" });
assert.equal(thumbnail.headers.get("content-type"), "image/webp");
const sheet = await client.videos.downloadContent(video.id, { variant: "spritesheet" });
assert.equal(sheet.headers.get("content-type"), "image/jpeg");
assert.equal(Buffer.from(await sheet.arrayBuffer()).subarray(0, 2).toString("hex"), "ffd8");
const part = await client.videos.downloadContent(video.id, {}, { headers: { Range: "bytes=0-99" } });
assert.equal(part.status, 206);
assert.equal((await part.arrayBuffer()).byteLength, 100);

step("first frame, remix, edit, extend");
const still = await client.videos.create({
  prompt: "a lion",
  input_reference: await toFile(Buffer.from(await thumbnail.arrayBuffer()), "lion.webp", { type: "image/webp" }),
  ...quick,
});
const remix = await client.videos.remix(video.id, { prompt: "a lion in the snow" });
assert.equal(remix.remixed_from_video_id, video.id);
const edit = await client.videos.edit({ prompt: "a lion at night", video: { id: video.id } });
const own = await client.videos.edit({ prompt: "a lion", video: await toFile(bytes, "lion.mp4", { type: "video/mp4" }) });
const longer = await client.videos.extend({ prompt: "the lion sleeps", video: { id: video.id }, seconds: "1" });
for (const { id } of [still, remix, edit, own, longer]) await finished(id);
assert.equal((await client.videos.retrieve(longer.id)).seconds, "2");

step("characters, lists");
const character = await client.videos.createCharacter({ name: "Leo", video: await toFile(bytes, "lion.mp4") });
assert.equal((await client.videos.getCharacter(character.id)).name, "Leo");
const ids = [];
for await (const item of client.videos.list({ limit: 2 })) ids.push(item.id);
assert.equal(new Set(ids).size, ids.length);
assert.deepEqual(
  ids.slice(0, 6),
  [longer, own, edit, remix, still, made].map(({ id }) => id),
);

step("webhooks");
for (let i = 0; i < 100 && !taken.some(({ body }) => body.includes(made.id)); i++) await sleep(200);
const { body, headers } = taken.find((one) => one.body.includes(made.id));
const event = await client.webhooks.unwrap(body, headers, endpoint.signing_secret);
assert.equal(event.type, "video.completed");
assert.equal(event.data.id, made.id);
await assert.rejects(client.webhooks.unwrap(`${body} `, headers, endpoint.signing_secret));

step("errors, delete");
await refused(client.videos.create({ prompt: "" }), 400, "prompt");
await refused(client.videos.create({ prompt: "x", size: "1x" }), 400, "size");
await refused(client.videos.create({ prompt: "x", seconds: "-4" }), 400, "seconds");
await refused(client.videos.retrieve("video_none"), 404);
assert.equal((await client.videos.delete(video.id)).deleted, true);
await refused(client.videos.retrieve(video.id), 404);
assert.equal((await client.delete(`/webhook_endpoints/${endpoint.id}`)).deleted, true);
hook.close();
step("done");
// Connections that the client keeps open would hold the process for minutes.
process.exit(0);
