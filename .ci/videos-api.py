"""The official Python SDK against a running Kinora: OPENAI_BASE_URL says where. Every check is an assertion."""

import base64
import io
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import openai
from PIL import Image

client = openai.OpenAI(max_retries=0)
begun = time.monotonic()
# Short and small: what is tested is the way, not the picture.
QUICK = {"seconds": "1", "size": "96x64"}
STEPS = {"steps": 2, "seed": 7}


def step(name):
    print(f"python: {name} ({time.monotonic() - begun:.0f} s)", flush=True)


def picture(kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (192, 128), (40, 120, 220)).save(out, kind)
    return out.getvalue()


# The SDK's own check lets only files through where its types also name objects; so objects go in as extra fields.
def reference(**where):
    return {"input_reference": where}


def source(video):
    return {"video": {"id": video}}


def refused(call, status, param=None, word=""):
    """The call fails with this status, in OpenAI's envelope."""
    try:
        call()
    except openai.APIStatusError as error:
        assert error.status_code == status, (error.status_code, error.body)
        body = error.body
        assert set(body) >= {"message", "type", "param", "code"}, body
        assert param is None or body["param"] == param, body
        assert word in body["message"], body
        return error
    raise AssertionError(f"was not refused with {status}")


class Hook(BaseHTTPRequestHandler):
    """Takes webhooks, the first of them with an error, so that it comes again."""

    taken = []
    refuse = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if Hook.refuse:
            Hook.refuse -= 1
            self.send_response(503)
        else:
            Hook.taken.append((body, dict(self.headers)))
            self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def hooked(kind, video, patience=60):
    """Waits for the event about a video; gives it as it came."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        for body, headers in Hook.taken:
            event = json.loads(body)
            if event["type"] == kind and event["data"]["id"] == video:
                return body, headers
        time.sleep(0.2)
    raise AssertionError(f"no {kind} of {video} in {Hook.taken}")


step("webhook endpoint")
hook = HTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=hook.serve_forever, daemon=True).start()
endpoint = client.webhooks.create(
    name="test", url=f"http://127.0.0.1:{hook.server_port}/", event_types=["video.completed", "video.failed"]
)
assert endpoint.signing_secret.startswith("whsec_")
assert [e.id for e in client.webhooks.list()] == [endpoint.id]
assert client.webhooks.test(endpoint.id, event_type="video.completed").status_code == 200

step("create and poll")
Hook.refuse = 1
first = client.videos.create_and_poll(prompt="a frog in the snow", model="sora-2", **QUICK, extra_body=STEPS)
assert (first.status, first.progress, first.object) == ("completed", 100, "video"), first
assert (first.model, first.size, first.seconds) == ("sora-2", "96x64", "1"), first
assert first.prompt == "a frog in the snow" and first.error is None and first.remixed_from_video_id is None
assert first.completed_at >= first.created_at and first.expires_at is None

step("retrieve")
again = client.videos.retrieve(first.id)
assert again == first
raw = client.videos.with_raw_response.retrieve(first.id)
assert int(raw.headers["openai-poll-after-ms"]) >= 0
queued = client.videos.create(prompt="a red fox walks in the forest", **QUICK, extra_body=STEPS)
assert queued.status in ("queued", "in_progress") and queued.progress < 100

step("content")
video = client.videos.download_content(first.id).read()
assert video[4:8] == b"ftyp"
assert client.videos.download_content(first.id, variant="video").read() == video
thumbnail = Image.open(io.BytesIO(client.videos.download_content(first.id, variant="thumbnail").read()))
assert thumbnail.format == "WEBP" and thumbnail.width >= 96, thumbnail
sheet = Image.open(io.BytesIO(client.videos.download_content(first.id, variant="spritesheet").read()))
assert sheet.format == "JPEG" and sheet.width > sheet.height, sheet
part = client.videos.with_raw_response.download_content(first.id, extra_headers={"Range": "bytes=4-7"})
assert part.status_code == 206 and part.content == b"ftyp", part.headers
refused(lambda: client.videos.download_content(first.id, variant="poster"), 400, "variant")

step("first frames: file, data URL, file_id")
by_file = client.videos.create(prompt="a frog", input_reference=("blue.png", picture()), **QUICK, extra_body=STEPS)
url = "data:image/jpeg;base64," + base64.b64encode(picture("JPEG")).decode()
by_url = client.videos.create(prompt="a frog", **QUICK, extra_body=STEPS | reference(image_url=url))
file = client.files.create(file=("blue.webp", picture("WEBP")), purpose="vision")
assert file.filename == "blue.webp" and file.bytes > 0 and client.files.retrieve(file.id).id == file.id
by_id = client.videos.create(prompt="a frog", **QUICK, extra_body=STEPS | reference(file_id=file.id))
for made in (by_file, by_url, by_id):
    done = client.videos.poll(made.id)
    assert done.status == "completed", done
    start = Image.open(io.BytesIO(client.videos.download_content(made.id, variant="spritesheet").read()))
    red, green, blue = start.resize((10, 1)).getpixel((0, 0))
    # The first frame of the sheet is that of the video: blue, as the picture is.
    assert blue > red + 40, (made.id, red, green, blue)

step("remix, edit, extend")
remixed = client.videos.remix(first.id, prompt="a frog in the rain")
assert remixed.remixed_from_video_id == first.id
edited = client.videos.edit(prompt="a frog at night", video=openai.omit, extra_body=STEPS | source(first.id))
uploaded = client.videos.edit(prompt="a frog at dawn", video=("clip.mp4", video), extra_body=STEPS)
extended = client.videos.extend(prompt="a frog jumps", video=openai.omit, seconds="1", extra_body=STEPS | source(first.id))
assert client.videos.poll(queued.id).status == "completed"
for made in (remixed, edited, uploaded, extended):
    done = client.videos.poll(made.id)
    assert done.status == "completed", done
assert client.videos.retrieve(extended.id).seconds == "2"

step("characters")
character = client.videos.create_character(name="Mossy", video=("clip.mp4", video))
assert character.name == "Mossy" and client.videos.get_character(character.id).id == character.id
refused(lambda: client.videos.create_character(name="x" * 81, video=("clip.mp4", video)), 400, "name")
refused(lambda: client.videos.get_character("char_none"), 404)

step("lists")
everything = [video.id for video in client.videos.list()]
assert everything[-1] == first.id and len(everything) == len(set(everything)) == 9, everything
page = client.videos.list(limit=4)
assert page.has_more and [v.id for v in page.data] == everything[:4] and page.last_id == everything[3]
assert [v.id for v in client.videos.list(limit=2)] == everything, "pages give what the whole gives"
assert [v.id for v in client.videos.list(order="asc", limit=3)] == everything[::-1]
assert client.videos.list(limit=0).data == []
refused(lambda: client.videos.list(limit=101), 400, "limit")
refused(lambda: client.videos.list(order="up"), 400, "order")
refused(lambda: client.videos.list(after="nonsense"), 400, "after")

step("webhooks")
body, headers = hooked("video.completed", first.id)
event = client.webhooks.unwrap(body, headers, secret=endpoint.signing_secret)
assert event.type == "video.completed" and event.data.id == first.id and event.id.startswith("evt_")
try:
    client.webhooks.unwrap(body.replace("evt_", "evt-"), headers, secret=endpoint.signing_secret)
    raise AssertionError("a changed body was taken")
except openai.InvalidWebhookSignatureError:
    pass
assert client.webhooks.delete(endpoint.id).deleted

step("errors")
create = client.videos.create
refused(lambda: create(prompt=""), 400, "prompt")
refused(lambda: create(prompt="x" * 32001), 400, "prompt")
refused(lambda: create(prompt="a frog", seconds="soon"), 400, "seconds")
refused(lambda: create(prompt="a frog", seconds="0"), 400, "seconds")
refused(lambda: create(prompt="a frog", seconds="4.5"), 400, "seconds")
refused(lambda: create(prompt="a frog", size="large"), 400, "size")
refused(lambda: create(prompt="a frog", extra_body=reference(file_id="file-none")), 404)
refused(lambda: create(prompt="a frog", extra_body=reference(image_url="ftp://x/y")), 400, "input_reference.image_url")
refused(lambda: create(prompt="a frog", extra_body=reference(image_url="data:image/png;base64,!")), 400)
refused(lambda: create(prompt="a frog", extra_body=reference(image_url="http://127.0.0.1/a.png")), 400)
refused(lambda: create(prompt="a frog", input_reference=("a.png", b"no picture")), 400, "input_reference")
refused(lambda: create(prompt="a frog", extra_body={"seed": "x"}), 400, "seed")
refused(lambda: create(prompt="a frog", extra_body={"sedd": 7}), 400, "sedd", "Unknown parameter")
refused(lambda: client.videos.retrieve("video_none"), 404)
refused(lambda: client.videos.remix("video_none", prompt="x"), 404)
refused(lambda: client.videos.edit(prompt="x", video=openai.omit, extra_body=source("video_none")), 404)
refused(lambda: client.videos.extend(prompt="x", video=openai.omit, seconds="x", extra_body=source(first.id)), 400, "seconds")
refused(lambda: client.get("/nothing", cast_to=object), 404)
refused(lambda: client.post("/videos", body={"prompt": 7}, cast_to=object), 400, "prompt")
refused(lambda: client.post("/videos", body=[], cast_to=object), 400)
refused(lambda: client.post("/videos", content=b"{", options={"headers": {"content-type": "application/json"}}, cast_to=object), 400)

step("json body, variants, idempotency")
asked = {"prompt": "a frog", "seconds": 1, "size": "96x64", "steps": 2, "variants": 2}
key = {"headers": {"Idempotency-Key": "once"}}
one = client.post("/videos", body=asked, options=key, cast_to=openai.types.Video)
two = client.post("/videos", body=asked, options=key, cast_to=openai.types.Video)
assert one.id == two.id
not_ready = client.videos.create(prompt="a frog", **QUICK, extra_body=STEPS)
refused(lambda: client.videos.download_content(not_ready.id), 400, word="not ready")
assert client.videos.poll(one.id).status == "completed"
both = [client.videos.download_content(one.id, extra_query={"clip": n}).read() for n in (1, 2)]
assert both[0] != both[1]

step("delete")
for gone in (first.id, not_ready.id):
    deleted = client.videos.delete(gone)
    assert deleted.deleted and deleted.id == gone and deleted.object == "video.deleted"
    refused(lambda: client.videos.retrieve(gone), 404)
    refused(lambda: client.videos.download_content(gone), 404)
    assert gone not in [v.id for v in client.videos.list()]
assert client.files.delete(file.id).deleted
refused(lambda: client.files.retrieve(file.id), 404)
step("done")
