//! The steps of a run, from rows to numbers: load, sample, balance, synthesise, fit, repair, measure, list, explain. No step knows the grid that it
//! is taken in.

pub(crate) mod balance;
pub(crate) mod collapse;
pub(crate) mod curves;
#[cfg(test)]
pub(crate) mod example;
pub(crate) mod explain;
pub(crate) mod fit;
pub(crate) mod fits;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod measure;
pub(crate) mod repair;
pub(crate) mod sample;
pub(crate) mod synthesise;

use crate::recipe::{MethodSection, Recipe};

/// What the steps of one run read of its recipe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunPlan<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) method: &'a MethodSection,
    /// The attribute that gates and objective act on.
    pub(crate) attribute: &'a str,
    pub(crate) seed: u64,
    pub(crate) fold: Option<usize>,
    /// The first run of a method carries the plots.
    pub(crate) first: bool,
}
