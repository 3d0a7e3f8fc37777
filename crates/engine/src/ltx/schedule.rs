//! When each step happens: plain numbers, made once.

use kinora_models::ModelSource;
use kinora_models::schedule::{
    SchedulerConfig, Start, calculate_shift, flow_match, linear_quadratic, next_sigma,
    uniform_sigmas,
};

use crate::Result;

/// A model's scheduler.
#[derive(Debug, Clone)]
pub struct Scheduler(pub SchedulerConfig);

/// The times of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// One for each step, 0–1000, as the transformer is told.
    pub timesteps: Vec<f32>,
    /// The noise level before each step and after the last.
    pub sigmas: Vec<f32>,
    /// The levels that a token may come down to.
    all_sigmas: Vec<f32>,
    train_timesteps: usize,
}

impl Scheduler {
    pub fn load(source: &ModelSource) -> Result<Self> {
        Ok(Self(SchedulerConfig::load(source)?))
    }

    /// With a fixed shift in place of its own, if one is given.
    pub fn shifted_by(&self, shift: Option<f64>) -> Self {
        match shift {
            None => self.clone(),
            Some(shift) => Self(SchedulerConfig {
                shift,
                use_dynamic_shifting: false,
                ..self.0.clone()
            }),
        }
    }
}

impl Schedule {
    /// `LTXPipeline`: even steps, shifted; by the number of tokens, if the scheduler says so.
    pub fn even(scheduler: &Scheduler, steps: usize, tokens: usize) -> Result<Self> {
        let config = &scheduler.0;
        let mu = calculate_shift(tokens, config);
        Self::new(scheduler, Start::Sigmas(&uniform_sigmas(steps)), Some(mu))
    }

    /// `LTXConditionPipeline`: half of the steps for the first fortieth of the way.
    pub fn linear_quadratic(scheduler: &Scheduler, steps: usize) -> Result<Self> {
        let times: Vec<f64> = linear_quadratic(steps)
            .into_iter()
            .map(|sigma| f64::from(sigma * 1000.0))
            .collect();
        Self::new(scheduler, Start::Timesteps(&times), None)
    }

    fn new(scheduler: &Scheduler, start: Start, mu: Option<f64>) -> Result<Self> {
        let made = flow_match(&scheduler.0, start, mu)?;
        Ok(Self {
            timesteps: made.timesteps,
            all_sigmas: made.sigmas.clone(),
            sigmas: made.sigmas,
            train_timesteps: scheduler.0.num_train_timesteps,
        })
    }

    /// Leaves out the first steps, so that the part `strength` of them stays, and gives the noise level at which the
    /// rest begins.
    pub fn skip_to(&mut self, strength: f64) -> f64 {
        let all = self.timesteps.len();
        let kept = ((all as f64 * strength) as usize).min(all);
        self.timesteps.drain(..all - kept);
        self.sigmas.drain(..all - kept);
        f64::from(self.sigmas[0])
    }

    /// The noise level at which the part `strength` of the steps begins; 0 where that is none.
    pub fn level_of(&self, strength: f64) -> f64 {
        let all = self.timesteps.len();
        let kept = ((all as f64 * strength).round() as usize).min(all);
        f64::from(self.sigmas[all - kept])
    }

    /// Leaves out the steps at whose times nothing noisier than `level` is yet to move.
    pub fn skip_above(&mut self, level: f32) {
        let rests = |t: &f32| t / self.train_timesteps as f32 - 1e-6 >= level;
        let skipped = self.timesteps.iter().take_while(|t| rests(t)).count();
        self.timesteps.drain(..skipped);
        self.sigmas.drain(..skipped);
    }

    /// How far a token at `timestep` moves: to the next lower of the run's levels.
    pub fn down_from(&self, timestep: f32) -> f32 {
        let sigma = timestep / self.train_timesteps as f32;
        sigma - next_sigma(&self.all_sigmas, sigma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strength_keeps_the_last_steps() {
        let scheduler = Scheduler(SchedulerConfig::default());
        let all = Schedule::linear_quadratic(&scheduler, 10).unwrap();
        let mut part = all.clone();
        let sigma = part.skip_to(0.45);
        assert_eq!(part.timesteps, all.timesteps[6..]);
        assert_eq!(part.sigmas, all.sigmas[6..]);
        assert_eq!(sigma, f64::from(all.sigmas[6]));
        let mut none = all.clone();
        assert_eq!(none.skip_to(0.0), 0.0);
        assert!(none.timesteps.is_empty());
    }

    #[test]
    fn a_given_shift_moves_even_steps_towards_the_noise() {
        let scheduler = Scheduler(SchedulerConfig::default()).shifted_by(Some(3.0));
        let schedule = Schedule::even(&scheduler, 2, 100).unwrap();
        assert_eq!(schedule.sigmas, [1.0, 0.75, 0.0]);
    }

    #[test]
    fn steps_begin_where_something_moves() {
        let scheduler = Scheduler(SchedulerConfig::default());
        let all = Schedule::even(&scheduler, 4, 100).unwrap();
        for (strength, level, steps) in
            [(1.0, 1.0, 4), (0.5, 0.5, 2), (0.3, 0.25, 1), (0.0, 0.0, 0)]
        {
            assert_eq!(all.level_of(strength), level);
            let mut part = all.clone();
            part.skip_above(level as f32);
            assert_eq!(part.timesteps.len(), steps, "{strength}");
        }
    }

    #[test]
    fn a_token_comes_down_to_the_next_level() {
        let scheduler = Scheduler(SchedulerConfig::default());
        let schedule = Schedule::even(&scheduler, 4, 100).unwrap();
        assert_eq!(schedule.sigmas, [1.0, 0.75, 0.5, 0.25, 0.0]);
        assert_eq!(schedule.down_from(1000.0), 0.25);
        assert!((schedule.down_from(300.0) - 0.05).abs() < 1e-6);
        assert_eq!(schedule.down_from(0.0), 0.0);
    }
}
