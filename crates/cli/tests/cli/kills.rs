//! kill -9 at random moments: a server with a worker of its own, and `kinora worker`, draw small clips with the real
//! engine, and one of the two processes, or both at once, end again and again.
//!
//! Another run meets other moments; `KINORA_SEED=N` draws those of an earlier one again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::studio::{Log, Program, SERVE, Server, WORK, items};
use crate::support::{Place, track_of};

/// Of every clip here.
const CREDITS: u64 = 25;
/// A clip's seed is one of these; each was drawn undisturbed once.
const SEEDS: u64 = 4;
const PROMPT: &str = "a frog in the snow";
const STEPS: usize = 8;
/// What a clip of the library consists of.
const FILES: [&str; 5] = [
    "meta.json",
    "spritesheet.jpg",
    "thumbnail.webp",
    "video.json",
    "video.mp4",
];

#[test]
fn nothing_is_lost_made_twice_or_charged_twice_at_12_random_deaths() {
    survive(12);
}

#[test]
#[ignore = "minutes: cargo test --workspace --test cli -- --ignored random_deaths --nocapture"]
fn nothing_is_lost_made_twice_or_charged_twice_at_50_random_deaths() {
    survive(50);
}

fn survive(kills: usize) {
    let seed = match std::env::var("KINORA_SEED") {
        Ok(text) => text.parse().expect("KINORA_SEED is a whole number"),
        Err(_) => UNIX_EPOCH.elapsed().unwrap().as_millis() as u64,
    };
    println!("KINORA_SEED={seed} draws these moments again");
    let mut trial = Trial::begin(seed);
    let mut deaths = 0;
    for _ in 0..kills {
        trial.ask_for_more();
        trial.sleep(1500);
        deaths += trial.kill();
        trial.look();
    }
    trial.server().wait_for_all();
    trial.look();
    trial.settle();
    let again = trial.computed_again();
    println!("{} jobs, {deaths} deaths: {again:?}", trial.asked.len());
    assert!(again.jobs > 0, "every death met idle workers");
    assert!(
        again.steps <= deaths && again.decodes <= deaths,
        "{again:?}"
    );
}

/// What was computed more than once.
#[derive(Debug, Default)]
struct Again {
    jobs: usize,
    steps: usize,
    decodes: usize,
}

struct Trial {
    random: ChaCha8Rng,
    place: Place,
    log: Log,
    server: Option<Server>,
    worker: Option<Program>,
    /// The coded track of each seed's clip.
    undisturbed: Vec<Vec<u8>>,
    /// How many clips each job is to give.
    asked: BTreeMap<String, u64>,
    cancelled: BTreeSet<String>,
    /// The bytes of each clip when it was first seen.
    seen: BTreeMap<String, Vec<u8>>,
}

impl Trial {
    fn begin(seed: u64) -> Self {
        let place = Place::new();
        let plan = "plan = \"All\"\n[plans.All]\ncredits = 100000\n";
        std::fs::write(place.path("studio.toml"), plan).unwrap();
        let (steps, variants) = (STEPS.to_string(), SEEDS.to_string());
        let settings = [
            ["--steps", &steps],
            ["--variants", &variants],
            ["--seed", "1"],
            ["--seconds", "1"],
            ["--fps", "8"],
            ["--size", "96x64"],
        ];
        let whole = ["generate", PROMPT, "-o", "whole.mp4"];
        place.run(&[&whole[..], &settings.concat()].concat()).ok();
        let undisturbed = (1..=SEEDS).map(|seed| place.track(&format!("whole-{seed}.mp4")));
        let mut trial = Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            undisturbed: undisturbed.collect(),
            place,
            log: Log::default(),
            server: None,
            worker: None,
            asked: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            seen: BTreeMap::new(),
        };
        trial.start_server();
        trial.start_worker();
        trial
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command
            .arg("--json-logs")
            .env("KINORA_LOG", "warn,kinora_studio=debug");
        command
    }

    fn start_server(&mut self) {
        self.server = Some(Server::logged(self.command(&SERVE), &self.log));
    }

    fn start_worker(&mut self) {
        self.worker = Some(Program::logged(self.command(&WORK), &self.log));
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it was started")
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random.next_u64() % end
    }

    fn sleep(&mut self, at_most_ms: u64) {
        std::thread::sleep(Duration::from_millis(self.below(at_most_ms)));
    }

    /// Keeps both workers busy; now and then somebody changes their mind.
    fn ask_for_more(&mut self) {
        let active = self.server().get("/api/jobs?status=active");
        for _ in items(&active).len()..4 {
            let variants = 1 + self.below(2);
            let seed = 1 + self.below(SEEDS - variants + 1);
            let asked = json!({"prompt": PROMPT, "seconds": 1, "size": "96x64", "fps": 8, "steps": STEPS, "variants": variants, "seed": seed});
            let job = self.server().ask("POST", "/api/jobs", &asked.to_string());
            self.asked.insert(id_of(&job), variants);
        }
        let chosen = self.below(16) as usize;
        if let Some(job) = items(&active).get(chosen) {
            let path = format!("/api/jobs/{}/cancel", id_of(job));
            self.server().ask("POST", &path, "{}");
            self.cancelled.insert(id_of(job));
        }
    }

    /// Ends one process or both and starts them again; gives how many.
    fn kill(&mut self) -> usize {
        match self.below(5) {
            0 | 1 => {
                self.server = None;
                self.sleep(300);
                self.start_server();
                1
            }
            2 | 3 => {
                self.worker = None;
                self.look();
                self.start_worker();
                1
            }
            _ => {
                (self.server, self.worker) = (None, None);
                self.start_worker();
                self.start_server();
                2
            }
        }
    }

    fn clips(&self) -> Vec<Value> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let page = self.server().get(&format!("/api/clips?limit=100{next}"));
            all.extend(items(&page).clone());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return all,
            }
        }
    }

    /// What a visitor can see is whole, and what was there before is there still.
    fn look(&mut self) {
        let clips = self.clips();
        for clip in &clips {
            let id = id_of(clip);
            let part = |what: &str| {
                let path = format!("/api/clips/{id}/{what}");
                let (status, bytes) = self.server().send("GET", &path, "text/plain", b"");
                assert!(status == 200 && !bytes.is_empty(), "{path}: {status}");
                bytes
            };
            let (video, _, _) = (part("video"), part("thumbnail"), part("spritesheet"));
            let files = self.place.path("data/clips").join(&id);
            let names = files
                .read_dir()
                .unwrap()
                .map(|file| file.unwrap().file_name());
            let names: BTreeSet<_> = names.collect();
            assert_eq!(names, FILES.iter().map(Into::into).collect());
            match self.seen.get(&id) {
                Some(before) => assert!(*before == video, "{id} is another"),
                None => {
                    let seed = clip["seed"].as_u64().unwrap() as usize;
                    assert!(
                        track_of(&video) == self.undisturbed[seed - 1],
                        "{id} is not what an undisturbed run gives"
                    );
                    self.seen.insert(id, video);
                }
            }
        }
        assert_eq!(clips.len(), self.seen.len(), "a clip is lost");
        let jobs = self.server().get("/api/jobs?limit=500");
        let there: BTreeSet<String> = items(&jobs).iter().map(id_of).collect();
        assert!(self.asked.keys().eq(there.iter()), "{jobs}");
        let usage = self.server().get("/api/usage");
        let used = usage["credits_used"].as_u64().unwrap();
        let (made, asked) = (self.seen.len() as u64, self.asked.values().sum::<u64>());
        assert!(
            (made * CREDITS..=asked * CREDITS).contains(&used),
            "{usage}"
        );
    }

    /// Every job ended as it was meant to, once, and nothing of the work is left.
    fn settle(&mut self) {
        let mut made = BTreeSet::new();
        for clip in self.clips() {
            let of = (clip["job_id"].to_string(), clip["variant"].as_u64());
            assert!(made.insert(of), "made twice: {clip}");
        }
        for (id, variants) in &self.asked {
            let path = format!("/api/jobs/{id}");
            let job = self.server().get(&path);
            let clips = job["clips"].as_array().unwrap().len() as u64;
            match self.cancelled.contains(id) && job["status"] == "cancelled" {
                true => assert!(clips <= *variants, "{job}"),
                false => assert!(job["status"] == "completed" && clips == *variants, "{job}"),
            }
            // What a cancelled one can go on from goes with it.
            let (status, _) = self.server().send("DELETE", &path, "text/plain", b"");
            assert_eq!(status, 204, "{job}");
        }
        let (usage, made) = (self.server().get("/api/usage"), made.len() as u64);
        assert_eq!(usage["credits_used"], made * CREDITS);
        assert_eq!(usage["videos_used"], made);
        // Between a job's end and the removal of its folder a death may have come: the next start looks.
        (self.server, self.worker) = (None, None);
        self.start_server();
        let left = |folder: &str| self.place.path(folder).read_dir().unwrap().count();
        let begun = Instant::now();
        while left("data/jobs") + left("data/uploads") > 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "left behind");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(left("data/clips") as u64, made);
    }

    /// Out of the log: each worker tells when it begins a job, a stage and when it has done a step.
    fn computed_again(&self) -> Again {
        let mut counts: HashMap<(String, &str, u64, u64), usize> = HashMap::new();
        let mut variants: HashMap<String, u64> = HashMap::new();
        for line in self.log.lock().unwrap().iter() {
            let Ok(line) = serde_json::from_str::<Value>(line) else {
                continue; // not of the log
            };
            let said = &line["fields"];
            let job = said["job"].as_str().unwrap_or_default().to_owned();
            let variant = variants.get(&job).copied().unwrap_or_default();
            let what = match (said["message"].as_str(), said["stage"].as_str()) {
                (Some("begun"), _) => (job, "job", 0, 0),
                (Some("stage"), stage) => {
                    let variant = said["variant"].as_u64().unwrap();
                    variants.insert(job.clone(), variant);
                    match stage {
                        Some("decode") => (job, "decode", variant, 0),
                        _ => continue,
                    }
                }
                (Some("step"), Some("denoise")) => {
                    (job, "step", variant, said["step"].as_u64().unwrap())
                }
                _ => continue,
            };
            *counts.entry(what).or_default() += 1;
        }
        let again = |kind: &str| -> usize {
            let of = counts.iter().filter(|((_, of, ..), _)| *of == kind);
            of.map(|(_, count)| count - 1).sum()
        };
        let (step, last) = ("step", STEPS as u64);
        let all = counts.keys().any(|key| (key.1, key.3) == (step, last));
        assert!(all, "no steps in the log");
        Again {
            jobs: again("job"),
            steps: again("step"),
            decodes: again("decode"),
        }
    }
}

fn id_of(thing: &Value) -> String {
    thing["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{thing}"))
        .to_owned()
}
