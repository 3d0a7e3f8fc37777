//! The motion between two frames, and the frames in between.

use crate::Frame;

/// What lies between two frames of one size.
pub(super) struct Between {}

impl Between {
    /// Finds the motion from `a` to `b`.
    pub fn find(_a: &Frame, _b: &Frame) -> Self {
        Self {}
    }

    /// The frame that lies `part` (0…1) of the way from `a` to `b`.
    pub fn draw(&self, a: &Frame, b: &Frame, part: f32) -> Frame {
        super::blend(a, b, part)
    }
}
