//! Many jobs of many users, and workers that die: the queue alone, with nothing drawn.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kinora_studio::Config;
use kinora_studio::derive::Meta;
use kinora_studio::files::{Files, fresh_id};
use kinora_studio::plans::Plan;
use kinora_studio::queue::{Outcome, Queue, SqliteQueue};
use kinora_studio::store::Store;
use kinora_studio::store::clips::NewClip;
use kinora_studio::store::jobs::{Filter, NewJob};
use kinora_studio::wire::{Class, JobRequest, Sprite};
use tokio::sync::Mutex;

const USERS: usize = 20;
const JOBS: usize = 1000;
const WORKERS: usize = 5;

fn job(owner: &str) -> NewJob {
    NewJob {
        id: fresh_id(),
        owner: owner.into(),
        origin: "studio",
        tool: "generate",
        class: Class::Priority,
        prompt: "a frog".into(),
        request: JobRequest::default(),
        extra: None,
        model: "mini".into(),
        variants: 1,
        size: (96, 64),
        seconds: 1.0,
        work: 1.0,
        pixels: 1.0,
        credits: 20,
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

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_jobs_end_once_in_fair_order_though_workers_die() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Files::open(dir.path()).unwrap()).await.unwrap();
    let plan = Plan {
        credits: Some(1_000_000),
        ..Plan::default()
    };
    let config = Config {
        plans: [("All".to_owned(), plan.clone())].into(),
        plan: Some("All".into()),
        ..Config::default()
    };
    let queue = SqliteQueue::new(store.clone(), Arc::new(config)).lease(Duration::from_millis(400));
    let queue = Arc::new(queue);

    let mut users = Vec::new();
    for number in 0..USERS {
        users.push(
            store
                .create_user(&format!("user {number}"), "", false, None)
                .await
                .unwrap()
                .id,
        );
    }
    // The first user asks for all of theirs before anybody else comes.
    for owner in &users {
        for _ in 0..JOBS / USERS {
            store
                .create_job(&job(owner), Some(("All", &plan)))
                .await
                .unwrap();
        }
    }

    let ended = Arc::new(Mutex::new(Vec::new()));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (queue, ended) = (queue.clone(), ended.clone());
        workers.spawn(async move {
            let (mut idle, mut pulls) = (0, worker);
            while idle < 30 {
                let Some(task) = queue.take(&format!("worker {worker}")).await.unwrap() else {
                    idle += 1;
                    tokio::time::sleep(Duration::from_millis(40)).await;
                    continue;
                };
                (idle, pulls) = (0, pulls + 1);
                // A worker dies at one of three moments: before the clip, after it, and after the end.
                if pulls % 11 == 3 {
                    continue;
                }
                let published = queue
                    .publish(&task, &clip(&task.job.id, &task.job.owner))
                    .await
                    .unwrap();
                if pulls % 13 == 5 {
                    continue;
                }
                if published {
                    queue.finish(&task, &Outcome::Completed).await.unwrap();
                    queue.finish(&task, &Outcome::Completed).await.unwrap();
                    ended.lock().await.push(task.job.owner.clone());
                }
            }
        });
    }
    workers.join_all().await;

    let ended = ended.lock().await;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut widest = 0;
    for owner in ended.iter().take(JOBS * 3 / 4) {
        *counts.entry(owner).or_default() += 1;
        let all = users
            .iter()
            .map(|user| counts.get(user.as_str()).copied().unwrap_or(0));
        widest = widest.max(all.clone().max().unwrap() - all.min().unwrap());
    }
    // Whose workers die more often falls behind by as much, on a busy machine by more; in order of arrival it would be all fifty.
    assert!(
        widest <= 20,
        "somebody was {widest} jobs ahead of somebody else"
    );
    for owner in &users {
        let all = store
            .jobs(
                owner,
                &Filter {
                    limit: Some(500),
                    ..Filter::default()
                },
            )
            .await
            .unwrap();
        assert_eq!(all.len(), JOBS / USERS);
        assert!(
            all.iter()
                .all(|job| job.status == "completed" && job.clips.len() == 1)
        );
        let usage = store.usage(owner, None).await.unwrap();
        assert_eq!(
            (usage.credits_used, usage.videos_used),
            (20 * (JOBS / USERS) as u64, (JOBS / USERS) as u64)
        );
    }
    store.close().await;
}
