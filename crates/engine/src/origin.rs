//! What a clip says of its origin: the words, the model, and the settings that make it again.

use kinora_media::Provenance;
use kinora_media::provenance::Source;
use serde_json::json;

use crate::plan::{Plan, Variant};
use crate::request::Request;

/// The origin of one clip of a plan. Names of files are left out: what is exported goes to strangers.
pub(crate) fn of(plan: &Plan, variant: &Variant, fingerprint: &str) -> Provenance {
    let request = plan.request_of(variant);
    let given = request.conditions.len();
    let settings = json!({
        "kinora": env!("CARGO_PKG_VERSION"),
        "model": plan.model.title,
        "fingerprint": fingerprint,
        "noise": crate::noise::GENERATOR,
        "seed": variant.seed,
        "conditions": given,
        "request": Request { conditions: Vec::new(), ..request.clone() },
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
