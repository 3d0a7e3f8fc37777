//! `spiece.model`: the few fields of SentencePiece's protobuf that a T5 tokenizer is made of.

use std::collections::HashSet;

use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::Precompiled;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer};

use super::protobuf::{Reader, Value};

/// The token that ends a text.
const END: &str = "</s>";
/// A piece that stands for one byte of an unknown character.
const BYTE: u64 = 6;

/// What the file holds.
#[derive(Debug, Default)]
struct Model {
    pieces: Vec<Piece>,
    /// 1 is Unigram.
    kind: Option<u64>,
    charsmap: Vec<u8>,
}

#[derive(Debug, PartialEq)]
struct Piece {
    text: String,
    score: f32,
    kind: u64,
}

const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// The tokenizer of a `spiece.model` with `extra_ids` sentinels behind its own pieces, or what is
/// wrong with the file.
pub(super) fn tokenizer(bytes: &[u8], extra_ids: usize) -> Result<Tokenizer, String> {
    let model = parse(bytes).ok_or("damaged or cut short")?;
    if model.kind.is_some_and(|kind| kind != 1) {
        return Err("its model is not of the Unigram kind".into());
    }
    let unknown = model.pieces.iter().position(|piece| piece.kind == UNKNOWN);
    let unknown = unknown.ok_or("it has no piece for unknown characters")?;
    if !model.pieces.iter().any(|piece| piece.text == END) {
        return Err(format!("it has no {END} piece"));
    }
    let bad = |piece: &Piece| piece.text.is_empty() || !piece.score.is_finite();
    if let Some(index) = model.pieces.iter().position(bad) {
        return Err(format!("its piece {index} is empty or has no score"));
    }
    if model.pieces.iter().any(|piece| piece.kind == BYTE) {
        return Err("it falls back to bytes, which T5 does not".into());
    }

    let sentinels: Vec<String> = (0..extra_ids).rev().map(sentinel).collect();
    let mut vocabulary: Vec<(String, f64)> = Vec::new();
    let mut added = vec![special("<pad>"), special(END), special("<unk>")];
    for piece in model.pieces {
        match piece.kind {
            CONTROL => added.push(special(&piece.text)),
            USER_DEFINED => added.push(special(&piece.text).special(false)),
            _ => {}
        }
        vocabulary.push((piece.text, f64::from(piece.score)));
    }
    added.extend(sentinels.iter().map(|name| special(name)));
    vocabulary.extend(sentinels.into_iter().map(|name| (name, 0.0)));
    assemble(vocabulary, unknown, &model.charsmap, added).map_err(|error| error.to_string())
}

fn sentinel(index: usize) -> String {
    format!("<extra_id_{index}>")
}

fn special(text: &str) -> AddedToken {
    AddedToken::from(text, true)
}

fn assemble(
    vocabulary: Vec<(String, f64)>,
    unknown: usize,
    charsmap: &[u8],
    added: Vec<AddedToken>,
) -> tokenizers::Result<Tokenizer> {
    let known: HashSet<&str> = vocabulary.iter().map(|(text, _)| text.as_str()).collect();
    let mut added = added;
    // A token that the vocabulary lacks would get an id beyond the text encoder's embedding.
    added.retain(|token| known.contains(token.content.as_str()));
    let mut tokenizer = Tokenizer::new(Unigram::from(vocabulary, Some(unknown), false)?);
    if !charsmap.is_empty() {
        check_charsmap(charsmap).ok_or("its normaliser is damaged")?;
        let precompiled = Precompiled::from(charsmap).map_err(|error| error.to_string())?;
        tokenizer.with_normalizer(Some(precompiled))?;
    }
    let metaspace = Metaspace::new('▁', PrependScheme::Always, true);
    let splits = vec![WhitespaceSplit.into(), metaspace.into()];
    tokenizer.with_pre_tokenizer(Some(Sequence::new(splits)));
    let end = tokenizer.token_to_id(END).ok_or("no end token")?;
    let template = TemplateProcessing::builder()
        .try_single(format!("$A {END}"))?
        .special_tokens(vec![(END, end)])
        .build()?;
    tokenizer.with_post_processor(Some(template));
    tokenizer.add_tokens(added)?;
    Ok(tokenizer)
}

/// `None` where the bytes are not a whole protobuf of this kind.
fn parse(bytes: &[u8]) -> Option<Model> {
    let mut model = Model::default();
    for field in Reader::new(bytes) {
        match field? {
            (1, Value::Bytes(piece)) => model.pieces.push(parse_piece(piece)?),
            (2, Value::Bytes(trainer)) => {
                for field in Reader::new(trainer) {
                    if let (3, Value::Varint(kind)) = field? {
                        model.kind = Some(kind);
                    }
                }
            }
            (3, Value::Bytes(normaliser)) => {
                for field in Reader::new(normaliser) {
                    if let (2, Value::Bytes(charsmap)) = field? {
                        model.charsmap = charsmap.to_vec();
                    }
                }
            }
            _ => {}
        }
    }
    Some(model)
}

fn parse_piece(bytes: &[u8]) -> Option<Piece> {
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: NORMAL,
    };
    for field in Reader::new(bytes) {
        match field? {
            (1, Value::Bytes(text)) => piece.text = str::from_utf8(text).ok()?.to_owned(),
            (2, Value::Fixed32(bits)) => piece.score = f32::from_bits(bits),
            (3, Value::Varint(kind)) => piece.kind = kind,
            _ => {}
        }
    }
    Some(piece)
}

/// Walks every path of a normaliser's trie (a double array of u8 labels) and makes sure that all
/// lead to places that exist: the code that later follows them does not check.
fn check_charsmap(bytes: &[u8]) -> Option<()> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (trie, texts) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
    let texts = str::from_utf8(texts).ok()?;
    let (units, []) = trie.as_chunks::<4>() else {
        return None;
    };
    let unit = |at: usize| Some(u32::from_le_bytes(*units.get(at)?) as usize);
    let offset = |unit: usize| (unit >> 10) << ((unit & (1 << 9)) >> 6);
    let root = offset(unit(0)?);
    let (mut seen, mut open) = (HashSet::from([root]), vec![root]);
    while let Some(node) = open.pop() {
        for label in 1..=255 {
            let at = node ^ label;
            let child = unit(at)?;
            if child & ((1 << 31) | 0xff) != label {
                continue;
            }
            let next = at ^ offset(child);
            if (child >> 8) & 1 == 1 {
                let text = unit(next)? & ((1 << 31) - 1);
                texts.is_char_boundary(text).then_some(())?;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MODEL: &[u8] =
        include_bytes!("../../tests/fixtures/tokenizer/spiece/tokenizer/spiece.model");

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = tokenizer(&bytes, 2);
            let _ = check_charsmap(&bytes);
        }

        #[test]
        fn a_cut_file_is_refused_or_whole(cut in 0..MODEL.len()) {
            // A cut between two fields leaves a shorter, valid file; whatever is left must work.
            if let Ok(tokenizer) = tokenizer(&MODEL[..cut], 2) {
                let encoded = tokenizer.encode("ﬁsh 长毛", true);
                prop_assert!(encoded.is_ok());
            }
        }

        #[test]
        fn a_flipped_byte_does_not_panic(at in 0..MODEL.len(), flip in 1..=255u8) {
            let mut bytes = MODEL.to_vec();
            bytes[at] ^= flip;
            if let Ok(tokenizer) = tokenizer(&bytes, 2) {
                let encoded = tokenizer.encode("ﬁsh ① ２ ½ 长毛 e\u{301}", true);
                prop_assert!(encoded.is_ok());
            }
        }
    }

    #[test]
    fn other_kinds_are_refused() {
        // trainer_spec { model_type: BPE }
        let bytes = [MODEL, &[0x12, 0x02, 0x18, 0x02]].concat();
        let error = tokenizer(&bytes, 0).expect_err("BPE is not Unigram");
        assert!(error.contains("Unigram"), "{error}");
    }
}
