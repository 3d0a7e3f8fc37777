//! The list of rules: a text file that people read and edit.
//!
//! ```text
//! # a comment
//! [name] What whoever is refused is told.
//! a phrase
//! a word + another word + 第三个词
//! begin*
//! ```
//!
//! A line is met where all of its phrases occur, in any order. Phrases in letters that are written with spaces between
//! words are met at the bounds of words, with `*` at the end by words that begin so; Chinese is met anywhere. Case, width and
//! punctuation between words do not matter.

use aho_corasick::AhoCorasick;

/// Rules, ready to be held against a text.
#[derive(Debug)]
pub struct List {
    rules: Vec<Rule>,
    lines: Vec<Line>,
    phrases: Vec<Phrase>,
    finder: AhoCorasick,
}

/// What a list's section says of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Rule {
    pub name: String,
    /// What whoever is refused is told.
    pub says: String,
}

/// A rule that a text met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub rule: Rule,
    /// The phrases that were found, as the list has them.
    pub words: Vec<String>,
}

#[derive(Debug)]
struct Line {
    rule: usize,
    /// Places in `phrases`.
    parts: Vec<usize>,
}

#[derive(Debug)]
struct Phrase {
    text: String,
    /// Words may go on after it.
    open: bool,
}

const MOST_LINES: usize = 20_000;
const LONGEST_NAME: usize = 60;

impl List {
    /// Reads a list. The error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut rules, mut lines): (Vec<Rule>, Vec<Line>) = (Vec::new(), Vec::new());
        let mut phrases: Vec<Phrase> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("line {} of the list {what}", number + 1);
            let line = line.trim().trim_start_matches('\u{feff}');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(head) = line.strip_prefix('[') {
                let (name, says) = head
                    .split_once(']')
                    .ok_or_else(|| wrong("has no ] after the rule's name"))?;
                let (name, says) = (name.trim(), says.trim());
                if name.is_empty() || name.chars().count() > LONGEST_NAME {
                    return Err(wrong("names a rule in 1 to 60 characters"));
                }
                let (name, says) = (name.to_owned(), says.to_owned());
                rules.push(Rule { name, says });
                continue;
            }
            let rule = rules.len().checked_sub(1);
            let rule = rule.ok_or_else(|| wrong("stands before the first [rule]"))?;
            if lines.len() == MOST_LINES {
                return Err(wrong("is one too many: 20000 are read at most"));
            }
            let parts = line.split('+').map(|part| {
                let part = part.trim();
                let (stem, open) = match part.strip_suffix('*') {
                    Some(stem) => (stem, true),
                    None => (part, false),
                };
                let text = plain(stem).trim().to_owned();
                if text.is_empty() {
                    return Err(wrong("has a phrase without letters"));
                }
                phrases.push(Phrase { text, open });
                Ok(phrases.len() - 1)
            });
            let parts = parts.collect::<Result<_, _>>()?;
            lines.push(Line { rule, parts });
        }
        let finder = AhoCorasick::new(phrases.iter().map(|phrase| &phrase.text))
            .map_err(|error| format!("the list cannot be used: {error}"))?;
        Ok(Self {
            rules,
            lines,
            phrases,
            finder,
        })
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first line of the list that the text meets.
    pub fn find(&self, text: &str) -> Option<Hit> {
        let text = plain(text);
        let mut found = vec![false; self.phrases.len()];
        for hit in self.finder.find_overlapping_iter(&text) {
            let index = hit.pattern().as_usize();
            let open = self.phrases[index].open;
            found[index] |= stands_alone(&text, hit.start(), hit.end(), open);
        }
        let met = |line: &&Line| line.parts.iter().all(|&part| found[part]);
        let line = self.lines.iter().find(met)?;
        let words = line.parts.iter().map(|&part| &self.phrases[part]);
        Some(Hit {
            rule: self.rules[line.rule].clone(),
            words: words
                .map(|phrase| format!("{}{}", phrase.text, if phrase.open { "*" } else { "" }))
                .collect(),
        })
    }
}

/// Whether no word goes on before or, unless it may, after.
fn stands_alone(text: &str, start: usize, end: usize, open: bool) -> bool {
    let joined = |one: Option<char>, other: Option<char>| {
        one.is_some_and(in_words) && other.is_some_and(in_words)
    };
    let (before, inside, after) = (&text[..start], &text[start..end], &text[end..]);
    !joined(before.chars().next_back(), inside.chars().next())
        && (open || !joined(inside.chars().next_back(), after.chars().next()))
}

/// Letters and digits of scripts that put spaces between words.
fn in_words(c: char) -> bool {
    let spaceless = matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..);
    c.is_alphanumeric() && !spaceless
}

/// The text as phrases are looked for in it: lower case, plain width, one space for whatever parts words.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = match c {
            // full width
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            // invisible, between letters
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe0f}' | '\u{feff}' => continue,
            c => c,
        };
        match c.is_alphanumeric() {
            true => out.extend(c.to_lowercase()),
            false if !out.ends_with(' ') => out.push(' '),
            false => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(list: &str, text: &str) -> Option<String> {
        let list = List::parse(&format!("[r] said\n{list}")).unwrap();
        list.find(text).map(|hit| hit.words.join(" + "))
    }

    #[test]
    fn phrases_are_met_as_words() {
        for (list, text) in [
            ("bad", "A BAD dog"),
            ("bad", "ｂａｄ"),
            ("bad", "b\u{200b}ad"),
            ("very bad", "very  -- bad"),
            ("bad*", "badly"),
            ("坏", "一只坏狗"),
            ("bad", "一只bad狗"),
            ("bad + 狗", "狗 and bad"),
        ] {
            assert!(met(list, text).is_some(), "{list} in {text}");
        }
        for (list, text) in [
            ("bad", "badly"),
            ("bad", "abad"),
            ("bad*", "abadly"),
            ("bad", "Bädä"),
            ("bad + dog", "a bad cat"),
            ("坏 + 狗", "一只狗"),
            ("ass", "a grass meadow in Assam"),
        ] {
            assert_eq!(met(list, text), None, "{list} in {text}");
        }
    }

    #[test]
    fn a_hit_names_its_rule_and_words() {
        let list = List::parse("# x\n[one] No a.\na\n[two] No b.\nb + c*\n").unwrap();
        let hit = list.find("candy for B").unwrap();
        assert_eq!(
            (hit.rule.name.as_str(), hit.rule.says.as_str()),
            ("two", "No b.")
        );
        assert_eq!(hit.words, ["b", "c*"]);
        assert_eq!(list.find("nothing"), None);
        assert_eq!(List::parse("").unwrap().find("anything"), None);
    }

    #[test]
    fn mistakes_are_named_by_their_line() {
        for (text, word) in [
            ("word", "line 1"),
            ("[a\nword", "line 1"),
            ("[]\nword", "line 1"),
            ("[a]\n+ word", "line 2"),
            ("[a]\n\n*", "line 3"),
        ] {
            let said = List::parse(text).unwrap_err();
            assert!(said.contains(word), "{said}");
        }
    }
}
