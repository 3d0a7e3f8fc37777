//! The studio as a program: who may share a data folder. (Bad moments: `kills.rs`, `disk.rs`.)

use std::time::Duration;

use serde_json::json;

use crate::studio::{Program, SERVE, Server, WORK};
use crate::support::Place;

#[test]
fn two_servers_do_not_share_a_folder() {
    let place = Place::new();
    let server = Server::start(&place);
    let second = place.run(&SERVE);
    assert_eq!(second.code(), 2);
    assert!(
        second.stderr().contains("another server"),
        "{}",
        second.stderr()
    );
    drop(server);
}

#[test]
fn a_model_that_is_not_there_is_said_at_once() {
    let place = Place::new();
    for command in [&SERVE[..], &WORK] {
        let args = [command, &["--model", "nowhere"]].concat();
        place.run(&args).refused(&["nowhere", "mini"]);
    }
}

#[test]
fn a_server_and_its_worker_may_start_at_the_same_moment() {
    let place = Place::new();
    let mut worker = Program::start(place.command(&WORK));
    let server = Server::start(&place);
    let asked = json!({"prompt": "a frog", "seconds": 1, "size": "96x64", "fps": 8, "steps": 1});
    let job = server.ask("POST", "/api/jobs", &asked.to_string());
    // Whoever is free may have begun it before the answer was written.
    let status = job["status"].as_str().unwrap_or_default();
    assert!(["queued", "running"].contains(&status), "{job}");
    std::thread::sleep(Duration::from_millis(500));
    assert!(worker.is_running());
}

#[test]
fn help_names_every_setting_and_its_variable() {
    let place = Place::new();
    let help = place.run(&["serve", "--help"]).ok().stdout();
    for (name, _) in kinora_studio::config::SETTINGS {
        let variable = kinora_studio::config::variable(name);
        assert!(help.contains(name) && help.contains(&variable), "{name}");
    }
    let refused = place
        .command(&["serve"])
        .env("KINORA_LIMITS_READS", "many")
        .output();
    let said = String::from_utf8(refused.unwrap().stderr).unwrap();
    assert!(said.to_lowercase().contains("limits.reads"), "{said}");
}
