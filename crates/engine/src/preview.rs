//! A look at a clip while it is denoised: one frame of what it is expected to become, decoded by networks of its own, so
//! that what is drawn stays the same bit for bit.

use std::time::{Duration, Instant};

use kinora_media::Frame;

use crate::Result;
use crate::family::{Denoising, Networks};
use crate::noise::SeededNoise;
use crate::plan::Plan;
use crate::progress::{Event, Progress};

/// How much longer than a preview takes the work goes on before the next: they take 5 % of the time at most.
const PAUSE: u32 = 20;
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

/// Sends previews now and then, if somebody wants them.
pub(crate) struct Previews<'a> {
    plan: &'a Plan,
    progress: &'a Progress,
    networks: Option<Box<dyn Networks>>,
    due: Option<Instant>,
}

impl<'a> Previews<'a> {
    pub fn new(plan: &'a Plan, progress: &'a Progress) -> Self {
        let due = progress.wants_previews().then(Instant::now);
        Self {
            plan,
            progress,
            networks: None,
            due,
        }
    }

    /// After a step. What cannot be shown is no reason to stop: then there are no more.
    pub fn look(&mut self, clip: &dyn Denoising) {
        let begun = Instant::now();
        if self.due.is_none_or(|due| begun < due) {
            return;
        }
        self.due = match self.frame(clip) {
            Ok(Some(frame)) => {
                self.progress.send(Event::Preview(frame));
                let pause = (begun.elapsed() * PAUSE).max(SHORTEST_PAUSE);
                Some(Instant::now() + pause)
            }
            Ok(None) => Some(begun),
            Err(_) => None,
        };
    }

    /// The frame in the middle, its latent frame decoded alone.
    fn frame(&mut self, clip: &dyn Denoising) -> Result<Option<Frame>> {
        let Some(latents) = clip.estimate()? else {
            return Ok(None);
        };
        let middle = latents.narrow(2, latents.dim(2)? / 2, 1)?;
        if self.networks.is_none() {
            self.networks = Some(self.plan.model.family.open(self.plan)?);
        }
        let networks = self.networks.as_mut().expect("it was just opened");
        let mut shown = None;
        networks.decode(&middle, &mut SeededNoise::new(0), &mut |frames| {
            shown = frames.into_iter().last();
            Ok(())
        })?;
        Ok(shown)
    }
}
