//! Reference pictures read into words: their colours and their light, as a prompt can say them.

use kinora_media::Frame;

use super::{Style, Words};

/// A picture is read at this many points a side.
const SIDE: u32 = 64;
/// Below this share of the grey-to-pure range a pixel has no hue of its own.
const GREY: f64 = 0.12;

const HUES: [(&str, &str); 8] = [
    ("red", "红"),
    ("orange", "橙"),
    ("yellow", "黄"),
    ("green", "绿"),
    ("cyan", "青"),
    ("blue", "蓝"),
    ("purple", "紫"),
    ("pink", "粉"),
];
/// Where each hue begins, in degrees; red also takes what lies beyond the last.
const BEGINS: [f64; 8] = [-15.0, 15.0, 45.0, 70.0, 160.0, 200.0, 255.0, 300.0];
const RED_AGAIN: f64 = 345.0;

/// What the pictures have in common.
#[derive(Debug, Clone, PartialEq)]
struct Measure {
    /// Mean brightness, 0–1.
    bright: f64,
    /// Standard deviation of the brightness, 0–0.5.
    contrast: f64,
    /// Mean colourfulness, 0–1.
    colourful: f64,
    /// Share of the pixels of each hue, among all.
    hues: [f64; 8],
}

/// Says in a style what its pictures show of colour and light; what was written goes first.
pub fn fill(style: &mut Style, frames: &[Frame]) {
    let (en, zh) = read(frames);
    let fill = |own: &mut Words, read: Words| {
        for (field, text) in [
            (&mut own.colour, read.colour),
            (&mut own.lighting, read.lighting),
        ] {
            if field.is_empty() {
                *field = text;
            }
        }
    };
    // A language in which the style was not described stays silent: half a style would win over the whole one.
    match (!style.en.is_empty(), !style.zh.is_empty()) {
        (true, false) => fill(&mut style.en, en),
        (false, true) => fill(&mut style.zh, zh),
        _ => {
            fill(&mut style.en, en);
            fill(&mut style.zh, zh);
        }
    }
}

/// The colour and lighting of `frames`, in English and Chinese; empty words without any frame.
pub fn read(frames: &[Frame]) -> (Words, Words) {
    let Some(measure) = measure(frames) else {
        return Default::default();
    };
    let (colour_en, colour_zh) = colours(&measure);
    let (light_en, light_zh) = light(&measure);
    let words = |colour: String, light: &str| Words {
        colour,
        lighting: light.into(),
        ..Words::default()
    };
    (words(colour_en, light_en), words(colour_zh, light_zh))
}

fn measure(frames: &[Frame]) -> Option<Measure> {
    let (mut count, mut sum, mut squares, mut colourful) = (0.0, 0.0, 0.0, 0.0);
    let mut hues = [0.0; 8];
    for frame in frames {
        let (w, h) = frame.size();
        let at = |i: u32, side: u32| {
            ((u64::from(i) * 2 + 1) * u64::from(side) / u64::from(SIDE * 2)) as u32
        };
        for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
            let [r, g, b] = frame
                .pixel(at(x, w), at(y, h))
                .map(|c| f64::from(c) / 255.0);
            let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
            let (high, low) = (r.max(g).max(b), r.min(g).min(b));
            count += 1.0;
            sum += luma;
            squares += luma * luma;
            colourful += high - low;
            if high - low > GREY {
                hues[hue(r, g, b)] += 1.0;
            }
        }
    }
    if count == 0.0 {
        return None;
    }
    let bright = sum / count;
    Some(Measure {
        bright,
        contrast: (squares / count - bright * bright).max(0.0).sqrt(),
        colourful: colourful / count,
        hues: hues.map(|n| n / count),
    })
}

/// The index in [`HUES`] of a colour that is not grey.
fn hue(r: f64, g: f64, b: f64) -> usize {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let range = high - low;
    let sixth = match high {
        high if high == r => ((g - b) / range).rem_euclid(6.0),
        high if high == g => (b - r) / range + 2.0,
        _ => (r - g) / range + 4.0,
    };
    let degrees = sixth * 60.0;
    if degrees >= RED_AGAIN {
        return 0;
    }
    BEGINS
        .iter()
        .rposition(|begin| degrees >= *begin)
        .unwrap_or(0)
}

fn colours(measure: &Measure) -> (String, String) {
    if measure.colourful < 0.04 {
        return ("black and white".into(), "黑白".into());
    }
    let (en, zh) = match measure.colourful {
        c if c < 0.2 => ("muted", "柔和的"),
        c if c < 0.45 => ("natural", "自然的"),
        _ => ("vivid", "鲜艳的"),
    };
    let mut order: Vec<usize> = (0..8).filter(|i| measure.hues[*i] > 0.08).collect();
    order.sort_by(|a, b| measure.hues[*b].total_cmp(&measure.hues[*a]));
    order.truncate(3);
    let names_en: Vec<_> = order.iter().map(|i| HUES[*i].0).collect();
    let names_zh: Vec<_> = order.iter().map(|i| format!("{}色", HUES[*i].1)).collect();
    match order.is_empty() {
        true => (format!("{en} colours"), format!("{zh}颜色")),
        false => (
            format!("{en} colours, mostly {}", names_en.join(" and ")),
            format!("{zh}颜色，以{}为主", names_zh.join("和")),
        ),
    }
}

fn light(measure: &Measure) -> (&'static str, &'static str) {
    match (measure.bright, measure.contrast) {
        (b, c) if b < 0.3 && c >= 0.2 => ("low-key light, hard shadows", "低调光，强烈的阴影"),
        (b, _) if b < 0.3 => ("dim light", "昏暗的光线"),
        (b, c) if b > 0.7 && c < 0.2 => ("bright, high-key light", "明亮的高调光"),
        (_, c) if c >= 0.27 => ("strong contrast of light and shadow", "强烈的明暗对比"),
        _ => ("soft, even light", "柔和均匀的光线"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rgb: [u8; 3]) -> Frame {
        Frame::filled(20, 10, rgb).unwrap()
    }

    #[test]
    fn colours_and_light_are_named() {
        for (rgb, words) in [
            ([20, 20, 20], ["black and white", "dim light"]),
            ([240, 240, 240], ["black and white", "high-key"]),
            ([220, 30, 30], ["vivid", "red"]),
            ([230, 20, 60], ["vivid", "red"]),
            ([40, 160, 60], ["colours", "green"]),
            ([30, 60, 200], ["vivid", "blue"]),
            ([140, 120, 100], ["muted", "orange"]),
        ] {
            let (en, zh) = read(&[filled(rgb)]);
            let said = format!("{} {}", en.colour, en.lighting);
            for word in words {
                assert!(said.contains(word), "{rgb:?}: {said}");
            }
            assert!(!zh.colour.is_empty() && !zh.lighting.is_empty());
        }
    }

    #[test]
    fn several_pictures_are_read_together() {
        let (en, _) = read(&[filled([220, 30, 30]), filled([30, 60, 200])]);
        assert!(
            en.colour.contains("red") && en.colour.contains("blue"),
            "{}",
            en.colour
        );
        assert_eq!(read(&[]), Default::default());
    }

    #[test]
    fn hard_light_in_the_dark_is_low_key() {
        let spot = Frame::from_fn(64, 64, |x, _| if x < 8 { [250; 3] } else { [10; 3] }).unwrap();
        assert_eq!(read(&[spot]).0.lighting, "low-key light, hard shadows");
    }
}
