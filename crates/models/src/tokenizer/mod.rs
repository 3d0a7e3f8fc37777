//! Text to token ids.

mod protobuf;
mod spiece;

use tokenizers::Tokenizer as Inner;

use crate::error::{Error, Result};
use crate::source::ModelSource;

const JSON: &str = "tokenizer/tokenizer.json";
const SPIECE: &str = "tokenizer/spiece.model";
const CONFIG: &str = "tokenizer/tokenizer_config.json";
/// Sentinels that T5 adds behind its pieces, and the most that a config may ask for.
const EXTRA_IDS: usize = 100;
const MOST_EXTRA_IDS: u64 = 10_000;

/// A model's tokenizer.
pub struct Tokenizer {
    inner: Inner,
    unknown: Option<u32>,
    padding: u32,
    file: String,
}

/// A text as the text encoder takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding {
    /// Token ids with the end token, padded to the length asked for.
    pub ids: Vec<u32>,
    /// 1 for tokens, 0 for padding; as long as `ids`.
    pub mask: Vec<u32>,
    /// Share of the text's tokens that the vocabulary does not have, 0 … 1. Each character that
    /// it lacks counts as one token, though neighbours share an id.
    pub unknown: f32,
}

impl Tokenizer {
    /// Loads `tokenizer/tokenizer.json`, or else `tokenizer/spiece.model`, of a model.
    pub fn load(source: &ModelSource) -> Result<Self> {
        let path = if source.exists(JSON) || !source.exists(SPIECE) {
            JSON
        } else {
            SPIECE
        };
        let bytes = source.read(path)?;
        let inner = match path {
            JSON => Inner::from_bytes(bytes).map_err(|error| format!("not a tokenizer ({error})")),
            _ => spiece::tokenizer(&bytes, extra_ids(source)?),
        };
        match inner {
            Ok(inner) => Self::new(inner, source.display(path)),
            Err(what) => Err(Error::Tokenizer {
                file: source.display(path),
                what,
                cure: "fetch the file again".into(),
            }),
        }
    }

    fn new(mut inner: Inner, file: String) -> Result<Self> {
        inner.with_padding(None);
        let truncation = inner.with_truncation(None).map(|_| ());
        truncation.map_err(|error| Error::Tokenizer {
            file: file.clone(),
            what: error.to_string(),
            cure: "fetch the file again".into(),
        })?;
        let id = |names: &[&str]| names.iter().find_map(|name| inner.token_to_id(name));
        let (unknown, padding) = (id(&["<unk>", "[UNK]"]), id(&["<pad>", "[PAD]"]));
        Ok(Self {
            inner,
            unknown,
            padding: padding.unwrap_or(0),
            file,
        })
    }

    /// Tokenizes `text` to exactly `max_len` tokens: cut if it is longer, padded if shorter.
    pub fn encode(&self, text: &str, max_len: usize) -> Result<Encoding> {
        let encoded = self.inner.encode_char_offsets(text, true);
        let encoded = encoded.map_err(|error| Error::Tokenizer {
            file: self.file.clone(),
            what: format!("it cannot encode the text ({error})"),
            cure: "use plain text".into(),
        })?;
        let added = encoded.get_special_tokens_mask();
        let before = added.iter().take_while(|mask| **mask == 1).count();
        let after = added.len() - before;
        let after = added
            .iter()
            .rev()
            .take(after)
            .take_while(|mask| **mask == 1)
            .count();
        let (ids, offsets) = (encoded.get_ids(), encoded.get_offsets());
        let text = before..ids.len() - after;

        let (mut known, mut unknown) = (0, 0);
        for (id, (start, end)) in ids[text.clone()].iter().zip(&offsets[text.clone()]) {
            match Some(*id) == self.unknown {
                true => unknown += (end - start).max(1),
                false => known += 1,
            }
        }
        let kept = max_len.saturating_sub(before + after).min(text.len());
        let mut tokens = ids[..before + kept].to_vec();
        tokens.extend(&ids[ids.len() - after..]);
        tokens.truncate(max_len);
        let mut mask = vec![1; tokens.len()];
        mask.resize(max_len, 0);
        tokens.resize(max_len, self.padding);
        Ok(Encoding {
            ids: tokens,
            mask,
            unknown: unknown as f32 / (known + unknown).max(1) as f32,
        })
    }
}

/// `extra_ids` of the tokenizer's config.
fn extra_ids(source: &ModelSource) -> Result<usize> {
    if !source.exists(CONFIG) {
        return Ok(EXTRA_IDS);
    }
    let config = source.json(CONFIG)?;
    let given = config.get("extra_ids").and_then(|value| value.as_u64());
    Ok(given.map_or(EXTRA_IDS, |given| given.min(MOST_EXTRA_IDS) as usize))
}
