//! Distances among the rows whose label lies above a threshold v, averaged over v: the parts of SPEO.

mod levels;
mod tables;
mod walk;

pub(crate) use levels::Levels;
pub(crate) use tables::Tables;
pub(crate) use walk::walk;
