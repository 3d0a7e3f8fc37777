//! `kinora bench` of several models and sizes.

use serde_json::Value;

use crate::support::Place;

const SHORT: [&str; 11] = [
    "bench",
    "--seconds",
    "1",
    "--steps",
    "2",
    "--threads",
    "1",
    "--size",
    "96x64",
    "--size",
    "64x64",
];

#[test]
fn each_size_has_a_line_and_a_process_of_its_own() {
    let place = Place::new();
    let table = place.run(&SHORT).ok().stdout();
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        table.starts_with("model") && table.contains("% of peak"),
        "{table}"
    );
    for (line, size) in lines[1..].iter().zip(["96x64", "64x64"]) {
        assert_eq!(line[..2], ["mini", size], "{table}");
        assert_eq!(line.len(), 11, "{table}");
        let numbers = line[2..].iter().map(|number| number.parse::<f64>());
        assert!(
            numbers.into_iter().all(|n| n.is_ok_and(|n| n >= 0.0)),
            "{table}"
        );
    }

    let json = place.run(&[&SHORT[..], &["--json"]].concat()).ok().stdout();
    let measured: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    let sizes: Vec<&Value> = measured.iter().map(|m| &m["size"]).collect();
    assert_eq!(
        sizes,
        [&serde_json::json!([96, 64]), &serde_json::json!([64, 64])]
    );
    for m in &measured {
        assert_eq!(m["threads"], 1, "{m}");
        let share = m["step_gflops"].as_f64().unwrap() / m["peak_gflops"].as_f64().unwrap();
        assert!(
            (m["step_of_peak"].as_f64().unwrap() - share).abs() < 1e-9,
            "{m}"
        );
        assert!(m["decode_gflops"].as_f64().unwrap() > 0.0, "{m}");
    }
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn nothing_is_measured_unless_all_can_be() {
    let place = Place::new();
    let args = [&SHORT[..], &["--model", "mini", "--model", "nowhere"]].concat();
    place.run(&args).refused(&["nowhere"]);
}
