//! What the processor can do at most: the measure for everything else.

use std::hint::black_box;
use std::time::Instant;

use crate::element::Element;
use crate::path::Path;
use crate::tile::{COLUMNS, ROWS, Sums, Tile};

/// Thousand millions of additions and multiplications a second of the calling thread: the tile on a few
/// values that never leave the first-level cache, the best of several tries.
pub fn gflops<T: Element>(path: Path) -> f64 {
    let depth = Tile::<T>::DEPTH / 2;
    let rows = vec![T::from_f32(0.5); ROWS * Tile::<T>::STRIDE];
    let panel = vec![T::from_f32(0.5); depth * COLUMNS];
    let mut sums: Sums = [0.0; ROWS * COLUMNS];
    let tile = Tile::<T>::new(path);
    let mut best = 0f64;
    for _ in 0..20 {
        let begun = Instant::now();
        let rounds = 200;
        for _ in 0..rounds {
            tile.add(depth, black_box(&rows), black_box(&panel), &mut sums);
        }
        let flops = 2 * rounds * depth * ROWS * COLUMNS;
        best = best.max(flops as f64 / begun.elapsed().as_secs_f64());
    }
    black_box(sums);
    best / 1e9
}

/// The same of all threads at once.
pub fn machine_gflops<T: Element>(path: Path) -> f64 {
    let threads = rayon::broadcast(|_| gflops::<T>(path));
    threads.into_iter().sum()
}
