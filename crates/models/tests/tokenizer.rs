//! Tokenizers against transformers 5. `training/fixtures/tokenizer.py` made models and tokens.

use std::collections::BTreeMap;
use std::path::Path;

use kinora_models::{ModelSource, Tokenizer};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    length: usize,
    cases: BTreeMap<String, Vec<Case>>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
}

fn load(name: &str) -> Tokenizer {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizer");
    let source = ModelSource::dir(root.join(name)).expect("the fixture is committed");
    Tokenizer::load(&source).expect("loads")
}

#[test]
fn tokens_agree() {
    let golden: Golden =
        serde_json::from_str(include_str!("fixtures/tokenizer/cases.json")).expect("it fits");
    for (name, cases) in golden.cases {
        let tokenizer = load(&name);
        for case in cases {
            let encoding = tokenizer
                .encode(&case.text, golden.length)
                .expect("encodes");
            let count = case.ids.len();
            assert_eq!(encoding.ids[..count], case.ids, "{name}: {:?}", case.text);
            assert!(encoding.ids[count..].iter().all(|id| *id == 0));
            let mask: Vec<u32> = (0..golden.length).map(|i| u32::from(i < count)).collect();
            assert_eq!(encoding.mask, mask, "{name}: {:?}", case.text);
        }
    }
}

#[test]
fn unknown_characters_are_counted() {
    let tokenizer = load("spiece");
    let share = |text| tokenizer.encode(text, 48).expect("encodes").unknown;
    assert_eq!(share("a woolly mammoth walks in the desert"), 0.0);
    assert_eq!(share(""), 0.0);
    assert!(share("未知的汉字龘") > 0.8, "all but the space is unknown");
    let mixed = share("the crane dips 龘 into the water");
    assert!(mixed > 0.0 && mixed < 0.2, "{mixed}");
}

#[test]
fn short_lengths_hold() {
    let tokenizer = load("json");
    for length in 0..4 {
        let encoding = tokenizer
            .encode("a woolly mammoth", length)
            .expect("encodes");
        assert_eq!(encoding.ids.len(), length);
        assert_eq!(encoding.mask, vec![1; length]);
        assert_eq!(encoding.ids.last().copied(), (length > 0).then_some(1));
    }
}
