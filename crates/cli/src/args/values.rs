//! Values that need more than a number's or a name's parser.

use kinora_media::Rational;

/// `854x480`
pub fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once(['x', 'X', '×']);
    let parsed = sides.and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    parsed.ok_or_else(|| format!("`{text}` is not a size; give WIDTHxHEIGHT, for instance 854x480"))
}

pub fn rate(text: &str) -> Result<Rational, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a frame rate; give 30, 23.976 or 24000/1001"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("854x480").unwrap(), (854, 480));
        for bad in ["854", "x480", "854x", "-1x2", "axb"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
