//! The rules, one a file.

mod illinois_aivia;
mod nyc_ll144;
mod ugesp;

use super::Preset;

/// All rules.
pub const LAWS: &[&Preset] = &[&nyc_ll144::PRESET, &ugesp::PRESET, &illinois_aivia::PRESET];
