//! Values that need more than a number's or a name's parser.

use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use kinora_engine::board::Curve;
use kinora_media::Rational;

/// `5`, `2.5`; what range it has is said by who uses it.
pub fn number(text: &str) -> Result<f64, String> {
    let number = text.trim().parse();
    number.map_err(|_| format!("`{text}` is not a number; give one such as 5 or 2.5"))
}

/// `0`, `7`: as large as its type holds.
pub fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    let number = text.trim().parse();
    number.map_err(|_| format!("`{text}` is not a whole number from 0 on, or is too large"))
}

/// Seconds from … to of a clip; without an end, to the clip's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    pub from: f64,
    pub to: Option<f64>,
}

/// `1.5..3`, `..3`, `2..`
pub fn part(text: &str) -> Result<Part, String> {
    let wrong = || format!("`{text}` is not a range; give seconds FROM..TO, for instance 1.5..3");
    let seconds = |text: &str| -> Result<Option<f64>, String> {
        match text.trim().trim_end_matches('s').trim() {
            "" => Ok(None),
            number => match number.parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
                _ => Err(wrong()),
            },
        }
    };
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let part = Part {
        from: seconds(from)?.unwrap_or(0.0),
        to: seconds(to)?,
    };
    match part.to {
        Some(to) if to <= part.from => Err(wrong()),
        _ => Ok(part),
    }
}

/// A part, and how many times as fast it plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedPart {
    pub part: Part,
    pub speed: f64,
}

/// `1.5..3`, `1.5..3@0.5`
pub fn timed_part(text: &str) -> Result<TimedPart, String> {
    let (range, speed) = match text.split_once('@') {
        None => (text, 1.0),
        Some((range, speed)) => {
            let number = speed.trim().trim_end_matches(['x', '×']).parse::<f64>();
            let number = number.ok().filter(|n| n.is_finite() && *n > 0.0);
            let wrong = || format!("`{text}`: after the @ comes a speed, for instance {range}@0.5");
            (range, number.ok_or_else(wrong)?)
        }
    };
    let part = part(range)?;
    Ok(TimedPart { part, speed })
}

/// `0:0,2.5:1`
pub fn curve(text: &str) -> Result<Curve, String> {
    let point = |text: &str| {
        let (time, weight) = text.split_once(':')?;
        Some((time.trim().parse().ok()?, weight.trim().parse().ok()?))
    };
    let points: Option<Vec<(f64, f64)>> = text.split(',').map(point).collect();
    let points = points.ok_or_else(|| {
        format!("`{text}` is not a curve; give SECONDS:SHARE,…, for instance 0:0,2.5:1")
    })?;
    Curve::new(points)
}

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

/// `127.0.0.1:7860`, `localhost:7860`, `:7860`
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let whole = match text.strip_prefix(':') {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    let found: Vec<SocketAddr> = whole.to_socket_addrs().into_iter().flatten().collect();
    let found = found
        .iter()
        .find(|address| address.is_ipv4())
        .or(found.first());
    found.copied().ok_or_else(|| {
        format!("`{text}` is not an address of this machine; give HOST:PORT, for instance 127.0.0.1:7860")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for text in ["127.0.0.1:7860", "localhost:7860", ":7860"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:7860");
        }
        for bad in ["", "7860", "127.0.0.1", "127.0.0.1:x"] {
            assert!(address(bad).unwrap_err().contains("HOST:PORT"), "{bad}");
        }
    }

    #[test]
    fn parts_are_read() {
        let of = |text: &str| part(text).map(|part| (part.from, part.to));
        assert_eq!(of("1.5..3"), Ok((1.5, Some(3.0))));
        assert_eq!(of("..3s"), Ok((0.0, Some(3.0))));
        assert_eq!(of("2.."), Ok((2.0, None)));
        for bad in ["", "3", "3..1", "2..2", "-1..2", "a..b", "nan..2"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_have_a_speed() {
        let of = |text: &str| timed_part(text).map(|timed| (timed.part.from, timed.speed));
        assert_eq!(of("1.5..3"), Ok((1.5, 1.0)));
        assert_eq!(of("2..@0.5"), Ok((2.0, 0.5)));
        assert_eq!(of("..3@2x"), Ok((0.0, 2.0)));
        for bad in ["1..2@", "1..2@0", "1..2@-1", "1..2@fast", "1..2@inf", "@2"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn curves_are_read() {
        assert_eq!(
            curve("0:0, 2.5:1").unwrap().points(),
            [(0.0, 0.0), (2.5, 1.0)]
        );
        for bad in ["", "0", "0:2", "1:0,0:1", "a:b"] {
            assert!(curve(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("854x480").unwrap(), (854, 480));
        for bad in ["854", "x480", "854x", "-1x2", "axb"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
