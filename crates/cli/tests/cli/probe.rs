//! Tensors in, tensors out.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use super::support::Place;

fn write(place: &Place, name: &str, tensors: &[(&str, Dtype, Vec<usize>, Vec<u8>)]) {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (
            name.to_string(),
            TensorView::new(*dtype, shape.clone(), bytes).unwrap(),
        )
    });
    let file = safetensors::serialize(views, None::<HashMap<String, String>>).unwrap();
    std::fs::write(place.path(name), file).unwrap();
}

#[test]
fn the_text_encoder_reads_ids_and_is_timed() {
    let place = Place::new();
    place.run(&["models", "export", "mini", "mini-dir"]).ok();
    std::fs::remove_dir_all(place.path("mini-dir").join("vae")).unwrap();
    let ids: Vec<u8> = [5i64, 9, 1, 0]
        .iter()
        .flat_map(|id| id.to_le_bytes())
        .collect();
    let mask = vec![1u8, 1, 1, 0];
    write(
        &place,
        "in",
        &[
            ("input_ids", Dtype::I64, vec![1, 4], ids),
            ("attention_mask", Dtype::BOOL, vec![1, 4], mask),
        ],
    );
    let args = [
        "probe",
        "--model",
        "mini-dir",
        "--component",
        "text-encoder",
        "--input",
        "in",
        "--output",
        "out",
    ];
    place.run(&args).ok();
    let out = std::fs::read(place.path("out")).unwrap();
    let out = safetensors::SafeTensors::deserialize(&out).unwrap();
    let hidden = out.tensor("last_hidden_state").unwrap();
    assert_eq!(hidden.dtype(), Dtype::F32);
    assert_eq!(hidden.shape()[..2], [1, 4]);

    let run = place
        .run(&[&args[..], &["--repeat", "2", "--dtype", "bf16"]].concat())
        .ok();
    let timing: serde_json::Value = serde_json::from_str(run.stdout().trim()).unwrap();
    assert!(timing["min_s"].as_f64().unwrap() <= timing["median_s"].as_f64().unwrap());
    assert!(timing["peak_rss_mb"].is_number());
}

#[test]
fn input_that_does_not_fit_is_refused() {
    let place = Place::new();
    write(
        &place,
        "in",
        &[("z", Dtype::F32, vec![1, 3, 1, 1, 1], vec![0; 12])],
    );
    let args = |component| {
        [
            "probe",
            "--model",
            "mini",
            "--component",
            component,
            "--input",
            "in",
            "--output",
            "out",
        ]
    };
    place.run(&args("vae-decoder")).refused(&["`z`", "(b,"]);
    place
        .run(&args("vae-encoder"))
        .refused(&["no tensor `sample`"]);
    place.run(&args("upsampler")).refused(&["latent_upsampler"]);
    place.run(&args("pipeline")).refused(&["settings"]);
    place
        .run(&args("decoder"))
        .refused(&["decoder", "vae-decoder"]);
    assert!(!place.exists("out"));
}
