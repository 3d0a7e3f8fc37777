//! Many jobs of many users, and workers that die at random moments: the queue alone.
//!
//! What is real: the store, its database, the queue, plans and charges. What is not: the engine, of which there is none
//! (a clip is its row in the library, without files), and processes (a worker is a task of this one; it dies by
//! forgetting the job that it holds, and its lease runs out after 0.4 s, not 20). Real processes that draw real clips
//! and are ended by kill -9: `crates/cli/tests/cli/kills.rs`.
//!
//! Another run meets other moments; `KINORA_SEED=N` draws those of an earlier one again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use kinora_studio::Config;
use kinora_studio::derive::Meta;
use kinora_studio::files::{Files, fresh_id};
use kinora_studio::plans::Plan;
use kinora_studio::queue::{Outcome, Queue, SqliteQueue};
use kinora_studio::store::Store;
use kinora_studio::store::clips::NewClip;
use kinora_studio::store::jobs::{Filter, NewJob};
use kinora_studio::wire::{Class, JobRequest, Sprite};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::sync::Mutex;

const USERS: usize = 20;
const JOBS: usize = 1000;
const WORKERS: usize = 5;
const CREDITS: u64 = 20;
const LEASE: Duration = Duration::from_millis(400);
/// Of as many jobs of a user's one is relaxed; of as many turns one goes to a relaxed job.
const RELAXED_EVERY: usize = 4;

fn job(owner: &str, class: Class) -> NewJob {
    NewJob {
        id: fresh_id(),
        owner: owner.into(),
        origin: "studio",
        tool: "generate",
        class,
        prompt: "a frog".into(),
        request: JobRequest::default(),
        extra: None,
        model: "mini".into(),
        variants: 1,
        size: (96, 64),
        seconds: 1.0,
        work: 1.0,
        pixels: 1.0,
        credits: CREDITS,
        idempotency: None,
    }
}

fn clip(id: &str, owner: &str) -> NewClip {
    let sprite = Sprite {
        columns: 1,
        rows: 1,
        count: 1,
        width: 1,
        height: 1,
    };
    let file = "video.mp4".to_owned();
    NewClip {
        id: format!("{id}-1"),
        owner: owner.into(),
        kind: "generation".into(),
        tool: "generate".into(),
        prompt: "a frog".into(),
        title: String::new(),
        job: Some(id.into()),
        variant: 1,
        variants: 1,
        seed: None,
        model: None,
        style: None,
        settings: None,
        parents: Vec::new(),
        folder: None,
        created: None,
        meta: Meta {
            file,
            width: 96,
            height: 64,
            seconds: 1.0,
            fps: 8.0,
            frames: 8,
            bytes: 1,
            sprite,
        },
    }
}

/// What becomes of a job in the hands of a worker.
enum Fate {
    Done,
    DiesBeforeTheClip,
    DiesAfterTheClip,
    /// The worker is held up for longer than its lease, and goes on as if nothing were.
    Stalls,
}

fn fate(random: &mut ChaCha8Rng) -> Fate {
    match random.next_u32() % 100 {
        0..8 => Fate::DiesBeforeTheClip,
        8..16 => Fate::DiesAfterTheClip,
        16..18 => Fate::Stalls,
        _ => Fate::Done,
    }
}

/// Turns in the order in which they were given, and how many of the workers were lost.
#[derive(Default)]
struct Seen {
    turns: Vec<(String, String)>,
    lost: usize,
}

async fn work(
    name: String,
    queue: Arc<SqliteQueue>,
    mut random: ChaCha8Rng,
    seen: Arc<Mutex<Seen>>,
) {
    let mut idle = 0;
    while idle < 30 {
        let Some(task) = queue.take(&name).await.unwrap() else {
            idle += 1;
            tokio::time::sleep(Duration::from_millis(40)).await;
            continue;
        };
        idle = 0;
        let turn = (task.job.owner.clone(), task.job.class.clone());
        seen.lock().await.turns.push(turn);
        let fate = fate(&mut random);
        if !matches!(fate, Fate::Done) {
            seen.lock().await.lost += 1;
        }
        match fate {
            Fate::DiesBeforeTheClip => continue,
            Fate::Stalls => tokio::time::sleep(LEASE * 2).await,
            Fate::Done | Fate::DiesAfterTheClip => {}
        }
        let clip = clip(&task.job.id, &task.job.owner);
        queue.publish(&task, &clip).await.unwrap();
        if !matches!(fate, Fate::DiesAfterTheClip) {
            // Twice: an end that was written already is not written again.
            queue.finish(&task, &Outcome::Completed).await.unwrap();
            queue.finish(&task, &Outcome::Completed).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_jobs_end_once_in_fair_order_though_workers_die() {
    let seed = match std::env::var("KINORA_SEED") {
        Ok(text) => text.parse().expect("KINORA_SEED is a whole number"),
        Err(_) => UNIX_EPOCH.elapsed().unwrap().as_millis() as u64,
    };
    println!("KINORA_SEED={seed} draws these moments again");
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Files::open(dir.path()).unwrap()).await.unwrap();
    let plan = Plan {
        credits: Some(1_000_000),
        ..Plan::default()
    };
    let config = Config {
        plans: [("All".to_owned(), plan.clone())].into(),
        plan: Some("All".into()),
        relaxed_every: RELAXED_EVERY as u32,
        ..Config::default()
    };
    let queue = SqliteQueue::new(store.clone(), Arc::new(config)).lease(LEASE);
    let queue = Arc::new(queue);

    let mut users = Vec::new();
    for number in 0..USERS {
        let name = format!("user {number}");
        let user = store.create_user(&name, "", false, None).await.unwrap();
        users.push(user.id);
    }
    // The first user asks for all of theirs before anybody else comes.
    for owner in &users {
        for number in 0..JOBS / USERS {
            let class = match number % RELAXED_EVERY == 0 {
                true => Class::Relaxed,
                false => Class::Priority,
            };
            let plan = Some(("All", &plan));
            store.create_job(&job(owner, class), plan).await.unwrap();
        }
    }

    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut workers = tokio::task::JoinSet::new();
    for number in 0..WORKERS {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number as u64);
        let name = format!("worker {number}");
        workers.spawn(work(name, queue.clone(), random, seen.clone()));
    }
    workers.join_all().await;

    let seen = seen.lock().await;
    let Seen { turns, lost } = &*seen;
    assert!(turns.len() > JOBS && *lost > 0, "{lost} workers were lost");
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut widest = 0;
    let early = &turns[..JOBS * 3 / 4];
    for (owner, _) in early {
        *counts.entry(owner).or_default() += 1;
        let all = users
            .iter()
            .map(|user| counts.get(user.as_str()).copied().unwrap_or(0));
        widest = widest.max(all.clone().max().unwrap() - all.min().unwrap());
    }
    println!("{lost} workers were lost; nobody was more than {widest} turns ahead");
    // Users take turns; each worker may hold one that it has not noted yet.
    assert!(widest <= 1 + WORKERS, "somebody was {widest} turns ahead");
    let relaxed = early
        .iter()
        .filter(|(_, class)| *class == Class::Relaxed.name());
    let off = relaxed.count().abs_diff(early.len() / RELAXED_EVERY);
    assert!(off <= 1 + WORKERS, "{off} relaxed jobs too many or too few");
    for owner in &users {
        let filter = Filter {
            limit: Some(500),
            ..Filter::default()
        };
        let all = store.jobs(owner, &filter).await.unwrap();
        assert_eq!(all.len(), JOBS / USERS);
        assert!(
            all.iter()
                .all(|job| job.status == "completed" && job.clips.len() == 1)
        );
        let usage = store.usage(owner, None).await.unwrap();
        let free = (JOBS / USERS).div_ceil(RELAXED_EVERY);
        let paid = (JOBS / USERS - free) as u64;
        assert_eq!(
            (usage.credits_used, usage.videos_used),
            (CREDITS * paid, paid)
        );
    }
    store.close().await;
}
