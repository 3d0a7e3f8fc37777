//! The autoencoder against diffusers 0.42.1. `training/fixtures/vae.py` made the numbers.
//!
//! f32 may differ by the order of sums: 1e-5. bf16 may be off the f32 reference by 1.25 times what
//! the reference's own bf16 is.

mod synthetic;

use candle_core::{DType, Device, Tensor};
use kinora_models::Result;
use kinora_models::ltx::{Autoencoder, AutoencoderConfig, Chunking, SpaceTiles, Tiles, Tiling};
use serde::Deserialize;
use synthetic::Case;

const F32_TOLERANCE: f64 = 1e-5;
const BF16_FACTOR: f64 = 1.25;

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), DType::F32);
            check(stringify!($name), DType::BF16);
        })*
    };
}

cases! {
    v090 v090_batch_odd v090_one_frame
    v091 v091_batch
    v095 v095_causal_odd
    v097 v097_long v097_one_frame
    tiled tiled_space tiled_noise
}

#[derive(Deserialize)]
struct ReferenceTiles {
    tile_sample_min_height: usize,
    tile_sample_min_width: usize,
    tile_sample_min_num_frames: usize,
    tile_sample_stride_height: usize,
    tile_sample_stride_width: usize,
    tile_sample_stride_num_frames: usize,
}

impl From<ReferenceTiles> for Tiling {
    fn from(tiles: ReferenceTiles) -> Self {
        Self {
            space: Some(SpaceTiles {
                height: Tiles {
                    size: tiles.tile_sample_min_height,
                    stride: tiles.tile_sample_stride_height,
                },
                width: Tiles {
                    size: tiles.tile_sample_min_width,
                    stride: tiles.tile_sample_stride_width,
                },
            }),
            time: Some(Tiles {
                size: tiles.tile_sample_min_num_frames,
                stride: tiles.tile_sample_stride_num_frames,
            }),
        }
    }
}

/// A case's network and inputs.
struct Setup {
    case: Case,
    dtype: DType,
    vae: Autoencoder,
    sample: Tensor,
    z: Tensor,
    temb: Option<Tensor>,
    tiling: Option<Tiling>,
}

fn setup(case: Case, dtype: DType) -> Setup {
    let device = Device::Cpu;
    let config: AutoencoderConfig = case.get("config");
    let vae = Autoencoder::new(&config, case.weights(dtype, &device)).expect("loads");
    let input = |name: &str, scale: f32| {
        let shape: Vec<usize> = case.get(name);
        let x = synthetic::tensor(name, &shape, scale, 0.0);
        x.to_dtype(dtype).expect("floats")
    };
    let (sample, z) = (input("sample", 1.0), input("z", 1.7));
    let temb: Option<Vec<f32>> = case.get("temb");
    let tiles: Option<ReferenceTiles> = case.get("tiles");
    Setup {
        vae,
        dtype,
        sample,
        z,
        temb: temb.map(|temb| Tensor::new(temb, &device).expect("floats")),
        tiling: tiles.map(Tiling::from),
        case,
    }
}

/// The noise that the reference was given.
fn noise() -> impl FnMut(&[usize]) -> Result<Tensor> {
    let mut names = (0..).map(|i| format!("noise.{i}"));
    move |shape| {
        let name = names.next().expect("endless");
        Ok(synthetic::tensor(&name, shape, 1.7, 0.0))
    }
}

impl Setup {
    fn decode(&self, chunking: &Chunking) -> Tensor {
        let mut chunks = Vec::new();
        let sink = &mut |chunk| {
            chunks.push(chunk);
            Ok(())
        };
        self.vae
            .decode_chunks(&self.z, self.temb.as_ref(), chunking, &mut noise(), sink)
            .expect("decodes");
        Tensor::cat(&chunks, 2).expect("chunks fit together")
    }

    fn hold(&self, what: &str, result: &str, tensor: &Tensor) {
        let (error, reference) = self.case.errors(result, tensor);
        let allowed = match self.dtype {
            DType::F32 => F32_TOLERANCE,
            _ => BF16_FACTOR * reference,
        };
        println!(
            "{what} {:?}: {error:.2e}, at most {allowed:.2e}",
            self.dtype
        );
        assert!(
            error <= allowed,
            "{what} {:?}: {error:.2e} > {allowed:.2e}",
            self.dtype
        );
    }
}

fn committed(name: &str) -> Setup {
    setup(Case::read("vae", name), DType::F32)
}

fn check(name: &str, dtype: DType) {
    check_case(name, setup(Case::read("vae", name), dtype));
}

fn check_case(name: &str, setup: Setup) {
    let latents = match &setup.tiling {
        Some(tiling) => setup.vae.encode_tiled(&setup.sample, tiling),
        None => setup.vae.encode(&setup.sample),
    };
    setup.hold(
        &format!("{name} encode"),
        "latents",
        &latents.expect("encodes"),
    );
    let chunking = match setup.tiling {
        Some(tiling) => Chunking::Tiled(tiling),
        None => Chunking::Whole,
    };
    let video = setup.decode(&chunking);
    setup.hold(&format!("{name} decode"), "video", &video);
}

#[test]
fn streaming_gives_what_the_whole_clip_gives() {
    for name in [
        "v090_batch_odd",
        "v091",
        "v095_causal_odd",
        "v097",
        "v097_long",
    ] {
        let setup = committed(name);
        for latent_frames in [1, 2, 5] {
            let video = setup.decode(&Chunking::Stream { latent_frames });
            setup.hold(&format!("{name} by {latent_frames}"), "video", &video);
        }
    }
}

#[test]
fn encoding_in_chunks_gives_what_the_whole_clip_gives() {
    for name in ["v090", "v091", "v095", "v095_causal_odd", "v097_long"] {
        let setup = committed(name);
        let frames = setup.sample.dim(2).expect("rank 5");
        for size in [1, 3, 8] {
            let chunks = (0..frames).step_by(size).map(|start| {
                let n = size.min(frames - start);
                Ok(setup.sample.narrow(2, start, n)?)
            });
            let latents = setup.vae.encode_chunks(chunks).expect("encodes");
            setup.hold(&format!("{name} by {size}"), "latents", &latents);
        }
    }
}

#[test]
fn normalisation_is_undone() {
    let setup = committed("v090_batch_odd");
    let normal = setup.vae.normalize(&setup.z).expect("normalises");
    let back = setup.vae.denormalize(&normal).expect("denormalises");
    let error = synthetic::relative_l2(&back, &setup.z).expect("same shape");
    assert!(error < 1e-6, "{error:.2e}");
}

#[test]
fn unfit_input_is_refused_with_a_sentence() {
    let setup = committed("v091");
    let refuse = |result: Result<Tensor>| result.expect_err("does not fit").to_string();
    let message = refuse(setup.vae.decode(&setup.z, None, &mut noise()));
    assert!(message.contains("timestep"), "{message}");
    let message = refuse(setup.vae.encode(&setup.z));
    assert!(
        message.contains("(batch, 3, frames, height, width)"),
        "{message}"
    );
    let sample = setup.sample.narrow(3, 0, 30).expect("it is 32 high");
    let message = refuse(setup.vae.encode(&sample));
    assert!(message.contains("multiples"), "{message}");
}

/// Cases made afresh: `training/fixtures/vae.py --random N --out DIR`, with DIR in `KINORA_GOLDEN`.
#[test]
fn fresh_cases_where_there_are_any() {
    let Some(dir) = std::env::var_os("KINORA_GOLDEN") else {
        return;
    };
    let files = std::fs::read_dir(std::path::Path::new(&dir).join("vae")).expect("a directory");
    for file in files {
        let path = file.expect("an entry").path();
        for dtype in [DType::F32, DType::BF16] {
            let setup = setup(Case::open(&path), dtype);
            let video = setup.decode(&Chunking::Stream { latent_frames: 2 });
            setup.hold(&format!("{} streamed", path.display()), "video", &video);
            check_case(&path.display().to_string(), setup);
        }
    }
}
