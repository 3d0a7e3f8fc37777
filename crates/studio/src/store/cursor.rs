//! Where a page of clips ends.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result};

/// What a page's last clip has in the column that sorts, and its id. Only we read it.
#[derive(Serialize, Deserialize)]
pub(super) struct Cursor {
    pub value: Value,
    pub id: String,
}

impl Cursor {
    /// `kind` tells the values of the column that sorts.
    pub fn parse(text: &str, kind: fn(&Value) -> bool) -> Result<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok();
        json.and_then(|json| serde_json::from_slice::<Self>(&json).ok())
            .filter(|cursor| kind(&cursor.value))
            .ok_or_else(|| {
                Error::Invalid("`cursor` is the `next_cursor` of a page in the same order".into())
            })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}
