//! How well unknown words land: 200 synonyms that the hand-written tree does not hold, written down before it was.

use std::collections::HashSet;

use kinora_words::meanings;

const HELDOUT: &str = include_str!("heldout.tsv");
/// What the world can say, after its tables of actors, places and actions: a concept a line, its name first.
const VOCABULARY: &str = include_str!("vocabulary.tsv");
const TREE: &str = include_str!("../src/tree.txt");

#[test]
fn held_out_synonyms_land_on_their_concept() {
    let words: Vec<(&str, &str)> = VOCABULARY
        .lines()
        .flat_map(|line| {
            let name = line.split('\t').next().unwrap_or_default();
            line.split('\t').map(move |word| (name, word))
        })
        .collect();
    let (mut right, mut all, mut missed) = ([0, 0], [0, 0], Vec::new());
    for line in HELDOUT.lines() {
        let (word, expected) = line.split_once('\t').expect("two columns");
        let found = meanings().nearest(word, words.iter().map(|(_, word)| *word));
        let found = found.map_or("", |i| words[i].1);
        // A word may stand for several concepts.
        let mut means = words
            .iter()
            .filter(|(_, word)| *word == found)
            .map(|(name, _)| *name);
        let language = usize::from(!word.is_ascii());
        all[language] += 1;
        if means.any(|name| expected.split(',').any(|e| e == name)) {
            right[language] += 1;
        } else {
            missed.push(format!("{word} → {found} ({expected})"));
        }
    }
    let share = (right[0] + right[1]) as f64 / (all[0] + all[1]) as f64;
    println!(
        "English {} of {}, Chinese {} of {}: {share:.3}",
        right[0], all[0], right[1], all[1]
    );
    println!("missed: {}", missed.join("; "));
    assert!(all[0] + all[1] >= 200);
    assert!(share >= 0.82, "{share:.3}");
}

#[test]
fn the_tree_does_not_hold_them() {
    let held: HashSet<&str> = HELDOUT
        .lines()
        .filter_map(|l| l.split('\t').next())
        .collect();
    for line in TREE.lines() {
        let words = line.split('@').next().and_then(|l| l.split_once(':'));
        for word in words.map_or("", |(_, words)| words).split(',') {
            assert!(!held.contains(word.trim()), "{word}");
        }
    }
}
