//! What a small model was taught, and which words of a prompt lie beyond it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::Deserialize;

use crate::text::{edit_distance, is_cjk};

/// `vocabulary.json`: lists of concepts by kind (`actors`, `places` …), each with its names and words by language.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Vocabulary {
    /// What the model learnt from, for the curious.
    #[serde(default)]
    pub trained_on: Option<serde_json::Value>,
    /// Kind → what it holds; kinds are the trainer's.
    #[serde(flatten)]
    kinds: BTreeMap<String, serde_json::Value>,
}

/// One thing that the model knows.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Concept {
    /// Language → its name.
    #[serde(default)]
    pub name: BTreeMap<String, String>,
    /// Language → the words that mean it.
    #[serde(default)]
    pub words: BTreeMap<String, Vec<String>>,
}

/// A word that the model never met, and the nearest that it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    pub word: String,
    /// The word nearest in meaning, which the model is told instead.
    pub taken: Option<String>,
    /// Words that are spelt like it, where none is near in meaning.
    pub nearest: Vec<String>,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}”", self.word)?;
        match &self.taken {
            Some(taken) => write!(f, " (drawn as {taken})"),
            None if self.nearest.is_empty() => Ok(()),
            None => write!(f, " (nearest: {})", self.nearest.join(", ")),
        }
    }
}

/// The kinds that are shown first.
const FIRST_KINDS: [&str; 4] = ["actors", "places", "actions", "camera"];

/// Words that carry no picture.
const GLUE_EN: &str = "a an the one two three this that and or of in on at to with without from by for into over under as is are \
    was be being it its his her their there while then through near next very some video clip shot scene view \
    picture image photo showing shows show";
const GLUE_ZH: &str =
    "的地得在中上下里内外一二两三只个头条匹群位名和与是着了过被把从到向拍摄镜头画面视频有很";

impl Vocabulary {
    /// The concepts by kind: who, where, what they do, how it is seen, then the others by name.
    pub fn kinds(&self) -> Vec<(&str, Vec<Concept>)> {
        let concepts = |value: &serde_json::Value| -> Option<Vec<Concept>> {
            let list: Vec<Concept> = serde_json::from_value(value.clone()).ok()?;
            (!list.is_empty()).then_some(list)
        };
        let mut kinds: Vec<(&str, Vec<Concept>)> = self
            .kinds
            .iter()
            .filter_map(|(kind, value)| Some((kind.as_str(), concepts(value)?)))
            .collect();
        let rank = |kind: &str| FIRST_KINDS.iter().position(|first| *first == kind);
        kinds.sort_by_key(|(kind, _)| rank(kind).unwrap_or(FIRST_KINDS.len()));
        kinds
    }

    /// The prompt with each unknown word replaced by the known one that is nearest in meaning, where one is near: a corgi
    /// becomes a dog. Words that are near to nothing stay.
    pub fn reworded(&self, prompt: &str) -> String {
        let nouns = self.nouns();
        let taken = |word: &str| self.taken(&nouns, word).unwrap_or_else(|| word.to_owned());
        let mut text = prompt.to_owned();
        let known = self.words();
        for word in latin_words(prompt) {
            if !knows(&known, &word) {
                text = replace_word(&text, &word, &taken(&word));
            }
        }
        replace_ranges(&text, &unknown_cjk(&known, &text), taken)
    }

    /// The prompt without the Chinese words that are not known: to an encoder that knows no such character each of theirs is
    /// a blank. `None` if nothing that carries a picture is left.
    pub fn readable_part(&self, prompt: &str) -> Option<String> {
        let unknown = unknown_cjk(&self.words(), prompt);
        let rest = replace_ranges(prompt, &unknown, |_| String::new());
        let carries = |c: char| c.is_alphabetic() && !GLUE_ZH.contains(c);
        let carried = rest.chars().any(carries);
        carried.then(|| rest.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
    }

    /// The words of a prompt that no list holds, each with the one that is nearest in meaning or at most three that are
    /// spelt like it; in order, each once.
    pub fn unknown_words(&self, prompt: &str) -> Vec<UnknownWord> {
        let known = self.words();
        let mut unknown = Vec::new();
        for word in latin_words(prompt) {
            if !knows(&known, &word) {
                unknown.push(word);
            }
        }
        let cjk = unknown_cjk(&known, prompt).into_iter();
        unknown.extend(cjk.map(|range| prompt[range].to_owned()));
        let mut seen = BTreeSet::new();
        unknown.retain(|word| seen.insert(word.clone()));
        let nouns = self.nouns();
        let near = |word: String| match self.taken(&nouns, &word) {
            Some(taken) => UnknownWord {
                word,
                taken: Some(taken),
                nearest: Vec::new(),
            },
            None => UnknownWord {
                nearest: nearest(&nouns, &word),
                word,
                taken: None,
            },
        };
        unknown.into_iter().map(near).collect()
    }

    /// The known word that is nearest in meaning, in the form of the unknown one: "galloping" is "running".
    fn taken(&self, nouns: &[String], word: &str) -> Option<String> {
        let found = kinora_words::meanings().nearest(word, nouns.iter().map(String::as_str))?;
        let found = &nouns[found];
        if word.ends_with("ing") {
            // Of the same concept, if it has such a form.
            let concepts = self.kinds().into_iter().flat_map(|(_, concepts)| concepts);
            let mut forms = concepts
                .map(|concept| concept.words.into_values().flatten().collect::<Vec<_>>())
                .filter(|words| words.contains(found))
                .flatten();
            if let Some(form) = forms.find(|form| form.ends_with("ing")) {
                return Some(form);
            }
        }
        Some(found.clone())
    }

    /// Every word of every list, lower case, and each word of the phrases among them.
    fn words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        let mut add = |text: &str| {
            let text = text.to_lowercase();
            words.extend(latin_words(&text));
            words.insert(text);
        };
        GLUE_EN.split_whitespace().for_each(&mut add);
        GLUE_ZH.chars().for_each(|c| add(&c.to_string()));
        for value in self.kinds.values() {
            each_string(value, &mut add);
        }
        words
    }

    /// Words worth proposing: those of the concepts.
    fn nouns(&self) -> Vec<String> {
        let mut nouns = Vec::new();
        for (_, concepts) in self.kinds() {
            for concept in concepts {
                nouns.extend(concept.words.into_values().flatten());
                nouns.extend(concept.name.into_values());
            }
        }
        nouns.sort();
        nouns.dedup();
        nouns
    }
}

fn each_string(value: &serde_json::Value, visit: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => visit(text),
        serde_json::Value::Array(list) => list.iter().for_each(|item| each_string(item, visit)),
        serde_json::Value::Object(map) => map.values().for_each(|item| each_string(item, visit)),
        _ => {}
    }
}

/// The text with a word, given in lower case, replaced wherever it stands by itself.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut String| {
        out.push_str(if run.to_lowercase() == word { by } else { run });
        run.clear();
    };
    for c in text.chars() {
        if c.is_alphabetic() && !is_cjk(c) {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

/// The runs of letters outside the CJK scripts, lower case.
fn latin_words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphabetic() || is_cjk(c))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A word counts as known in its plural, its -ing, -s and -ed forms too.
fn knows(known: &BTreeSet<String>, word: &str) -> bool {
    if known.contains(word) {
        return true;
    }
    let stems = ["ing", "es", "ed", "s", "d", "ly"];
    stems
        .iter()
        .filter_map(|ending| word.strip_suffix(ending))
        .any(|stem| {
            let undoubled = stem
                .char_indices()
                .next_back()
                .map_or("", |(last, _)| &stem[..last]);
            stem.len() >= 2
                && (known.contains(stem)
                    || known.contains(&format!("{stem}e"))
                    || known.contains(&format!("{stem}s"))
                    || (stem.ends_with(undoubled.chars().next_back().unwrap_or(' '))
                        && known.contains(undoubled)))
        })
}

/// The text with each of the ranges, in order, replaced by what `by` makes of it.
fn replace_ranges(text: &str, ranges: &[Range<usize>], by: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(&text[at..range.start]);
        out.push_str(&by(&text[range.clone()]));
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// Where the CJK runs lie that are left after the longest known words were taken out, from the left; in bytes.
fn unknown_cjk(known: &BTreeSet<String>, prompt: &str) -> Vec<Range<usize>> {
    let longest = known.iter().map(|word| word.chars().count()).max();
    let longest = longest.unwrap_or(0);
    let mut rest: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(first) = prompt[at..].chars().next() {
        let ends = prompt[at..]
            .char_indices()
            .map(|(i, c)| at + i + c.len_utf8());
        let mut ends: Vec<usize> = ends.take(longest.max(1)).collect();
        let one = ends[0];
        ends.retain(|&end| is_cjk(first) && known.contains(&prompt[at..end]));
        if ends.is_empty() && is_cjk(first) && first.is_alphabetic() {
            match rest.last_mut() {
                Some(run) if run.end == at => run.end = one,
                _ => rest.push(at..one),
            }
        }
        at = ends.pop().unwrap_or(one);
    }
    rest
}

/// At most three words of the same script that share a beginning or are few edits away, nearest first.
fn nearest(candidates: &[String], word: &str) -> Vec<String> {
    let length = word.chars().count();
    let cjk = word.chars().any(is_cjk);
    let mut scored: Vec<(usize, &String)> = candidates
        .iter()
        .filter(|candidate| candidate.chars().any(is_cjk) == cjk)
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let shared = lower
                .chars()
                .zip(word.chars())
                .take_while(|(a, b)| a == b)
                .count();
            let common = cjk && word.chars().any(|c| lower.contains(c));
            let distance = edit_distance(&lower, word);
            let near = distance <= length / 3 || shared >= 3 || common;
            near.then_some((distance, candidate))
        })
        .collect();
    scored.sort();
    scored
        .into_iter()
        .take(3)
        .map(|(_, word)| word.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        serde_json::from_value(serde_json::json!({
            "actors": [
                {"name": {"en": "woolly mammoth", "zh": "猛犸象"},
                 "words": {"en": ["mammoth", "woolly mammoth"], "zh": ["猛犸象", "长毛猛犸象"]}},
                {"name": {"en": "dog", "zh": "狗"}, "words": {"en": ["dog"], "zh": ["狗", "小狗"]}}],
            "places": [{"name": {"en": "desert", "zh": "沙漠"}, "words": {"en": ["desert"], "zh": ["沙漠"]}}],
            "actions": [{"name": {"en": "walk", "zh": "行走"}, "words": {"en": ["walk", "run"], "zh": ["行走"]}}],
            "camera": [{"name": {"en": "wide-angle", "zh": "广角"}, "words": {"en": ["wide-angle"], "zh": ["广角"]}}],
            "trained_on": {"clips": 10}
        }))
        .unwrap()
    }

    fn unknown(prompt: &str) -> Vec<String> {
        let words = vocabulary().unknown_words(prompt);
        words.into_iter().map(|word| word.word).collect()
    }

    #[test]
    fn known_prompts_pass_in_both_languages() {
        for prompt in [
            "A woolly mammoth walks in the desert, wide-angle shot",
            "two dogs running in the desert",
            "长毛猛犸象在沙漠中行走，广角镜头拍摄",
        ] {
            assert_eq!(unknown(prompt), Vec::<String>::new(), "{prompt}");
        }
    }

    #[test]
    fn unknown_words_are_named_with_their_neighbours() {
        let words = vocabulary().unknown_words("a mamoth and a dragon, a mamoth");
        assert_eq!(words[0].to_string(), "“mamoth” (nearest: mammoth)");
        assert_eq!(words[1].to_string(), "“dragon”");
        assert_eq!(words.len(), 2);
        assert_eq!(unknown("一只恐龙在沙漠中行走"), ["恐龙"]);
        assert_eq!(vocabulary().unknown_words("大狗")[0].word, "大");
    }

    #[test]
    fn unknown_words_become_the_known_ones_nearest_in_meaning() {
        let vocabulary = vocabulary();
        for (prompt, read) in [
            (
                "Two corgis strolling in the dunes",
                "Two dog walk in the desert",
            ),
            ("Corgi, corgi: a terrier!", "dog, dog: a dog!"),
            ("牧羊犬在戈壁滩上行走", "狗在戈壁滩上行走"),
            ("a mammoth and an idea", "a mammoth and an idea"),
        ] {
            assert_eq!(vocabulary.reworded(prompt), read);
        }
        let words = vocabulary.unknown_words("a corgi");
        assert_eq!(words[0].to_string(), "“corgi” (drawn as dog)");
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let part = |prompt| vocabulary().readable_part(prompt);
        assert_eq!(part("小狗在戈壁滩上行走，古怪").unwrap(), "小狗在上行走");
        assert_eq!(part("小猫坐着，desert").unwrap(), "着，desert");
        assert_eq!(part("小，小狗").unwrap(), "小狗");
        assert_eq!(part("小猫在上"), None);
    }
}
