//! How fast the kernels are, beside what the processor can do at most. `RAYON_NUM_THREADS=1` for one core.

use std::time::Instant;

use half::bf16;
use kinora_kernels::{Activation, Element, Finish, Packed, Path, Plain, multiply_on, peak};

/// Rows, columns and depth of products that the networks have.
const PRODUCTS: [(usize, usize, usize); 5] = [
    (616, 320, 320),
    (616, 1280, 320),
    (616, 320, 1280),
    (2160, 1024, 1024),
    (2160, 4096, 1024),
];

fn main() {
    for path in Path::available() {
        let peaks = (peak::gflops::<f32>(path), peak::gflops::<bf16>(path));
        println!(
            "{path}: a core's peak is {:.0} GFLOP/s in f32, {:.0} in bf16",
            peaks.0, peaks.1
        );
        for product in PRODUCTS {
            matmul::<f32>(path, product, peaks.0);
            matmul::<bf16>(path, product, peaks.1);
        }
    }
}

fn matmul<T: Element>(path: Path, (m, n, k): (usize, usize, usize), peak: f64)
where
    for<'a> Plain<'a, f32>: kinora_kernels::Rows<T>,
{
    let x = vec![0.5f32; m * k];
    let w = Packed::new(&vec![T::from_f32(0.25); n * k], n, k);
    let bias = vec![1f32; n];
    for (name, activation) in [("", Activation::None), ("+gelu", Activation::Gelu)] {
        let finish = Finish {
            bias: Some(&bias),
            activation,
            residual: None,
        };
        let flops = (2 * m * n * k) as f64;
        let s = best(flops, || {
            let y: Vec<f32> = multiply_on(path, &Plain::new(&x, m, k), &w, &finish);
            std::hint::black_box(y);
        });
        let bits = 8 * size_of::<T>();
        let speed = flops / s / 1e9;
        let name = format!("matmul{name} {bits}");
        println!(
            "{name:<16} {m:>5} {n:>5} {k:>5} {:>8.3} ms {speed:>6.0} GFLOP/s {:>4.0} %",
            s * 1e3,
            100.0 * speed / peak
        );
    }
}

/// Seconds of one run, by the processor's own count where there is one: others may be at work.
fn best(flops: f64, mut run: impl FnMut()) -> f64 {
    run();
    let rounds = (1e10 / flops).clamp(2.0, 100.0) as usize;
    let (begun, wall) = (spent(), Instant::now());
    for _ in 0..rounds {
        run();
    }
    let seconds = match (begun, spent()) {
        (Some(begun), Some(end)) if rayon::current_num_threads() == 1 => end - begun,
        _ => wall.elapsed().as_secs_f64(),
    };
    seconds / rounds as f64
}

/// Seconds that this thread has had.
fn spent() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = stat.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}
