//! Clips with what they should show, for the classifier of `training/` to name (stage `cards`).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::RgbImage;
use kinora_world::record::SceneRecord;
use serde_json::{Value, json};

use super::frames::moments;

/// Moments of a clip, as many as the classifier looks at.
const MOMENTS: usize = 6;

pub struct Named {
    folder: PathBuf,
    clips: Vec<Value>,
}

impl Named {
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            clips: Vec::new(),
        })
    }

    /// Frames that should show what `record` says; `what` is the row of the table that they count in.
    pub fn add(&mut self, what: &str, record: &SceneRecord, frames: &[RgbImage]) -> Result<()> {
        let mut files = Vec::new();
        for (i, frame) in moments(frames, MOMENTS).iter().enumerate() {
            let name = format!("{:04}-{i}.png", self.clips.len());
            frame.save(self.folder.join(&name))?;
            files.push(name);
        }
        let labels = record.labels();
        self.clips.push(json!({
            "what": what, "frames": files,
            "actor": labels.actor, "place": labels.place, "action": labels.action, "style": labels.style,
        }));
        Ok(())
    }

    /// Writes the list of them.
    pub fn save(&self) -> Result<()> {
        let path = self.folder.join("clips.json");
        std::fs::write(&path, serde_json::to_vec_pretty(&self.clips)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}
