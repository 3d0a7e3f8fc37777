//! Content Credentials: what a file says of its origin as a C2PA manifest, signed over the file's bytes, so that whoever opens it
//! sees who says so and that nothing was changed since.
//!
//! `KINORA_C2PA_CERT` and `KINORA_C2PA_KEY` name the signer's certificate chain and private key, both PEM. Without them an identity
//! is made for the file and forgotten: it proves that the file is as it was written, not by whom.

use std::env;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use c2pa::{BoxedSigner, Builder, Context, EphemeralSigner, Reader, SigningAlg, ValidationState};
use serde_json::json;

use super::{Provenance, Source};
use crate::staged::temporary_sibling;
use crate::{Error, Result};

const CERT: &str = "KINORA_C2PA_CERT";
const KEY: &str = "KINORA_C2PA_KEY";

/// What keys are made for, the usual first.
const ALGORITHMS: [SigningAlg; 7] = [
    SigningAlg::Es256,
    SigningAlg::Es384,
    SigningAlg::Es512,
    SigningAlg::Ed25519,
    SigningAlg::Ps256,
    SigningAlg::Ps384,
    SigningAlg::Ps512,
];

/// What the signed manifest of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Whose certificate signed it.
    pub issuer: String,
    /// Whether the file is as it was when it was signed.
    pub intact: bool,
    /// The manifest with everything that it states, as JSON.
    pub manifest: String,
}

/// The credentials of a file; `None` where it carries none.
pub fn credentials(path: impl AsRef<Path>) -> Result<Option<Credentials>> {
    let path = path.as_ref();
    let Some(mime) = c2pa::format_from_path(path) else {
        return Ok(None);
    };
    credentials_in(path, &mime)
}

fn credentials_in(path: &Path, mime: &str) -> Result<Option<Credentials>> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let reader = Reader::from_context(Context::new()).with_stream(mime, BufReader::new(file));
    let reader = match reader {
        Ok(reader) => reader,
        Err(c2pa::Error::JumbfNotFound) => return Ok(None),
        Err(error) => return Err(Error::broken(path, "Content Credentials", error)),
    };
    Ok(Some(Credentials {
        issuer: reader
            .active_manifest()
            .and_then(|manifest| manifest.issuer())
            .unwrap_or_default(),
        intact: reader.validation_state() != ValidationState::Invalid,
        manifest: reader.json(),
    }))
}

/// That there is somebody to sign, before any work.
pub(crate) fn check_signer() -> Result<()> {
    signer().map(|_| ())
}

/// Signs the file at `path`, whose format the name `target` tells, and reads the signature back. A format that carries no
/// manifest, and a file of which nothing is known, stay as they are.
pub(crate) fn sign(path: &Path, target: &Path, said: &Provenance) -> Result<()> {
    let Some(mime) = c2pa::format_from_path(target) else {
        return Ok(());
    };
    if said.source == Source::Unknown || !Builder::supported_mime_types().contains(&mime) {
        return Ok(());
    }
    let signed = Temporary(temporary_sibling(target));
    let failed = |error| match error {
        c2pa::Error::IoError(source) => Error::io("write", target)(source),
        other => Error::Unsigned {
            path: target.to_path_buf(),
            reason: other.to_string(),
        },
    };
    let mut from = File::open(path).map_err(Error::io("read", path))?;
    let mut to = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&signed.0)
        .map_err(Error::io("create", target))?;
    let signer = signer()?;
    Builder::from_context(Context::new())
        .with_definition(definition(said))
        .and_then(|mut builder| builder.sign(&signer, &mime, &mut from, &mut to))
        .map_err(failed)?;
    drop(to);
    match credentials_in(&signed.0, &mime)? {
        Some(found) if found.intact => {
            fs::rename(&signed.0, path).map_err(Error::io("write", target))
        }
        found => Err(Error::Unsigned {
            path: target.to_path_buf(),
            reason: format!(
                "its signature does not hold: {}",
                found.map_or_else(|| "none was found".to_owned(), |found| found.manifest)
            ),
        }),
    }
}

fn definition(said: &Provenance) -> serde_json::Value {
    let (name, version) = said.tool.rsplit_once(' ').unwrap_or((&said.tool, ""));
    let mut parameters = json!({ "model": said.system, "prompt": said.prompt });
    if let Ok(settings) = serde_json::from_str::<serde_json::Value>(&said.settings) {
        parameters["settings"] = settings;
    }
    json!({
        "claim_generator_info": [{ "name": name, "version": version }],
        "assertions": [{
            "label": "c2pa.actions.v2",
            "data": { "actions": [{
                "action": "c2pa.created",
                "softwareAgent": { "name": name, "version": version },
                "digitalSourceType": said.source.uri(),
                "parameters": parameters,
            }] },
        }],
    })
}

fn signer() -> Result<BoxedSigner> {
    let named = |name| env::var_os(name).map(PathBuf::from);
    match (named(CERT), named(KEY)) {
        (None, None) => {
            let signer = EphemeralSigner::new("kinora.local").map_err(|error| Error::Identity {
                reason: error.to_string(),
            })?;
            Ok(Box::new(signer))
        }
        (Some(cert), Some(key)) => {
            let read = |path: &Path| fs::read(path).map_err(Error::io("read", path));
            let (chain, key) = (read(&cert)?, read(&key)?);
            ALGORITHMS
                .into_iter()
                .find_map(|kind| c2pa::create_signer::from_keys(&chain, &key, kind, None).ok())
                .ok_or_else(|| Error::Identity {
                    reason: format!(
                        "{} and its key are no certificate chain and private key in PEM that belong together",
                        cert.display()
                    ),
                })
        }
        _ => Err(Error::Identity {
            reason: format!("one of {CERT} and {KEY} is set without the other"),
        }),
    }
}

/// Removed on drop, where it still stands.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
