//! That a clip decodes in memory that does not grow with its length, as the allocator counts it.
#![cfg(target_os = "linux")]

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use kinora_models::ltx::{Autoencoder, AutoencoderConfig, Chunking, DECODED_AT_ONCE};
use kinora_models::memory;

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;

/// A decoder of 0.9.1's kind, with few channels.
fn decoder() -> Autoencoder {
    let config = serde_json::json!({
        "latent_channels": 8, "block_out_channels": [16, 16, 16, 16], "decoder_block_out_channels": [16, 16, 16, 16],
        "layers_per_block": [1, 1, 1, 1, 1], "decoder_layers_per_block": [1, 1, 1, 1, 1],
    });
    let config: AutoencoderConfig = serde_json::from_value(config).expect("a config");
    let weights = VarBuilder::zeros(DType::F32, &Device::Cpu);
    Autoencoder::new(&config, weights).expect("loads")
}

/// Bytes at the peak, while frames come and go, and how many came.
fn stream(vae: &Autoencoder, latents: [usize; 3]) -> (usize, usize) {
    let [t, h, w] = latents;
    let z = Tensor::zeros((1, 8, t, h, w), DType::F32, &Device::Cpu).expect("latents");
    let chunking = Chunking::Stream {
        latent_frames: DECODED_AT_ONCE,
    };
    let mut frames = 0;
    let mut sink = |part: Tensor| {
        frames += part.dim(2)?;
        Ok(())
    };
    memory::trim();
    let mut noise = |_: &[usize]| unreachable!("this decoder injects no noise");
    vae.decode_chunks(&z, None, &chunking, &mut noise, &mut sink)
        .expect("decodes");
    (memory::peak(), frames)
}

// One test at a time: two would count each other's blocks.
#[test]
fn memory_does_not_grow_with_the_clip() {
    let vae = decoder();
    // 5 and 20 seconds at 24 frames a second.
    let (short, frames) = stream(&vae, [16, 6, 10]);
    assert_eq!(frames, 121);
    let (long, frames) = stream(&vae, [61, 6, 10]);
    assert_eq!(frames, 481);
    assert!(long * 10 <= short * 12, "{short} and {long} bytes");

    // At once, the video is there beside what the stream takes, and not twice.
    let z = Tensor::zeros((1, 8, 16, 6, 10), DType::F32, &Device::Cpu).expect("latents");
    memory::trim();
    let mut noise = |_: &[usize]| unreachable!("this decoder injects no noise");
    let video = vae.decode(&z, None, &mut noise).expect("decodes");
    assert_eq!(video.dims(), [1, 3, 121, 192, 320]);
    let bytes = video.elem_count() * 4;
    let whole = memory::peak();
    assert!(
        whole < short + bytes + bytes / 4,
        "{whole}, {short} and {bytes} bytes"
    );
}

#[test]
#[ignore = "minutes of work, and it wants the process to itself: --ignored"]
fn a_long_clip_of_1080p_takes_what_a_short_one_takes() {
    let vae = decoder();
    let (short, frames) = stream(&vae, [16, 34, 60]);
    println!("{frames} frames of 1920x1088: {} MiB", short >> 20);
    let (long, frames) = stream(&vae, [61, 34, 60]);
    println!("{frames} frames of 1920x1088: {} MiB", long >> 20);
    assert!(long * 10 <= short * 12, "{short} and {long} bytes");
}
