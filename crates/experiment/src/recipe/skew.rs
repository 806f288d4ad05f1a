//! `[skew]`: tilts training and validation rows on purpose.

use serde::{Deserialize, Serialize};

/// `[skew]`: tilts training (and validation) rows to a wanted unfairness degree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkewSection {
    /// The attribute; default: the first of `data.attributes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The group that high labels shall tilt towards.
    pub privileged: String,
    /// The group that they shall tilt away from.
    pub unprivileged: String,
    /// Unfairness degree of Eq. 23; 1 is even.
    pub alpha: f64,
    /// Labels at or above it are high.
    #[serde(default = "half")]
    pub threshold: f64,
}

fn half() -> f64 {
    0.5
}

impl SkewSection {
    pub(super) fn check(&self) -> Result<(), String> {
        if !(self.alpha >= 1.0 && self.alpha.is_finite()) {
            return Err(format!("[skew] alpha = {}: it must be at least 1 (1 is even)", self.alpha));
        }
        Ok(())
    }
}
