//! `scheduler/scheduler_config.json`.

use serde::Deserialize;

use crate::error::Result;
use crate::source::{ComponentConfig, ModelSource};

/// Config of `FlowMatchEulerDiscreteScheduler`; defaults are the reference's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    /// Timestep of pure noise.
    pub num_train_timesteps: usize,
    /// Moves the steps towards the noise where it is over 1. Unused with dynamic shifting.
    pub shift: f64,
    /// Whether the shift follows from the number of tokens ([`super::calculate_shift`]).
    pub use_dynamic_shifting: bool,
    /// Shift exponent at `base_image_seq_len` tokens.
    pub base_shift: Option<f64>,
    /// Shift exponent at `max_image_seq_len` tokens.
    pub max_shift: Option<f64>,
    /// Tokens at which `base_shift` holds.
    pub base_image_seq_len: usize,
    /// Tokens at which `max_shift` holds.
    pub max_image_seq_len: usize,
    /// Runs from 0 to 1 instead.
    pub invert_sigmas: bool,
    /// Stretches the schedule so that its last step starts here. 0 counts as none.
    pub shift_terminal: Option<f64>,
    /// Spaces the sigmas as Karras et al. do.
    pub use_karras_sigmas: bool,
    /// Spaces the sigmas evenly in their logarithm.
    pub use_exponential_sigmas: bool,
    /// Not supported.
    pub use_beta_sigmas: bool,
    /// `exponential` or `linear`.
    pub time_shift_type: String,
    /// Not supported.
    pub stochastic_sampling: bool,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            num_train_timesteps: 1000,
            shift: 1.0,
            use_dynamic_shifting: false,
            base_shift: Some(0.5),
            max_shift: Some(1.15),
            base_image_seq_len: 256,
            max_image_seq_len: 4096,
            invert_sigmas: false,
            shift_terminal: None,
            use_karras_sigmas: false,
            use_exponential_sigmas: false,
            use_beta_sigmas: false,
            time_shift_type: "exponential".into(),
            stochastic_sampling: false,
        }
    }
}

impl SchedulerConfig {
    /// Reads `scheduler/` of a model.
    pub fn load(source: &ModelSource) -> Result<Self> {
        source.config("scheduler")
    }
}

impl ComponentConfig for SchedulerConfig {
    const CLASSES: &'static [&'static str] = &["FlowMatchEulerDiscreteScheduler"];
    const FILE: &'static str = "scheduler_config.json";

    fn validate(&self) -> std::result::Result<(), String> {
        if self.use_beta_sigmas {
            return Err("`use_beta_sigmas` is not supported".into());
        }
        if self.stochastic_sampling {
            return Err("`stochastic_sampling` is not supported".into());
        }
        if self.use_karras_sigmas && self.use_exponential_sigmas {
            let what = "`use_karras_sigmas` and `use_exponential_sigmas` exclude each other";
            return Err(what.into());
        }
        if !matches!(self.time_shift_type.as_str(), "exponential" | "linear") {
            return Err(format!(
                "`time_shift_type` \"{}\" is not supported",
                self.time_shift_type
            ));
        }
        if !(1..=1 << 24).contains(&self.num_train_timesteps) {
            return Err("`num_train_timesteps` is out of range".into());
        }
        if !(self.shift.is_finite() && self.shift > 0.0) {
            return Err("`shift` must be more than 0".into());
        }
        if self
            .shift_terminal
            .is_some_and(|t| !(0.0..1.0).contains(&t))
        {
            return Err("`shift_terminal` must lie in 0 … 1".into());
        }
        Ok(())
    }
}
