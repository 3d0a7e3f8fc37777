//! The two queues: what relaxed jobs cost, when they are served, and who may ask for them.

use kinora_studio::plans::Plan;
use kinora_studio::queue::{Outcome, Task};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Asker, Studio, small};

/// Without a worker of its own, and with one plan for all.
async fn studio(plan: Plan, users: bool) -> Studio {
    Studio::with(|config| {
        (config.workers, config.users) = (0, users);
        config.plans.insert("Pro".into(), plan);
        config.plan = Some("Pro".into());
    })
    .await
}

fn relaxed(prompt: &str) -> Value {
    let mut asked = small(prompt);
    asked["class"] = json!("relaxed");
    asked
}

/// What a worker would do next.
async fn take(studio: &Studio) -> Option<Task> {
    studio.app.queue.take("a test").await.unwrap()
}

async fn finish(studio: &Studio, task: &Task) {
    let done = studio.app.queue.finish(task, &Outcome::Completed);
    done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_credits_do_not_reach_for_is_free_in_the_relaxed_queue() {
    let plan = Plan {
        credits: Some(30),
        relaxed: true,
        ..Plan::default()
    };
    let studio = studio(plan.clone(), false).await;
    let estimate = async |asked| studio.post("/api/jobs/estimate", asked).await;
    let fits = estimate(small("a frog")).await;
    assert_eq!(
        (&fits["credits"], &fits["over_quota"]),
        (&json!(25), &Value::Null)
    );
    studio.post("/api/jobs", small("a frog")).await;

    // 5 are left: the refusal, and the estimate before it, name the way out.
    let (status, refused) = studio
        .ask(Method::POST, "/api/jobs", Some(small("a lion")))
        .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (429, &json!("quota"))
    );
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(said.contains("`\"class\": \"relaxed\"` is free"), "{said}");
    assert_eq!(estimate(small("a lion")).await["over_quota"], said);
    let free = estimate(relaxed("a lion")).await;
    assert_eq!(
        (&free["credits"], &free["over_quota"]),
        (&json!(0), &Value::Null)
    );

    let job = studio.post("/api/jobs", relaxed("a lion")).await;
    assert_eq!(
        (&job["class"], &job["cost"]),
        (&json!("relaxed"), &Value::Null)
    );
    let video = json!({"prompt": "a fox", "size": "96x64", "seconds": "1", "fps": 8, "steps": 2});
    let (status, refused) = studio
        .ask(Method::POST, "/v1/videos", Some(video.clone()))
        .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (429, &json!("insufficient_quota"))
    );
    let mut free = video;
    free["class"] = json!("relaxed");
    studio.post("/v1/videos", free).await;

    // Nor do they cost when they are done.
    let studio = Studio::on(studio.stop().await, |config| {
        config.plans.insert("Pro".into(), plan);
        config.plan = Some("Pro".into());
    })
    .await;
    for job in studio.get("/api/jobs").await["items"].as_array().unwrap() {
        studio
            .wait(job["id"].as_str().unwrap(), &["completed"])
            .await;
    }
    assert_eq!(studio.get("/api/clips").await["total"], 3);
    let usage = studio.get("/api/usage").await;
    assert_eq!(
        (&usage["credits_used"], &usage["videos_used"]),
        (&json!(25), &json!(1))
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_became_smaller_still_gives_what_is_free() {
    let large = Plan {
        credits: Some(100),
        relaxed: true,
        ..Plan::default()
    };
    let studio = studio(large.clone(), false).await;
    studio.post("/api/jobs", small("a frog")).await;
    let studio = Studio::on(studio.stop().await, |config| {
        config.workers = 0;
        let smaller = Plan {
            credits: Some(10),
            ..large
        };
        config.plans.insert("Pro".into(), smaller);
        config.plan = Some("Pro".into());
    })
    .await;
    studio.post("/api/jobs", relaxed("a lion")).await;
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn priority_goes_first_and_relaxed_is_never_starved() {
    let plan = Plan {
        relaxed: true,
        ..Plan::default()
    };
    let studio = studio(plan, false).await;
    let mut ids = Vec::new();
    for prompt in ["r1", "r2"] {
        ids.push(studio.post("/api/jobs", relaxed(prompt)).await["id"].clone());
    }
    for prompt in ["p1", "p2", "p3", "p4", "p5"] {
        ids.push(studio.post("/api/jobs", small(prompt)).await["id"].clone());
    }
    let mut places = Vec::new();
    for id in &ids {
        let job = studio.job(id.as_str().unwrap()).await;
        places.push(job["position"].as_u64().unwrap());
    }
    // Of r1, r2, p1 … p5; every fourth turn is a relaxed one (`relaxed_every`).
    assert_eq!(places, [3, 6, 0, 1, 2, 4, 5], "as it is shown");
    let mut served = Vec::new();
    for turn in 0.. {
        let Some(task) = take(&studio).await else {
            break;
        };
        served.push(task.job.prompt.clone());
        finish(&studio, &task).await;
        // However many more come, the one that waits is served at its turn.
        if turn < 4 {
            studio.post("/api/jobs", small("more")).await;
        }
    }
    assert_eq!(
        served,
        [
            "p1", "p2", "p3", "r1", "p4", "p5", "more", "r2", "more", "more", "more"
        ]
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_plan_says_are_made_at_a_time() {
    let plan = Plan {
        concurrency: Some(2),
        relaxed: true,
        ..Plan::default()
    };
    let studio = studio(plan, true).await;
    let admin = studio.admin().await;
    let (ada, ben) = (
        studio.user(&admin, "ada").await,
        studio.user(&admin, "ben").await,
    );
    for asked in [small("a1"), relaxed("a2"), small("a3"), small("a4")] {
        ada.post("/api/jobs", asked).await;
    }
    ben.post("/api/jobs", small("b1")).await;
    let running = async |asker: &Asker| {
        let jobs = asker.get("/api/jobs?status=running").await;
        jobs["items"].as_array().unwrap().len()
    };
    let mut tasks = Vec::new();
    while let Some(task) = take(&studio).await {
        tasks.push(task);
    }
    assert_eq!((running(&ada).await, running(&ben).await), (2, 1));
    let of_ada = tasks.iter().find(|task| task.job.prompt.starts_with('a'));
    finish(&studio, of_ada.unwrap()).await;
    assert!(take(&studio).await.is_some(), "one is done, one may begin");
    assert!(take(&studio).await.is_none());
    assert_eq!((running(&ada).await, running(&ben).await), (2, 1));
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_a_relaxed_queue_says_so() {
    let plan = Plan {
        credits: Some(10),
        ..Plan::default()
    };
    let studio = studio(plan, false).await;
    let (status, refused) = studio
        .ask(Method::POST, "/api/jobs", Some(relaxed("a frog")))
        .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["message"]),
        (
            403,
            &json!("the plan Pro has no relaxed queue; leave `class` out, or give `priority`")
        )
    );
    let (_, used_up) = studio
        .ask(Method::POST, "/api/jobs", Some(small("a frog")))
        .await;
    let said = used_up["error"]["message"].as_str().unwrap();
    assert!(
        said.contains("credits") && !said.contains("relaxed"),
        "no way that is not there: {said}"
    );
    studio.stop().await;
}
