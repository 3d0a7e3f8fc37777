//! What a file of Kinora's says of how it was made: whoever drops it into a library finds its words and settings there
//! again. Foreign bytes: what does not fit is left out.

use std::path::Path;

use kinora_media::{Provenance, provenance};
use serde_json::Value;

use crate::wire::{JobRequest, check_seed};

/// Characters of a prompt.
const LONGEST: usize = 32_000;

/// What is known of an upload's making.
#[derive(Debug, Default, PartialEq)]
pub struct Recovered {
    pub prompt: String,
    pub seed: Option<u64>,
    pub style: Option<String>,
    /// The request, if words alone made the clip.
    pub settings: Option<Value>,
}

/// Reads the file. Blocking.
pub fn recover(path: &Path) -> Recovered {
    match provenance::read(path) {
        Ok(Some(said)) => of(&said),
        // A file that says nothing is a file like all others.
        Ok(None) | Err(_) => Recovered::default(),
    }
}

fn of(said: &Provenance) -> Recovered {
    let told: Value = serde_json::from_str(&said.settings).unwrap_or_default();
    let asked = &told["request"];
    let text = |name: &str| asked[name].as_str().map(str::to_owned);
    let seed = asked["seed"].as_u64();
    let seed = seed.filter(|seed| check_seed(Some(*seed)).is_ok());
    let prompt: String = said.prompt.chars().take(LONGEST).collect();
    let side = |at: usize| asked["size"][at].as_u64();
    let request = JobRequest {
        prompt: Some(prompt.clone()),
        aspect: text("aspect"),
        resolution: text("resolution"),
        size: side(0).zip(side(1)).map(|(w, h)| format!("{w}x{h}")),
        seconds: asked["seconds"].as_f64(),
        fps: asked["fps"].as_str().and_then(|fps| fps.parse().ok()),
        seed,
        steps: asked["steps"].as_u64().map(|steps| steps as usize),
        guidance: asked["guidance"].as_f64(),
        negative: text("negative"),
        style: text("style"),
        effort: text("effort"),
        ..JobRequest::default()
    };
    // Pictures, clips and cards named files on another machine.
    let by_words = asked.is_object()
        && !prompt.is_empty()
        && ["conditions", "card", "board"]
            .iter()
            .all(|name| asked[name].is_null());
    Recovered {
        seed,
        style: text("style"),
        settings: by_words
            .then(|| serde_json::to_value(&request).ok())
            .flatten(),
        prompt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(settings: &str) -> Recovered {
        of(&Provenance {
            tool: "Kinora 0.1.0".into(),
            prompt: "a frog".into(),
            settings: settings.into(),
            ..Provenance::default()
        })
    }

    #[test]
    fn settings_become_a_request_again() {
        let told = json!({"seed": 7, "request": {"aspect": "16:9", "effort": "draft", "fps": "30", "guidance": 2.0,
            "prompt": "a frog", "seconds": 2.0, "seed": 7, "size": [854, 480], "steps": 12, "variants": 1}});
        let found = said(&told.to_string());
        assert_eq!((found.prompt.as_str(), found.seed), ("a frog", Some(7)));
        assert_eq!(
            found.settings,
            Some(
                json!({"prompt": "a frog", "aspect": "16:9", "size": "854x480", "seconds": 2.0, "fps": 30.0, "seed": 7,
                "steps": 12, "guidance": 2.0, "effort": "draft"})
            )
        );
    }

    #[test]
    fn what_named_files_or_makes_no_sense_is_left_out() {
        let board = json!({"request": {"seed": 7, "card": [{"at": 0.0}]}}).to_string();
        let found = said(&board);
        assert_eq!((found.prompt.as_str(), found.settings), ("a frog", None));
        for strange in ["", "[]", "nonsense", r#"{"request": 7}"#] {
            assert_eq!(said(strange).settings, None, "{strange}");
        }
        let odd = json!({"request": {"seed": u64::MAX, "size": ["x"], "fps": {}, "seconds": "2"}});
        let found = said(&odd.to_string());
        assert_eq!(
            (found.seed, found.settings),
            (None, Some(json!({"prompt": "a frog"})))
        );
    }
}
