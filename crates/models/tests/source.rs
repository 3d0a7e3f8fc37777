//! Model directories: what loads, and what is refused with which words.

#[allow(dead_code)] // other tests use the rest of it
mod synthetic;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use kinora_models::ltx::{Positions, Transformer, TransformerInput};
use kinora_models::{Error, ModelSource};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use synthetic::Case;
use tempfile::TempDir;

const CONFIG: &str = "transformer/config.json";
const WEIGHTS: &str = "transformer/diffusion_pytorch_model.safetensors";
const INDEX: &str = "transformer/diffusion_pytorch_model.safetensors.index.json";

/// The weights of the `grid` fixture by name.
fn weights(dtype: DType) -> HashMap<String, Tensor> {
    let table: HashMap<String, (Vec<usize>, f32, f32)> =
        Case::read("transformer", "grid").get("weights");
    let make = |(name, (shape, scale, offset)): (String, (Vec<usize>, f32, f32))| {
        let tensor = synthetic::tensor(&name, &shape, scale, offset);
        (name, tensor.to_dtype(dtype).expect("floats"))
    };
    table.into_iter().map(make).collect()
}

fn config() -> serde_json::Value {
    let mut config: serde_json::Value = Case::read("transformer", "grid").get("config");
    config["_class_name"] = "LTXVideoTransformer3DModel".into();
    config["_something_new"] = 1.into();
    config
}

/// A model directory with a transformer in one file.
fn model() -> TempDir {
    let dir = TempDir::new().expect("a directory");
    fs::create_dir(dir.path().join("transformer")).expect("a folder");
    write(&dir, CONFIG, config().to_string());
    save(&dir, WEIGHTS, &weights(DType::F32));
    dir
}

fn write(dir: &TempDir, path: &str, bytes: impl AsRef<[u8]>) {
    fs::write(dir.path().join(path), bytes).expect("writes");
}

fn save(dir: &TempDir, path: &str, tensors: &HashMap<String, Tensor>) {
    candle_core::safetensors::save(tensors, dir.path().join(path)).expect("writes");
}

fn load(dir: &Path) -> kinora_models::Result<Transformer> {
    Transformer::load(&ModelSource::dir(dir)?, DType::F32, &Device::Cpu)
}

/// The words with which a directory is refused, less the directory's own name.
fn refusal(dir: &TempDir) -> String {
    let error = match load(dir.path()) {
        Ok(_) => panic!("it loads"),
        Err(error) => error.to_string(),
    };
    assert!(
        !error.contains('\n') && !error.contains('\u{1f}'),
        "{error:?}"
    );
    error.replace(&format!("{}/", dir.path().display()), "")
}

fn sample(transformer: &Transformer) -> Vec<f32> {
    let float = |name, shape: &[usize]| synthetic::tensor(name, shape, 1.7, 0.0);
    let input = TransformerInput {
        hidden_states: float("hidden_states", &[1, 4, 8]),
        encoder_hidden_states: float("encoder_hidden_states", &[1, 3, 24]),
        timestep: Tensor::new(&[[500.0f32]], &Device::Cpu).expect("one number"),
        encoder_attention_mask: None,
        positions: Positions::Grid {
            num_frames: 1,
            height: 2,
            width: 2,
            rope_interpolation_scale: [0.32, 32.0, 32.0],
        },
    };
    let sample = transformer.forward(&input).expect("runs");
    sample.flatten_all().and_then(|t| t.to_vec1()).expect("f32")
}

#[test]
fn shards_and_embedded_files_are_the_same_model() {
    let dir = model();
    let single = sample(&load(dir.path()).expect("loads"));

    let leak = |path: &str| &*fs::read(dir.path().join(path)).expect("reads").leak();
    let files = vec![(CONFIG, leak(CONFIG)), (WEIGHTS, leak(WEIGHTS))].leak();
    let embedded = ModelSource::embedded(files);
    let embedded = Transformer::load(&embedded, DType::F32, &Device::Cpu).expect("loads");
    assert_eq!(sample(&embedded), single);

    shard(&dir);
    assert_eq!(sample(&load(dir.path()).expect("loads")), single);
}

/// Splits the weights into two shards and an index.
fn shard(dir: &TempDir) {
    fs::remove_file(dir.path().join(WEIGHTS)).expect("it was there");
    let (mut shards, mut map) = ([HashMap::new(), HashMap::new()], serde_json::Map::new());
    for (i, (name, tensor)) in weights(DType::F32).into_iter().enumerate() {
        map.insert(name.clone(), format!("shard-{}.safetensors", i % 2).into());
        shards[i % 2].insert(name, tensor);
    }
    for (i, tensors) in shards.iter().enumerate() {
        save(dir, &format!("transformer/shard-{i}.safetensors"), tensors);
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": map });
    write(dir, INDEX, index.to_string());
}

#[test]
fn half_precision_weights_load() {
    for dtype in [DType::BF16, DType::F16] {
        let dir = model();
        save(&dir, WEIGHTS, &weights(dtype));
        let values = sample(&load(dir.path()).expect("loads"));
        assert!(values.iter().all(|v| v.is_finite()), "{dtype:?}");
    }
}

/// The matrices of `tensors` in eight bits with a scale a row, the rest as it is, as a safetensors file.
fn in_eight_bits(tensors: &HashMap<String, Tensor>) -> Vec<u8> {
    let mut parts: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    for (name, tensor) in tensors {
        let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        if tensor.rank() < 2 {
            parts.push((
                name.clone(),
                Dtype::F32,
                tensor.dims().to_vec(),
                bytes(&values),
            ));
            continue;
        }
        let rows = values.chunks(values.len() / tensor.dims()[0]);
        let largest = |row: &[f32]| row.iter().fold(1e-9f32, |a, v| a.max(v.abs()));
        let scales: Vec<f32> = rows.clone().map(|row| largest(row) / 127.0).collect();
        let codes = rows.zip(&scales);
        let codes =
            codes.flat_map(|(row, scale)| row.iter().map(move |v| (v / scale).round() as i8 as u8));
        parts.push((
            name.clone(),
            Dtype::I8,
            tensor.dims().to_vec(),
            codes.collect(),
        ));
        parts.push((
            format!("{name}_scale"),
            Dtype::F32,
            vec![scales.len()],
            bytes(&scales),
        ));
    }
    let views = parts.iter().map(|(name, dtype, shape, data)| {
        let view = TensorView::new(*dtype, shape.clone(), data).expect("fits");
        (name, view)
    });
    safetensors::serialize(views, None).expect("serializes")
}

#[test]
fn eight_bit_weights_load_and_are_widened_for_others() {
    let dir = model();
    let exact = sample(&load(dir.path()).expect("loads"));
    let file = in_eight_bits(&weights(DType::F32));
    write(&dir, WEIGHTS, &file);
    let coarse = sample(&load(dir.path()).expect("loads"));
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
    let error =
        norm(&mut exact.iter().zip(&coarse).map(|(a, b)| a - b)) / norm(&mut exact.iter().copied());
    assert!(error > 0.0 && error < 0.05, "{error}");

    // What others read is the same network in bf16.
    let plain = ModelSource::dir(dir.path())
        .expect("a model")
        .read_plain(WEIGHTS)
        .expect("reads");
    write(&dir, WEIGHTS, &plain);
    let read = safetensors::SafeTensors::deserialize(&plain).expect("whole");
    assert!(
        read.iter()
            .all(|(name, tensor)| tensor.dtype() != Dtype::I8 && !name.ends_with("_scale"))
    );
    let widened = sample(&load(dir.path()).expect("loads"));
    assert!(
        widened == coarse,
        "widened before or in the product, weights are the same"
    );

    let name = "\"proj_out.weight_scale\"";
    let mut without = file.clone();
    let at = without
        .windows(name.len())
        .position(|bytes| bytes == name.as_bytes());
    without[at.expect("it is there") + 1] = b'q';
    write(&dir, WEIGHTS, &without);
    let error = refusal(&dir);
    assert!(
        error.contains("it has no tensor `proj_out.weight_scale`"),
        "{error}"
    );

    // Scales beside weights that are in no need of them.
    let mut both = weights(DType::F32);
    let scales = Tensor::ones(8, DType::F32, &Device::Cpu).expect("ones");
    both.insert("proj_out.weight_scale".into(), scales);
    save(&dir, WEIGHTS, &both);
    let error = refusal(&dir);
    assert!(
        error.contains("`proj_out.weight` has scales, and is stored as F32"),
        "{error}"
    );
}

#[test]
fn missing_files_are_named() {
    let error = ModelSource::dir("/no/such/model").expect_err("nothing there");
    assert!(matches!(error, Error::Missing { .. }));

    let dir = model();
    fs::remove_file(dir.path().join(WEIGHTS)).expect("it was there");
    assert!(
        refusal(&dir).starts_with("transformer/diffusion_pytorch_model.safetensors is missing;")
    );
    fs::remove_file(dir.path().join(CONFIG)).expect("it was there");
    assert!(refusal(&dir).starts_with("transformer/config.json is missing;"));

    let dir = model();
    shard(&dir);
    fs::remove_file(dir.path().join("transformer/shard-1.safetensors")).expect("it was there");
    assert!(refusal(&dir).starts_with("transformer/shard-1.safetensors is missing;"));
}

#[test]
fn foreign_configs_are_refused() {
    let dir = model();
    let mut other = config();
    other["_class_name"] = "WanTransformer3DModel".into();
    write(&dir, CONFIG, other.to_string());
    assert!(refusal(&dir).starts_with(
        "transformer/config.json describes a WanTransformer3DModel, not a LTXVideoTransformer3DModel;"
    ));

    let mut unsupported = config();
    unsupported["qk_norm"] = "layer_norm".into();
    write(&dir, CONFIG, unsupported.to_string());
    assert!(refusal(&dir).contains("`qk_norm` \"layer_norm\" is not supported;"));

    let mut unfit = config();
    unfit["num_layers"] = "two".into();
    write(&dir, CONFIG, unfit.to_string());
    assert!(refusal(&dir).starts_with("transformer/config.json: a field does not fit"));

    write(&dir, CONFIG, "{\"_class_name\": ");
    assert!(refusal(&dir).starts_with("transformer/config.json: not valid JSON"));
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let dir = model();
    let mut wider = config();
    wider["caption_channels"] = 25.into();
    write(&dir, CONFIG, wider.to_string());
    let error = refusal(&dir);
    assert!(error.starts_with(WEIGHTS), "{error}");
    assert!(
        error.contains(
            "`caption_projection.linear_1.weight` has shape [32, 24] where the config calls for [32, 25];"
        ),
        "{error}"
    );

    let mut deeper = config();
    deeper["num_layers"] = 3.into();
    write(&dir, CONFIG, deeper.to_string());
    let error = refusal(&dir);
    assert!(
        error.contains("it has no tensor `transformer_blocks.2."),
        "{error}"
    );

    write(&dir, CONFIG, config().to_string());
    let mut integers = weights(DType::F32);
    let table = integers["scale_shift_table"]
        .to_dtype(DType::U32)
        .expect("u32");
    integers.insert("scale_shift_table".into(), table);
    save(&dir, WEIGHTS, &integers);
    assert!(refusal(&dir).contains("`scale_shift_table` is stored as U32;"));
}

#[test]
fn damaged_weights_are_refused() {
    let dir = model();
    let bytes = fs::read(dir.path().join(WEIGHTS)).expect("reads");
    for length in [0, 5, 8, 900, bytes.len() / 2, bytes.len() - 1] {
        write(&dir, WEIGHTS, &bytes[..length]);
        let error = refusal(&dir);
        assert!(error.starts_with(WEIGHTS), "{error}");
        assert!(
            error.contains("damaged or cut short") && error.contains("fetch"),
            "{error}"
        );
    }

    let dir = model();
    shard(&dir);
    for (index, words) in [
        ("{}", "it has no `weight_map`"),
        (
            "{\"weight_map\": {\"a\": \"../b\"}}",
            "`a` does not name a file",
        ),
        (
            "{\"weight_map\": {\"a\": \"shard-0.safetensors\"}}",
            "no shard holds `a`",
        ),
    ] {
        write(&dir, INDEX, index);
        let error = refusal(&dir);
        assert!(error.starts_with(INDEX) && error.contains(words), "{error}");
    }
}
