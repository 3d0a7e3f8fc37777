//! To come.
use super::{VideoWriter, WriterOptions, Written};
use crate::{Error, Frame, Result};
use std::path::Path;
pub(super) struct Mp4Writer {}
impl Mp4Writer {
    pub fn create(path: &Path, _options: WriterOptions) -> Result<Self> {
        Err(Error::Unwritable {
            path: path.to_path_buf(),
            reason: "not written yet".into(),
        })
    }
}
impl VideoWriter for Mp4Writer {
    fn push(&mut self, _frame: &Frame) -> Result<()> {
        Ok(())
    }
    fn finish(self: Box<Self>) -> Result<Written> {
        Err(Error::EmptySheet)
    }
}
