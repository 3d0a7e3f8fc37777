//! What a clip says of its origin: the words, the model, and the settings that make it again.

use kinora_media::Provenance;
use kinora_media::provenance::Source;
use serde_json::{Value, json};

use crate::plan::{Plan, Variant};

/// Fields of a request that name files.
const NAMES_OF_FILES: [&str; 4] = ["path", "image", "clip", "file"];

/// The origin of one clip of a plan. Names of files are left out: what is exported goes to strangers.
pub(crate) fn of(plan: &Plan, variant: &Variant, fingerprint: &str) -> Provenance {
    let request = plan.request_of(variant);
    let mut asked = serde_json::to_value(&request).expect("a request is plain data");
    let given = without_files(&mut asked);
    let settings = json!({
        "kinora": env!("CARGO_PKG_VERSION"),
        "model": plan.model.title,
        "fingerprint": fingerprint,
        "noise": crate::noise::GENERATOR,
        "seed": variant.seed,
        "request": asked,
    });
    Provenance {
        tool: concat!("Kinora ", env!("CARGO_PKG_VERSION")).into(),
        system: plan.model.title.clone(),
        prompt: request.prompt,
        source: match given {
            0 => Source::Generated,
            _ => Source::Composite,
        },
        settings: settings.to_string(),
    }
}

/// Takes the names of files out; gives how many there were.
fn without_files(value: &mut Value) -> usize {
    match value {
        Value::Object(map) => {
            let before = map.len();
            map.retain(|key, value| !(value.is_string() && NAMES_OF_FILES.contains(&key.as_str())));
            before - map.len() + map.values_mut().map(without_files).sum::<usize>()
        }
        Value::Array(list) => list.iter_mut().map(without_files).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_file_leaves() {
        let mut asked = json!({
            "prompt": "a clip",
            "conditions": [{"kind": "image", "path": "/home/me/a.png"}],
            "card": [{"at": 0.0, "image": "/home/me/b.png"}, {"at": 2.0, "clip": "c.mp4", "text": "a frog"}],
        });
        assert_eq!(without_files(&mut asked), 3);
        let expected = json!({
            "prompt": "a clip",
            "conditions": [{"kind": "image"}],
            "card": [{"at": 0.0}, {"at": 2.0, "text": "a frog"}],
        });
        assert_eq!(asked, expected);
    }
}
