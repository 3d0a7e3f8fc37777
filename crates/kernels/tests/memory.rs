//! That attention takes memory in proportion to its tokens, as the allocator counts it.
#![cfg(target_os = "linux")]

use kinora_kernels::{Bias, Heads, attention, memory};

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;

/// Bytes at the peak of an attention of so many tokens to each other, inputs and result counted.
fn peak(tokens: usize) -> usize {
    let heads = Heads {
        batch: 1,
        queries: tokens,
        keys: tokens,
        heads: 16,
        width: 64,
        scale: 0.125,
    };
    let x = vec![0.5f32; tokens * heads.heads * heads.width];
    memory::trim();
    let y: Vec<f32> = attention::<f32, _, _>(&x, [&x, &x], heads, &Bias::default());
    assert!((y[0] - 0.5).abs() < 1e-5);
    memory::peak()
}

#[test]
fn attention_is_linear_in_tokens() {
    let (some, more) = (peak(1000), peak(4000));
    assert!(more <= 4 * some + some / 2, "{some} and {more} bytes");
    // Queries, keys, values and result are 16 MB each; the scores would be 1 GB.
    assert!(more < 100 << 20, "{more} bytes");
}
