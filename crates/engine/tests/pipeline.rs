//! The pipelines against golden runs of diffusers 0.42.1, made by `training/fixtures/pipeline.py`.

use std::path::{Path, PathBuf};

use kinora_engine::Compute;
use kinora_engine::probe::{Component, Probe, probe};
use kinora_models::ModelSource;
use safetensors::SafeTensors;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pipeline")
}

fn table() -> serde_json::Value {
    let text = std::fs::read(fixtures().join("cases.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Puts a model together from the folders that the table names.
fn model(table: &serde_json::Value, name: &str) -> ModelSource {
    let mut files: Vec<(&'static str, &'static [u8])> = Vec::new();
    for (part, folder) in table["models"][name].as_object().unwrap() {
        let folder = fixtures().join(folder.as_str().unwrap());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{part}/{}", entry.file_name().to_string_lossy());
            let bytes = std::fs::read(entry.path()).unwrap();
            files.push((path.leak(), bytes.leak()));
        }
    }
    ModelSource::embedded(files.leak())
}

fn floats(file: &SafeTensors, name: &str) -> (Vec<usize>, Vec<f32>) {
    let view = file.tensor(name).unwrap();
    let values = view
        .data()
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    (view.shape().to_vec(), values.collect())
}

fn relative_l2(got: &[f32], wanted: &[f32]) -> f64 {
    let square = |v: f32| f64::from(v).powi(2);
    let error: f64 = got.iter().zip(wanted).map(|(g, w)| square(g - w)).sum();
    (error / wanted.iter().map(|&w| square(w)).sum::<f64>()).sqrt()
}

/// Latents within 1e-3 after eight steps in f32: the two sum in different orders, and guidance and steps amplify.
/// Frames within 1/255 at 99.9 % of the pixels.
#[test]
fn every_golden_run_is_met() {
    let table = table();
    let out = tempfile::tempdir().unwrap();
    let mut off = Vec::new();
    for (case, name) in table["cases"].as_object().unwrap() {
        let output = out.path().join(case);
        let input = fixtures().join(format!("{case}.in.safetensors"));
        let asked = Probe {
            model: model(&table, name.as_str().unwrap()),
            component: Component::Pipeline,
            input: &input,
            output: &output,
            compute: Compute::cpu(),
            repeat: 0,
        };
        probe(&asked).unwrap_or_else(|error| panic!("{case}: {error}"));

        let got = std::fs::read(&output).unwrap();
        let wanted = fixtures().join(format!("{case}.out.safetensors"));
        let wanted = std::fs::read(wanted).unwrap();
        let got = SafeTensors::deserialize(&got).unwrap();
        let wanted = SafeTensors::deserialize(&wanted).unwrap();
        let (shape, latents) = floats(&got, "latents");
        let (wanted_shape, wanted_latents) = floats(&wanted, "latents");
        assert_eq!(shape, wanted_shape, "{case}");
        let error = relative_l2(&latents, &wanted_latents);

        let (got, wanted) = (
            got.tensor("frames").unwrap(),
            wanted.tensor("frames").unwrap(),
        );
        assert_eq!(got.shape(), wanted.shape(), "{case}");
        let far = |(g, w): &(&u8, &u8)| g.abs_diff(**w) > 1;
        let share = got.data().iter().zip(wanted.data()).filter(far).count() as f64
            / got.data().len() as f64;
        println!(
            "{case:14} latents off by {error:.2e}, pixels off: {:.3} %",
            share * 100.0
        );
        if error > 1e-3 || share > 1e-3 {
            off.push(case);
        }
    }
    assert!(off.is_empty(), "off: {off:?}");
}

#[test]
fn what_does_not_fit_is_refused_in_one_sentence() {
    let table = table();
    let out = tempfile::tempdir().unwrap();
    let output = out.path().join("out");
    let run = |model: ModelSource, component, input: &Path| {
        let compute = Compute::cpu();
        probe(&Probe {
            model,
            component,
            input,
            output: &output,
            compute,
            repeat: 0,
        })
        .unwrap_err()
        .to_string()
    };
    let text = fixtures().join("text.in.safetensors");
    let missing = run(model(&table, "plain"), Component::Transformer, &text);
    assert!(
        missing.contains("hidden_states") || missing.contains("timestep"),
        "{missing}"
    );
    // The condition pipeline cannot run on a scheduler that shifts by the number of tokens.
    let shifted = run(
        model(&table, "noisy"),
        Component::Pipeline,
        &fixtures().join("images.in.safetensors"),
    );
    assert!(shifted.contains("shift"), "{shifted}");
    let foreign = run(
        model(&table, "plain"),
        Component::Pipeline,
        &fixtures().join("cases.json"),
    );
    assert!(foreign.contains("not safetensors"), "{foreign}");
    assert!(!output.exists());
}
