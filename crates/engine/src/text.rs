//! Small questions of text: prompts, names, numbers.

/// Whether a character belongs to the Chinese, Japanese or Korean scripts.
pub fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A readable file stem from a prompt and a seed: `woolly-mammoth-walks-in-the-desert-7`.
///
/// Letters and digits of every script stay, so that a Chinese prompt names its file too; at most eight words or
/// twenty-four Chinese characters.
pub fn file_stem(prompt: &str, seed: u64) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut length = 0;
    for word in prompt.split(|c: char| !c.is_alphanumeric()) {
        let lower = word.to_lowercase();
        let article = words.is_empty() && matches!(lower.as_str(), "a" | "an" | "the");
        if lower.is_empty() || article {
            continue;
        }
        // A CJK character says about as much as a quarter of a word, and takes three bytes of a name.
        let kept: String = lower.chars().take(24).collect();
        length += kept
            .chars()
            .map(|c| if is_cjk(c) { 2 } else { 1 })
            .sum::<usize>();
        if words.len() == 8 || (length > 48 && !words.is_empty()) {
            break;
        }
        words.push(kept);
    }
    if words.is_empty() {
        words.push("clip".into());
    }
    format!("{}-{seed}", words.join("-"))
}

/// `1 step`, `2 steps`
pub fn counted(count: usize, one: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {one}{ending}")
}

/// A number for a sentence: as it was typed, but without a tail of digits or hundreds of them.
pub fn number(value: f64) -> String {
    let plain = value.to_string();
    let decimals = plain.split_once('.').map_or("", |(_, decimals)| decimals);
    let rounded = (value * 1000.0).round() / 1000.0;
    match decimals.len() {
        _ if value.abs() >= 1e9 => format!("{value:e}"),
        0..=6 => plain,
        _ if rounded == 0.0 => format!("{value:.1e}"),
        _ => rounded.to_string(),
    }
}

/// Insertions, deletions and substitutions of characters between two words.
pub fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_read_well() {
        for (prompt, stem) in [
            (
                "A woolly mammoth walks in the desert, wide-angle shot",
                "woolly-mammoth-walks-in-the-desert-wide-angle-7",
            ),
            (
                "长毛猛犸象在沙漠中行走，广角镜头拍摄",
                "长毛猛犸象在沙漠中行走-广角镜头拍摄-7",
            ),
            ("../../etc/passwd", "etc-passwd-7"),
            ("!!!", "clip-7"),
        ] {
            assert_eq!(file_stem(prompt, 7), stem);
        }
        let long = file_stem(&"象".repeat(500), 7);
        assert!(long.len() < 120, "{long}");
    }

    #[test]
    fn numbers_stay_apart_and_short() {
        for (value, text) in [
            (5.0, "5"),
            (0.001, "0.001"),
            (20.0001, "20.0001"),
            (0.1 + 0.2, "0.3"),
            (16.0 / 3.0, "5.333"),
            (-0.25, "-0.25"),
            (1e300, "1e300"),
            (1e-300, "1.0e-300"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn distances_count_edits() {
        for (a, b, distance) in [("", "", 0), ("dog", "dogs", 1), ("kitten", "sitting", 3)] {
            assert_eq!(edit_distance(a, b), distance);
        }
    }
}
