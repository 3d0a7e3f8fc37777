//! The visible mark, where a plan asks for it. Clips are kept without one, so that a better plan shows them clean; a
//! marked copy is made when it is first asked for, and kept beside the clip.

use std::path::PathBuf;

use kinora_media::{Export, export};

use crate::guard::Viewer;
use crate::wire::Clip;
use crate::{App, Error, Result};

/// Whether what this viewer gets carries the mark.
pub fn due(app: &App, viewer: &Viewer) -> bool {
    viewer.plan(app).is_some_and(|(_, plan)| plan.watermark)
}

/// The clip's media file as the viewer may have it.
pub async fn shown(app: &App, viewer: &Viewer, clip: &Clip) -> Result<PathBuf> {
    let folder = app.store.files.clip(&clip.id);
    let own = folder.join(&clip.file);
    if clip.kind == "upload" || !due(app, viewer) {
        return Ok(own);
    }
    let marked = folder.join(format!("marked-{}", clip.file));
    if !marked.exists() {
        let _turn = app
            .heavy
            .clone()
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        let to = marked.clone();
        let how = Export {
            watermark: true,
            ..Export::default()
        };
        tokio::task::spawn_blocking(move || export(own, to, &how)).await??;
    }
    Ok(marked)
}
