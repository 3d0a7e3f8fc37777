//! The MP4 container, written and read by our own code.
//!
//! Written, because a track's clock must tick in the frame rate (24000/1001 is not a whole number of 1/90000 s),
//! because the colour must stand in the container too, and because the movie box must come first. Read, because
//! the tables come from strangers: every count is held against the bytes that are there.

mod boxes;
mod demux;
mod fragments;
mod mux;
mod tables;

pub(crate) use demux::{Movie, VideoTrack};
pub(crate) use mux::{Muxer, TrackSettings};
pub(crate) use tables::Sample;
