//! A full disk: what cannot be written is said in a sentence, costs nothing and leaves nothing behind, and is done once
//! there is room.
//!
//! No file may become larger than so many bytes, which a shell can set without being root: to a program, a disk that
//! is full for large files and not for small ones.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kinora_media::{Frame, Rational, WriterOptions};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::studio::{Log, SERVE, Server, items};
use crate::support::{Place, QUICK, Run};

/// Of 512 bytes, in which a shell counts.
const MIB: &str = "2048";

/// The program where no file may be larger than `blocks`; the write fails, and the process lives on.
fn limited(place: &Place, args: &[&str], blocks: &str) -> Command {
    let whole = place.command(args);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", blocks])
        .arg(whole.get_program())
        .args(whole.get_args())
        .envs(
            whole
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(place.path(""))
        .stdin(Stdio::null());
    limited
}

fn server(place: &Place, blocks: &str) -> Server {
    Server::logged(limited(place, &SERVE, blocks), &Log::default())
}

/// A studio with a plan that counts.
fn counted() -> Place {
    let place = Place::new();
    let settings = "plan = \"All\"\n[plans.All]\ncredits = 100000\n";
    std::fs::write(place.path("studio.toml"), settings).unwrap();
    place
}

#[track_caller]
fn is_full((status, said): (u16, Value)) {
    let error = &said["error"];
    assert_eq!(
        (status, &error["code"]),
        (507, &json!("disk_full")),
        "{said}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("free some space"), "{message}");
}

#[test]
fn a_clip_that_finds_no_room_goes_on_where_there_is_some() {
    let place = Place::new();
    let named = |out| {
        [
            &["generate", "a frog", "--seed", "3", "-o", out],
            &QUICK[..],
        ]
        .concat()
    };
    let run = |blocks| {
        Run(limited(&place, &named("full.gif"), blocks)
            .output()
            .unwrap())
    };
    // Room for nothing; then for the checkpoint, but not for the clip.
    let said = run("16");
    assert_eq!(said.code(), 1);
    for words in ["error: cannot write full.gif: ", "make room"] {
        assert!(said.stderr().contains(words), "{}", said.stderr());
    }
    assert!(!said.stderr().contains("--resume"), "{}", said.stderr());
    assert_eq!(place.names(), [""; 0]);
    let said = run("128");
    assert_eq!(said.code(), 1);
    for words in [
        "error: cannot write full.gif: ",
        "--resume full.gif.checkpoint",
    ] {
        assert!(said.stderr().contains(words), "{}", said.stderr());
    }
    assert_eq!(place.names(), ["full.gif.checkpoint"]);

    place
        .run(&["generate", "--resume", "full.gif.checkpoint"])
        .ok();
    place.run(&named("whole.gif")).ok();
    let frames = |name| {
        let mut reader = kinora_media::open(place.path(name)).unwrap();
        let next = || {
            reader
                .next_frame()
                .unwrap()
                .map(|timed| timed.frame.rgb().to_vec())
        };
        std::iter::from_fn(next).collect::<Vec<_>>()
    };
    assert!(frames("full.gif") == frames("whole.gif"));
    assert!(!place.exists("full.gif.checkpoint"));
}

#[test]
fn a_checkpoint_that_finds_no_room_costs_a_warning_and_not_the_clip() {
    let place = Place::new();
    let args = "--steps 2 --seconds 3 --size 96x64 --fps 8 -o small.mp4";
    let args = [
        &["generate", "a frog"][..],
        &args.split(' ').collect::<Vec<_>>(),
    ]
    .concat();
    // Room for the clip (30 kB), but not for its latents (40 kB and more).
    let mut run = limited(&place, &args, "72");
    let said = Run(run.output().unwrap()).ok().stderr();
    let warned = said.matches("small.mp4.checkpoint cannot be written (");
    assert_eq!(warned.count(), 1, "{said}");
    assert!(said.contains("cannot be resumed"), "{said}");
    assert_eq!(place.names(), ["small.json", "small.mp4"]);
}

/// The database's log cannot grow beyond the limit.
#[test]
fn jobs_beyond_what_the_disk_holds_are_refused_and_the_others_made() {
    let place = counted();
    let server = server(&place, MIB);
    let asked = json!({"prompt": "a frog", "seconds": 1, "size": "96x64", "fps": 8, "steps": 1})
        .to_string();
    let mut accepted = Vec::new();
    let refusal = loop {
        let answer = server.ask("POST", "/api/jobs", &asked);
        match answer["id"].as_str() {
            Some(id) => accepted.push(id.to_owned()),
            None => break answer,
        }
        assert!(accepted.len() < 400, "the disk never became full");
    };
    assert_eq!(refusal["error"]["code"], "disk_full", "{refusal}");
    assert!(!accepted.is_empty());
    // What was there can still be looked at.
    let jobs = server.get("/api/jobs?limit=500");
    assert_eq!(items(&jobs).len(), accepted.len());
    drop(server);

    let server = Server::start(&place);
    server.wait_for_all();
    for id in &accepted {
        let job = server.get(&format!("/api/jobs/{id}"));
        assert_eq!(job["status"], "completed", "{job}");
    }
    let (clips, usage) = (server.get("/api/clips"), server.get("/api/usage"));
    assert_eq!(clips["total"], accepted.len());
    assert_eq!(usage["credits_used"], 25 * accepted.len());
}

/// Three MiB and more: noise is what no codec makes small.
fn noise(place: &Place) -> Vec<u8> {
    let path = place.path("noise.mp4");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let options = WriterOptions::new((320, 240), Rational::new(24, 1).unwrap());
    let mut writer = kinora_media::create(&path, options).unwrap();
    for _ in 0..72 {
        let frame = Frame::from_fn(320, 240, |_, _| {
            let [r, g, b, _] = random.next_u32().to_le_bytes();
            // The encoder refuses a picture that takes more room coded than plain.
            [r / 2, g / 2, b / 2]
        });
        writer.push(&frame.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.len() > 3 << 20, "{} bytes", bytes.len());
    bytes
}

#[test]
fn an_upload_an_export_and_a_clip_that_find_no_room_leave_nothing_and_cost_nothing() {
    let place = counted();
    let noise = noise(&place);
    let whole = Server::start(&place);
    let (status, clip) = whole.upload("/api/clips", "noise.mp4", &noise);
    assert_eq!(status, 201, "{clip}");
    let (status, zip) = whole.send("GET", "/api/export", "text/plain", b"");
    assert_eq!(status, 200);
    // Its log goes into the database, so that small writes find room below.
    whole.program.shut_down();

    let full = server(&place, MIB);
    let count = |folder: &str| place.path(folder).read_dir().unwrap().count();
    is_full(full.upload("/api/clips", "noise.mp4", &noise));
    is_full(full.upload("/api/import", "library.zip", &zip));
    let (status, said) = full.send("GET", "/api/export", "text/plain", b"");
    is_full((status, serde_json::from_slice(&said).unwrap()));
    assert_eq!((count("data/uploads"), count("data/clips")), (0, 1));

    // The cut is the clip's own bytes, too many of them.
    let cut = json!({"tool": "recut", "clip": clip["id"], "ranges": [[0.0, 2.0]]});
    let job = full.ask("POST", "/api/jobs", &cut.to_string());
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    let price = full.get("/api/usage")["credits_used"].clone();
    assert!(price.as_u64() > Some(0), "{job}");
    full.wait_for_all();
    let job = full.get(&path);
    assert_eq!(job["status"], "failed");
    let error = job["error"].as_str().unwrap();
    assert!(error.contains("free some space"), "{error}");
    assert_eq!(full.get("/api/usage")["credits_used"], 0);
    assert_eq!(full.get("/api/clips")["total"], 1);
    let left = place
        .path("data")
        .join("jobs")
        .join(job["id"].as_str().unwrap());
    assert_eq!(
        left.read_dir().unwrap().count(),
        0,
        "it can be tried again, from nothing"
    );
    drop(full);

    let free = Server::start(&place);
    free.ask("POST", &format!("{path}/retry"), "{}");
    free.wait_for_all();
    let job = free.get(&path);
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(free.get("/api/usage")["credits_used"], price);
    assert_eq!(free.get("/api/clips")["total"], 2);
}

/// Nothing at all can be written for a while, in the middle of a clip.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_while_a_clip_is_drawn_delays_it() {
    let place = counted();
    let server = server(&place, "unlimited");
    let room = |bytes: &str| {
        let mut set = Command::new("prlimit");
        set.args([
            "--pid",
            &server.program.id(),
            &format!("--fsize={bytes}:unlimited"),
        ]);
        assert!(set.status().unwrap().success());
    };
    let asked = json!({"prompt": "a frog", "seconds": 1, "size": "96x64", "fps": 8, "steps": 60});
    let job = server.ask("POST", "/api/jobs", &asked.to_string());
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    let begun = Instant::now();
    while server.get(&path)["step"].as_u64() < Some(3) {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    room("0");
    std::thread::sleep(Duration::from_secs(2));
    let said = server.send(
        "POST",
        "/api/jobs",
        "application/json",
        asked.to_string().as_bytes(),
    );
    is_full((said.0, serde_json::from_slice(&said.1).unwrap()));
    // What was there can still be looked at.
    let job = server.get(&path);
    assert!(
        job["status"] != "completed" && job["status"] != "failed",
        "{job}"
    );
    room("unlimited");

    server.wait_for_all();
    let job = server.get(&path);
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(items(&server.get("/api/jobs")).len(), 1);
    assert_eq!(server.get("/api/clips")["total"], 1);
    assert_eq!(server.get("/api/usage")["credits_used"], 25);
    let left = place.path("data/jobs").read_dir().unwrap().count();
    assert_eq!(left, 0);
}
