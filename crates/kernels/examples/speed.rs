//! How fast the kernels are, beside what the processor can do at most. `RAYON_NUM_THREADS=1` for one core.

use std::time::Instant;

use half::bf16;
use kinora_kernels::{
    Activation, Bias, Element, Finish, Frames, Heads, Packed, Patches, Path, Place, Plain, Window,
    Winograd, attention_on, multiply_on, norm_silu_on, peak,
};

/// As in the program: large results are kept pages.
#[global_allocator]
static ALLOCATOR: kinora_kernels::memory::Allocator = kinora_kernels::memory::Allocator;

/// Rows, columns and depth of products that the networks have.
const PRODUCTS: [(usize, usize, usize); 5] = [
    (616, 320, 320),
    (616, 1280, 320),
    (616, 320, 1280),
    (2160, 1024, 1024),
    (2160, 4096, 1024),
];

/// Frames, height, width, channels in and out of convolutions of 3 × 3 × 3.
const CONVOLUTIONS: [([usize; 3], usize, usize); 4] = [
    ([6, 96, 160], 64, 64),
    ([6, 96, 160], 64, 48),
    ([6, 48, 80], 128, 128),
    ([6, 24, 40], 256, 256),
];

/// Tokens, keys, heads and their width.
const ATTENTIONS: [(usize, usize, usize, usize); 2] = [(2160, 2160, 16, 64), (2160, 64, 16, 64)];

fn main() {
    // The paths that are named, or all.
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |path: &Path| named.is_empty() || named.contains(&path.to_string());
    for path in Path::available().into_iter().filter(wanted) {
        let peaks = (peak::gflops::<f32>(path), peak::gflops::<bf16>(path));
        println!(
            "{path}: a core's peak is {:.0} GFLOP/s in f32, {:.0} in bf16",
            peaks.0, peaks.1
        );
        for product in PRODUCTS {
            matmul::<f32>(path, product, peaks.0);
            matmul::<bf16>(path, product, peaks.1);
        }
        for convolution in CONVOLUTIONS {
            conv::<f32>(path, convolution, peaks.0);
            conv::<bf16>(path, convolution, peaks.1);
        }
        for heads in ATTENTIONS {
            attend::<f32>(path, heads, peaks.0);
            attend::<bf16>(path, heads, peaks.1);
        }
        norm(path);
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

/// Both ways of a convolution, by the operations that the direct one has.
fn conv<T: Element>(path: Path, (size, c_in, c_out): ([usize; 3], usize, usize), peak: f64) {
    let [t, h, w] = size;
    let video = vec![T::from_f32(0.5); t * h * w * c_in];
    let weights = Packed::new(
        &vec![T::from_f32(0.25); 27 * c_in * c_out],
        c_out,
        27 * c_in,
    );
    let winograd = Winograd::new(&weights, 3, c_in);
    let video = Frames::new(&video, 1, size, c_in);
    let window = Window {
        kernel: [3; 3],
        stride: [1; 3],
        padding: [0, 1, 1],
    };
    let bias = vec![1f32; c_out];
    let finish = Finish {
        bias: Some(&bias),
        ..Finish::default()
    };
    let flops = (2 * 27 * (t - 2) * h * w * c_in * c_out) as f64;
    let bits = 8 * size_of::<T>();
    let direct = best(flops, || {
        let y: Vec<f32> = multiply_on(path, &Patches::new(&video, window), &weights, &finish);
        std::hint::black_box(y);
    });
    let short = best(flops, || {
        let y: Vec<f32> = winograd.convolve(path, &video, &finish, Place::Pixels);
        std::hint::black_box(y);
    });
    for (name, s) in [("conv", direct), ("conv winograd", short)] {
        let speed = flops / s / 1e9;
        println!(
            "{:<16} {:>5} {c_out:>5} {:>5} {:>8.3} ms {speed:>6.0} GFLOP/s {:>4.0} %",
            format!("{name} {bits}"),
            (t - 2) * h * w,
            27 * c_in,
            s * 1e3,
            100.0 * speed / peak
        );
    }
}

fn attend<T: Element>(path: Path, (n, l, heads, width): (usize, usize, usize, usize), peak: f64) {
    let row = heads * width;
    let (q, k) = (vec![0.5f32; n * row], vec![T::from_f32(0.25); l * row]);
    let heads = Heads {
        batch: 1,
        queries: n,
        keys: l,
        heads,
        width,
        scale: 0.125,
    };
    let flops = (4 * n * l * row) as f64;
    let s = best(flops, || {
        let y: Vec<T> = attention_on::<T, T, T>(path, &q, [&k, &k], heads, &Bias::default());
        std::hint::black_box(y);
    });
    let (name, speed) = (format!("attention {}", 8 * size_of::<T>()), flops / s / 1e9);
    println!(
        "{name:<16} {n:>5} {l:>5} {row:>5} {:>8.3} ms {speed:>6.0} GFLOP/s {:>4.0} %",
        s * 1e3,
        100.0 * speed / peak
    );
}

/// Norm, modulation and SiLU, by the bytes that come and go.
fn norm(path: Path) {
    let (rows, c) = (96 * 160, 64);
    let (x, modulation) = (vec![0.5f32; rows * c], vec![0.1f32; 2 * c]);
    let s = best(1e8, || {
        let y: Vec<bf16> = norm_silu_on(path, &x, &modulation, c, 1e-8);
        std::hint::black_box(y);
    });
    let speed = (rows * c * 6) as f64 / s / 1e9;
    println!(
        "{:<16} {rows:>5} {c:>5} {:>14.3} ms {speed:>6.1} GB/s",
        "norm+silu to 16",
        s * 1e3
    );
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
