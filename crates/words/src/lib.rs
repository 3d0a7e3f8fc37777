//! Which of the words that a model knows comes nearest in meaning to one that it does not.
//!
//! `tree.txt` holds meanings, each a kind of the one that it is indented under, with their words in English and Chinese;
//! `kinds.txt` holds more English words for them, which `derive.py` drew from WordNet. Two words are the nearer the deeper
//! in the tree they meet. A Chinese compound that stands nowhere is read by its end: 老黄牛 is a 牛.

use std::collections::HashMap;
use std::sync::OnceLock;

/// How deep two words must meet to be called near: below the roots ("animal", "place").
const LEAST: usize = 2;
/// The rank of words out of `kinds.txt`.
const DERIVED: usize = usize::MAX;
/// Ends of Chinese words that add nothing to what comes before or say where about it: 燕子, 海面, 街上.
const BESIDE: &str = "子儿水面边上里下中地市区处旁";

/// Every meaning and every word for one.
pub struct Meanings {
    /// Parent and depth of each meaning; a root has depth 1.
    nodes: Vec<Node>,
    /// Lower-case word → its meaning, and how usual it is for that (0 is the name).
    words: HashMap<&'static str, (usize, usize)>,
    lower: HashMap<String, (usize, usize)>,
}

struct Node {
    parent: Option<usize>,
    depth: usize,
}

/// The tables, read once.
pub fn meanings() -> &'static Meanings {
    static ALL: OnceLock<Meanings> = OnceLock::new();
    ALL.get_or_init(|| Meanings::read(include_str!("tree.txt"), include_str!("kinds.txt")))
}

impl Meanings {
    fn read(tree: &'static str, kinds: &'static str) -> Meanings {
        let mut all = Meanings {
            nodes: Vec::new(),
            words: HashMap::new(),
            lower: HashMap::new(),
        };
        let mut names: HashMap<&str, usize> = HashMap::new();
        // The open meanings, the deepest last.
        let mut above: Vec<usize> = Vec::new();
        for line in tree
            .lines()
            .filter(|l| !l.trim().is_empty() && !l.starts_with('#'))
        {
            let depth = (line.len() - line.trim_start().len()) / 2;
            let Some((name, rest)) = line.trim().split_once(':') else {
                continue;
            };
            above.truncate(depth);
            let node = all.nodes.len();
            all.nodes.push(Node {
                parent: above.last().copied(),
                depth: above.len() + 1,
            });
            above.push(node);
            names.insert(name, node);
            let words = rest.split('@').next().unwrap_or_default().split(',');
            for (rank, word) in words.map(str::trim).filter(|w| !w.is_empty()).enumerate() {
                all.add(word, node, rank);
            }
        }
        for line in kinds.lines() {
            let Some((name, words)) = line.split_once(':') else {
                continue;
            };
            if let Some(&node) = names.get(name) {
                for word in words.split_whitespace() {
                    all.add(word, node, DERIVED);
                }
            }
        }
        all
    }

    fn add(&mut self, word: &'static str, node: usize, rank: usize) {
        if word.chars().any(char::is_uppercase) {
            self.lower
                .entry(word.to_lowercase())
                .or_insert((node, rank));
        } else {
            self.words.entry(word).or_insert((node, rank));
        }
    }

    fn of(&self, word: &str) -> Option<(usize, usize)> {
        self.words
            .get(word)
            .or_else(|| self.lower.get(word))
            .copied()
    }

    /// The meaning of a word in lower case, its -s, -es, -ed and -ing forms too; of a Chinese one without an end that adds
    /// nothing, else by its longest known end.
    fn meaning(&self, word: &str) -> Option<(usize, usize)> {
        if let Some(found) = self.of(word) {
            return Some(found);
        }
        if !word.is_ascii() {
            let cuts: Vec<usize> = word.char_indices().skip(1).map(|(at, _)| at).collect();
            let mut ends = cuts.iter().map(|at| &word[*at..]);
            let bare = word.trim_end_matches(|c| BESIDE.contains(c));
            return self.of(bare).or_else(|| ends.find_map(|end| self.of(end)));
        }
        stems(word).find_map(|stem| self.of(&stem))
    }

    /// The candidate nearest in meaning, if any is near: its position. Candidates of the word's own script win over others
    /// that are as near, then what stands first in the tree.
    pub fn nearest<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<usize> {
        let word = word.to_lowercase();
        let (node, _) = self.meaning(&word)?;
        let mut best = None;
        for (i, candidate) in candidates.into_iter().enumerate() {
            // What a model knows stands in the tree itself; a derived word may mean something else there.
            let Some((other, rank)) = self.of(&candidate.to_lowercase()) else {
                continue;
            };
            if rank == DERIVED {
                continue;
            }
            let met = self.meeting(node, other);
            if met < LEAST {
                continue;
            }
            // Of those that meet it as deep, the one that lies least far below: a dog rather than a poodle.
            let below = self.nodes[other].depth - met;
            let same = candidate.is_ascii() == word.is_ascii();
            // What stands first in the tree is the more usual.
            let usual = std::cmp::Reverse((other, rank));
            let score = (met * 64 - below, same, usual);
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, i));
            }
        }
        best.map(|(_, i)| i)
    }

    /// Depth of the deepest meaning that holds both; 0 if none does.
    fn meeting(&self, mut a: usize, mut b: usize) -> usize {
        loop {
            if a == b {
                return self.nodes[a].depth;
            }
            let deeper = if self.nodes[a].depth >= self.nodes[b].depth {
                &mut a
            } else {
                &mut b
            };
            match self.nodes[*deeper].parent {
                Some(parent) => *deeper = parent,
                None => return 0,
            }
        }
    }
}

/// What a word may be a form of: "galloped" of "gallop", "ponies" of "pony", "trotting" of "trot".
fn stems(word: &str) -> impl Iterator<Item = String> {
    let mut all = Vec::new();
    if let Some(stem) = word.strip_suffix("ies") {
        all.push(format!("{stem}y"));
    }
    for ending in ["s", "es", "ed", "d", "ing"] {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= 2) else {
            continue;
        };
        all.push(stem.to_owned());
        all.push(format!("{stem}e"));
        let mut letters = stem.chars().rev();
        if letters.next() == letters.next() {
            all.push(stem[..stem.len() - 1].to_owned());
        }
    }
    all.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
        meanings()
            .nearest(word, known.iter().copied())
            .map(|i| known[i])
    }

    #[test]
    fn words_land_on_their_kind() {
        let known = [
            "elephant", "tiger", "horse", "car", "desert", "stream", "walks", "runs", "马", "狗",
        ];
        for (word, expected) in [
            ("stallion", Some("horse")),
            ("Jaguars", Some("tiger")),
            ("limousine", Some("car")),
            ("galloping", Some("runs")),
            ("river", Some("stream")),
            ("白马", Some("马")),
            ("牧羊犬", Some("狗")),
            ("tail", None),
            ("light", None),
            ("red", None),
            ("相机", None),
            ("雪白", None),
            ("idea", None),
            ("的", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }

    #[test]
    fn a_meaning_lies_nearer_than_its_kinds() {
        assert_eq!(
            nearest("terrier", &["poodle", "dog", "mastiff"]),
            Some("dog")
        );
        assert_eq!(nearest("terrier", &["cat", "poodle"]), Some("poodle"));
    }

    #[test]
    fn animals_are_not_places() {
        assert_eq!(nearest("terrier", &["desert", "car"]), None);
    }
}
