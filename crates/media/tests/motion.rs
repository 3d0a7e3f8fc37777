//! Motion-compensated frames against the true ones.

mod common;

use std::convert::Infallible;
use std::time::Instant;

use common::rate;
use kinora_media::{Frame, Method, Rational, Retime, contact_sheet, write_image};

const SIZE: (u32, u32) = (224, 128);

/// A repeatable value 0…1 for each place of a lattice.
fn hash(x: i64, y: i64, salt: i64) -> f64 {
    let mut h = (x.wrapping_mul(374_761_393)
        ^ y.wrapping_mul(668_265_263)
        ^ salt.wrapping_mul(1_274_126_177)) as u64;
    h = (h ^ (h >> 13)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (h >> 40) as f64 / (1u64 << 24) as f64
}

/// Smooth noise with features of about `scale` pixels.
fn noise(x: f64, y: f64, scale: f64, salt: i64) -> f64 {
    let (u, v) = (x / scale, y / scale);
    let (i, j) = (u.floor(), v.floor());
    let fade = |t: f64| t * t * (3.0 - 2.0 * t);
    let (fu, fv) = (fade(u - i), fade(v - j));
    let at = |di: i64, dj: i64| hash(i as i64 + di, j as i64 + dj, salt);
    (at(0, 0) * (1.0 - fu) + at(1, 0) * fu) * (1.0 - fv)
        + (at(0, 1) * (1.0 - fu) + at(1, 1) * fu) * fv
}

/// A ground that may move under the camera, and a textured square that crosses it. All edges are antialiased.
fn moving_square(t: f64, speed: (f64, f64), pan: f64) -> Frame {
    let (cx, cy) = (50.0 + speed.0 * t, 54.0 + speed.1 * t);
    Frame::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let gx = x + pan * t;
        let ground = 70.0 + 70.0 * noise(gx, y, 17.0, 1) + 30.0 * noise(gx, y, 5.0, 2);
        let mut color = [ground * 0.9, ground, ground * 0.7];
        let (dx, dy) = (x - cx, y - cy);
        let edge = 17.0 - dx.abs().max(dy.abs());
        if edge > -0.5 {
            let cover = (edge + 0.5).min(1.0);
            let cloth = 60.0 + 130.0 * noise(dx + 100.0, dy + 100.0, 6.0, 3);
            let square = [cloth + 50.0, cloth * 0.6, cloth * 0.4];
            color = [0, 1, 2].map(|i| color[i] * (1.0 - cover) + square[i] * cover);
        }
        color.map(|c| c.clamp(0.0, 255.0).round() as u8)
    })
    .unwrap()
}

fn retimed(frames: &[Frame], from: Rational, to: Rational, method: Method) -> Vec<Frame> {
    let source = frames.iter().cloned().map(Ok::<_, Infallible>);
    Retime::new(source, from, to, method)
        .map(|frame| match frame {
            Ok(frame) => frame,
            Err(never) => match never {},
        })
        .collect()
}

/// Mean PSNR of the frames that lie between those of the source.
fn quality(scene: impl Fn(f64) -> Frame, method: Method) -> (f64, Vec<Frame>) {
    let (from, to) = (rate(8, 1), rate(32, 1));
    let source: Vec<_> = (0..6).map(|i| scene(from.seconds(i))).collect();
    let frames = retimed(&source, from, to, method);
    let between: Vec<_> = (0..20).filter(|i| i % 4 != 0).collect();
    let sum: f64 = between
        .iter()
        .map(|i| frames[*i as usize].psnr(&scene(to.seconds(*i))).unwrap())
        .sum();
    (sum / between.len() as f64, frames)
}

#[test]
fn motion_beats_hold_and_blend() {
    for (name, speed, pan) in [
        ("slow", (20.0, 6.0), 0.0),
        ("walk", (60.0, 12.0), 0.0),
        ("fast", (130.0, -30.0), 0.0),
        ("pan", (50.0, 0.0), 40.0),
        ("follow", (0.0, 0.0), 70.0),
    ] {
        let scene = |t| moving_square(t, speed, pan);
        let [hold, blend, motion] =
            [Method::Hold, Method::Blend, Method::Motion].map(|m| quality(scene, m));
        eprintln!(
            "{name}: hold {:.2} blend {:.2} motion {:.2} dB",
            hold.0, blend.0, motion.0
        );
        if let Some(directory) = std::env::var_os("KINORA_SHEETS") {
            let truth: Vec<_> = (4..9).map(|i| scene(f64::from(i) / 32.0)).collect();
            let rows = truth.iter().chain(&blend.1[4..9]).chain(&motion.1[4..9]);
            let sheet = contact_sheet(rows, 5, SIZE.0).unwrap();
            let path = std::path::Path::new(&directory).join(format!("motion-{name}.png"));
            write_image(path, &sheet).unwrap();
        }
        assert!(motion.0 > hold.0.max(blend.0) + 4.0, "{name}");
        assert!(motion.0 > 30.0, "{name}: {:.2}", motion.0);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let source: Vec<_> = (0..9)
        .map(|i| moving_square(f64::from(i) / 8.0, (60.0, 12.0), 40.0))
        .collect();
    let with = |threads: usize, from, to| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let run = || retimed(&source, rate(from, 1), rate(to, 1), Method::Motion);
        pool.build().unwrap().install(run)
    };
    for (from, to, frames) in [(8, 30, 34), (8, 6, 7), (30, 8, 2)] {
        let one = with(1, from, to);
        assert_eq!(one.len(), frames);
        assert_eq!(one, with(3, from, to), "{from} to {to}");
    }
}

/// What a model draws is never free of grain: it must not be taken for motion.
#[test]
fn grain_does_not_swim() {
    for pan in [0.0, 40.0] {
        let clean = |t| moving_square(t, (60.0, 12.0), pan);
        let grainy = |t: f64| {
            let mut frame = clean(t);
            for (i, value) in frame.rgb_mut().iter_mut().enumerate() {
                let grain = 16.0 * (hash(i as i64, (t * 1000.0) as i64, 9) - 0.5);
                *value = (f64::from(*value) + grain).clamp(0.0, 255.0) as u8;
            }
            frame
        };
        let source: Vec<_> = (0..3).map(|i| grainy(f64::from(i) / 8.0)).collect();
        let [blend, motion] = [Method::Blend, Method::Motion].map(|method| {
            let frames = retimed(&source, rate(8, 1), rate(16, 1), method);
            frames[1].psnr(&clean(1.0 / 16.0)).unwrap()
        });
        eprintln!("pan {pan}: blend {blend:.2} motion {motion:.2} dB");
        assert!(motion > blend + 2.0, "{pan}: {blend} {motion}");
    }
}

#[test]
fn five_seconds_are_made_quickly() {
    let source: Vec<_> = (0..41)
        .map(|i| moving_square(f64::from(i) / 8.0, (30.0, 5.0), 10.0))
        .collect();
    let begun = Instant::now();
    let frames = retimed(&source, rate(8, 1), rate(30, 1), Method::Motion);
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!("{} frames in {seconds:.2} s", frames.len());
    assert!(frames.len() >= 150);
    // 2.3 s of one core's time were measured, on two cores about half; the limit only catches what has gone wrong, as
    // tests run beside other work.
    assert!(seconds < 120.0, "{seconds}");
}

#[test]
fn a_cut_is_not_morphed() {
    let a = moving_square(0.0, (0.0, 0.0), 0.0);
    let b = Frame::from_fn(SIZE.0, SIZE.1, |x, y| {
        [(x / 8 * 40 + y / 9 * 90) as u8, 230, (y * 2) as u8]
    })
    .unwrap();
    let frames = retimed(
        &[a.clone(), b.clone()],
        rate(8, 1),
        rate(32, 1),
        Method::Motion,
    );
    assert!(frames[..2].iter().all(|frame| *frame == a));
    assert!(frames[3..].iter().all(|frame| *frame == b));
}

#[test]
fn small_and_still_frames_are_no_trouble() {
    for size in [(1, 1), (3, 2), (17, 40), (224, 5)] {
        let source: Vec<_> = (0..3)
            .map(|i| Frame::from_fn(size.0, size.1, |x, y| [(x + i) as u8, y as u8, 7]).unwrap())
            .collect();
        let frames = retimed(&source, rate(8, 1), rate(30, 1), Method::Motion);
        assert_eq!(frames.len(), 11);
        assert!(frames.iter().all(|frame| frame.size() == size));
    }
    let still = moving_square(0.0, (0.0, 0.0), 0.0);
    let frames = retimed(
        &[still.clone(), still.clone()],
        rate(8, 1),
        rate(30, 1),
        Method::Motion,
    );
    assert!(
        frames
            .iter()
            .all(|frame| frame.psnr(&still).unwrap() > 50.0)
    );
}
